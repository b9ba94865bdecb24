import { isObject } from '../is-object.ts';

/**
 * Nearly all chunks of a completion's stream differ from the one before in their word alone, so
 * that it says all that is new: parsing them again would cost a stream a sixth of its time.
 */
export interface WordChunks {
  /** The word of a chunk that is otherwise the last one noted; null for any other. */
  wordOf(data: string): string | null;
  /** Notes a chunk that was parsed. */
  note(data: string, chunk: Readonly<Record<string, unknown>>): void;
}

const key = /"content": ?"/g;
/** No quote ends it, no escape or control character has to be read: it stands for itself. */
// eslint-disable-next-line no-control-regex
const plain = /^[^"\\\u0000-\u001f]+$/;

export function createWordChunks(): WordChunks {
  /** What stands around the word; null before the first chunk. */
  let around: { readonly before: string; readonly after: string } | null = null;

  return {
    wordOf(data) {
      if (around === null) return null;
      const { before, after } = around;
      const end = data.length - after.length;
      if (end <= before.length || !data.startsWith(before) || !data.endsWith(after)) return null;
      const word = data.slice(before.length, end);
      return plain.test(word) ? word : null;
    },
    note(data, chunk) {
      around = null;
      const word = onlyWord(chunk);
      if (word === null || !plain.test(word)) return;
      // Within a string the quotes are escaped: what is found is a key, and the only one.
      const [found, another] = data.matchAll(key);
      if (found === undefined || another !== undefined) return;
      const start = found.index + found[0].length;
      if (!data.startsWith(`${word}"`, start)) return;
      around = { before: data.slice(0, start), after: data.slice(start + word.length) };
    },
  };
}

/** The content of the first choice, if nothing else is in its delta. */
function onlyWord({ choices }: Readonly<Record<string, unknown>>): string | null {
  if (!Array.isArray(choices) || choices.length !== 1) return null;
  const choice: unknown = choices[0];
  if (!isObject(choice) || !isObject(choice['delta'])) return null;
  if (choice['index'] !== 0 || choice['text'] !== undefined) return null;
  const { content, role, ...rest } = choice['delta'];
  const isAlone = Object.keys(rest).length === 0 && (role === undefined || role === 'assistant');
  return isAlone && typeof content === 'string' ? content : null;
}
