import { BadRequestError } from '../errors.ts';

/**
 * A JSON object as text and as value. The text is what is forwarded: parsing and writing it again
 * would change numbers such as 12345678901234567890 and 1e400.
 */
export interface JsonObjectText {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the values of the top-level members stand in `text`, in order; a key may come twice. */
  readonly members: readonly Member[];
}

export interface Member {
  readonly key: string;
  /** Index of the key's opening quote. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** @throws BadRequestError for text that is no JSON object or is nested deeper than `maxDepth`. */
export function parseJsonObject(text: string, maxDepth: number): JsonObjectText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadRequestError(
      text.trim() === ''
        ? 'The body is empty; send a JSON object.'
        : `The body is not valid JSON: ${withoutQuote((error as Error).message)}`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequestError('The body must be a JSON object.');
  }
  return { text, value: value as Record<string, unknown>, members: findMembers(text, maxDepth) };
}

/** V8 quotes the text around a mistake, which may be a key. */
function withoutQuote(message: string): string {
  return message.replace(/,? ?(?:\.\.\.)?"[^]*$/, '');
}

/** The text with some top-level values replaced by other JSON; absent keys are added at the end. */
export function withMembers(
  body: JsonObjectText,
  changes: Readonly<Record<string, string>>,
): string {
  let out = '';
  let at = 0;
  const seen = new Set<string>();
  for (const { key, valueStart, valueEnd } of body.members) {
    const json = Object.hasOwn(changes, key) ? changes[key] : undefined;
    if (json === undefined) continue;
    seen.add(key);
    out += body.text.slice(at, valueStart) + json;
    at = valueEnd;
  }
  const missing = Object.entries(changes).filter(([key]) => !seen.has(key));
  if (missing.length === 0) return out + body.text.slice(at);
  const close = body.text.lastIndexOf('}');
  const added = missing.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',');
  const comma = body.members.length === 0 ? '' : ',';
  return `${out}${body.text.slice(at, close)}${comma}${added}${body.text.slice(close)}`;
}

/** The object without some top-level members; what stays keeps its bytes. */
export function withoutMembers(body: JsonObjectText, keys: ReadonlySet<string>): JsonObjectText {
  if (!body.members.some(({ key }) => keys.has(key))) return body;
  let text = '{';
  const members: Member[] = [];
  for (const { key, start, valueStart, valueEnd } of body.members) {
    if (keys.has(key)) continue;
    if (members.length > 0) text += ',';
    const shift = text.length - start;
    members.push({
      key,
      start: start + shift,
      valueStart: valueStart + shift,
      valueEnd: valueEnd + shift,
    });
    text += body.text.slice(start, valueEnd);
  }
  return { text: `${text}}`, value: body.value, members };
}

/** Relies on `text` being valid JSON, which JSON.parse has made sure of. */
function findMembers(text: string, maxDepth: number): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let key: string | null = null; // of the member whose value is being passed
  let start = -1;
  let valueStart = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22 /* " */) {
      const end = stringEnd(text, i);
      if (depth === 1 && key === null) {
        key = JSON.parse(text.slice(i, end)) as string;
        start = i;
      }
      i = end - 1;
    } else if (char === 0x7b /* { */ || char === 0x5b /* [ */) {
      depth++;
      if (depth > maxDepth) {
        throw new BadRequestError(`The body is nested deeper than ${maxDepth} levels.`);
      }
    } else if (char === 0x7d /* } */ || char === 0x5d /* ] */) {
      depth--;
      if (depth === 0 && key !== null) members.push({ key, start, valueStart, valueEnd: i });
    } else if (depth === 1 && char === 0x3a /* : */ && key !== null) {
      valueStart = i + 1;
    } else if (depth === 1 && char === 0x2c /* , */ && key !== null) {
      members.push({ key, start, valueStart, valueEnd: i });
      key = null;
    }
  }
  return members;
}

/** Index after the closing quote of the string that opens at `start`. */
export function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}
