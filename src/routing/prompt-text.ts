import { isObject } from '../is-object.ts';

/**
 * The text of a conversation that is scored: the last user message that has text, its text parts
 * joined. Images, tool output and `<think>` blocks are left out, so that a tool turn is judged by
 * what the user asked (RouteLLM scores `messages[-1]`, whatever its role).
 *
 * Without a user text the last system or developer text is taken; null when there is none.
 */
export function promptText(messages: readonly unknown[]): string | null {
  return lastText(messages, ['user']) ?? lastText(messages, ['system', 'developer']);
}

function lastText(messages: readonly unknown[], roles: readonly string[]): string | null {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (!isObject(message) || !roles.includes(String(message['role']))) continue;
    const text = contentText(message['content']);
    if (text !== '') return text;
  }
  return null;
}

/** A string, or a list of content parts, as plain text; '' for anything else. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return withoutThinking(content);
  if (!Array.isArray(content)) return '';
  const texts: string[] = [];
  for (const part of content as unknown[]) {
    if (isObject(part) && typeof part['text'] === 'string') texts.push(part['text']);
    else if (typeof part === 'string') texts.push(part);
  }
  return withoutThinking(texts.join('\n'));
}

function withoutThinking(text: string): string {
  if (!text.includes('<think>')) return text.trim();
  return text.replace(/<think>[\s\S]*?(?:<\/think>|$)/g, '').trim();
}
