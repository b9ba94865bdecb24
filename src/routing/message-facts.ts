import { isObject } from '../is-object.ts';
import { contentText, rawText } from './prompt-text.ts';

/** What the messages of a chat say beside their text. */
export interface MessageFacts {
  readonly images: number;
  /** Characters of pictures, sound and files that stand in the request itself. */
  readonly inlineChars: number;
  /** Messages of user and assistant. */
  readonly turns: number;
  /** The last message is what a tool said. */
  readonly isToolTurn: boolean;
}

const imageTypes: ReadonlySet<unknown> = new Set([
  ...['image_url', 'input_image', 'computer_screenshot'],
]);

/** One pass over the messages; looks at no text. */
export function messageFacts(messages: readonly unknown[]): MessageFacts {
  let [images, inlineChars, turns] = [0, 0, 0];
  for (const message of messages) {
    if (!isObject(message)) continue;
    if (message['role'] === 'user' || message['role'] === 'assistant') turns++;
    if (!Array.isArray(message['content'])) continue;
    for (const part of message['content'] as unknown[]) {
      if (!isObject(part)) continue;
      if (imageTypes.has(part['type'])) images++;
      inlineChars += inlineLength(part);
    }
  }
  return { images, inlineChars, turns, isToolTurn: isToolRole(messages.at(-1)) };
}

/** What begins a conversation: the first system (or developer) text and the first user text. */
export function openingOf(messages: readonly unknown[]): [system: string, user: string] | null {
  const user = textOfFirst(messages, ['user']);
  return user === null ? null : [textOfFirst(messages, ['system', 'developer']) ?? '', user];
}

/**
 * All that the messages say, whoever wrote it: texts, thoughts, refusals, tool calls. A message's
 * text parts also stand as one text, with its thoughts and without.
 */
export function textsOf(messages: readonly unknown[]): string[] {
  const contents = messages.flatMap((message) =>
    isObject(message) ? [rawText(message['content']), contentText(message['content'])] : [],
  );
  return [...new Set([...contents, ...stringsIn(messages)])];
}

/** Every string at any depth, but the format's own words, pictures and sound. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return isInline(value) ? [] : [value.trim()];
  if (Array.isArray(value)) return (value as unknown[]).flatMap(stringsIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    unread.has(key) || isFormatWord(key, item) ? [] : stringsIn(item),
  );
}

/** Sound, and thoughts that only their provider can read. */
const unread: ReadonlySet<string> = new Set(['input_audio', 'encrypted_content']);

const formatWords: Readonly<Record<string, ReadonlySet<unknown>>> = {
  role: new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  type: new Set([
    ...['text', 'refusal', 'image_url', 'input_audio', 'file', 'function', 'custom'],
    ...['message', 'input_text', 'input_image', 'input_file', 'output_text', 'summary_text'],
    ...['reasoning', 'reasoning_text', 'function_call', 'function_call_output'],
  ]),
};

function isFormatWord(key: string, value: unknown): boolean {
  return Object.hasOwn(formatWords, key) && formatWords[key]?.has(value) === true;
}

function isInline(text: string): boolean {
  return /^data:[^,]{0,200};base64,/.test(text);
}

function textOfFirst(messages: readonly unknown[], roles: readonly string[]): string | null {
  const first = messages.find(
    (message) => isObject(message) && roles.includes(String(message['role'])),
  );
  return isObject(first) ? contentText(first['content']) : null;
}

function isToolRole(message: unknown): boolean {
  return isObject(message) && (message['role'] === 'tool' || message['role'] === 'function');
}

/** A data URL of a picture, the base64 of sound or of a file; 0 for a link. */
function inlineLength(part: Readonly<Record<string, unknown>>): number {
  const image = part['image_url'];
  const url = isObject(image) ? image['url'] : image;
  if (typeof url === 'string') return url.startsWith('data:') ? url.length : 0;
  const { input_audio: audio, file = part } = part; // of a response the part is the file
  const data = isObject(audio) ? audio['data'] : isObject(file) ? file['file_data'] : null;
  return typeof data === 'string' ? data.length : 0;
}
