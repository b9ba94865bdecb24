import { isObject } from '../is-object.ts';

/** A shorter text ("commit it", "and in Rust?") says little by itself. */
const shortChars = 60;

/** As much of what the user said before stands in front of a short text. */
const contextChars = 500;

/**
 * The text of a conversation that is scored: the last user message that has text, its text parts
 * joined. In front of one that is shorter than 60 characters stand the user's texts before it,
 * newest first up to 500 characters in all, in their order. Images, tool output, `<think>` blocks
 * and what coding agents add are left out, so that a tool turn is judged by what the user asked
 * (RouteLLM scores `messages[-1]`, whatever its role).
 *
 * Without a user text the last system or developer text is taken; null when there is none.
 */
export function promptText(messages: readonly unknown[]): string | null {
  const users = textsFromLast(messages, ['user']);
  const last = users.next();
  if (last.done === true) {
    return textsFromLast(messages, ['system', 'developer']).next().value ?? null;
  }
  if (last.value.length >= shortChars) return last.value;
  const parts = [last.value];
  let room = contextChars;
  for (const text of users) {
    // The beginning of a long text says best what it asks for.
    parts.unshift(text.slice(0, room));
    room -= text.length;
    if (room <= 0) break;
  }
  return parts.join('\n\n');
}

/** The texts of these roles, the last one first, without empty ones. */
function* textsFromLast(
  messages: readonly unknown[],
  roles: readonly string[],
): Generator<string, undefined> {
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (!isObject(message) || !roles.includes(String(message['role']))) continue;
    const text = contentText(message['content']);
    if (text !== '') yield text;
  }
}

/**
 * A string, or a list of content parts, as plain text: what somebody said, without thoughts and
 * what coding agents add. '' for anything else.
 */
export function contentText(content: unknown): string {
  let text = rawText(content);
  for (const [open, close] of unsaidBlocks) text = withoutBlocks(text, open, close);
  return text.trim();
}

/** With all that nobody said. */
export function rawText(content: unknown): string {
  if (typeof content === 'string') return content.trim();
  if (!Array.isArray(content)) return '';
  const texts: string[] = [];
  for (const part of content as unknown[]) {
    if (isObject(part) && typeof part['text'] === 'string') texts.push(part['text']);
    else if (typeof part === 'string') texts.push(part);
  }
  return texts.join('\n').trim();
}

/**
 * Thoughts, and what coding agents put into the user's messages: Cline's open files, Codex's folder
 * and notices, the notes of others, the project's AGENTS.md.
 */
const unsaidBlocks = [
  ['<think>', '</think>'],
  ['<environment_details>', '</environment_details>'],
  ['<environment_context>', '</environment_context>'],
  ['<turn_aborted>', '</turn_aborted>'],
  ['<subagent_notification>', '</subagent_notification>'],
  ['<system-reminder>', '</system-reminder>'],
  ['# AGENTS.md instructions for ', '</INSTRUCTIONS>'],
] as const;

/** A mark that nothing closes is one that somebody speaks of, and what follows is text. */
function withoutBlocks(text: string, open: string, close: string): string {
  let said = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start);
    if (end < 0) return said + text.slice(at);
    said += text.slice(at, start);
    at = end + close.length;
  }
}
