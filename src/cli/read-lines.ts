import { isUtf8 } from 'node:buffer';

/** One line of a text stream, without its end. */
export type Line = {
  /** From 1 on, blank lines counted. */
  readonly number: number;
} & (
  | { readonly text: string; readonly problem: null }
  /** Why the line has no text, as a clause for after "line 7: ". */
  | { readonly text: null; readonly problem: string }
);

const lineFeed = 10;

/**
 * Lines of UTF-8 text, one at a time: LF or CRLF, with or without BOM (files put together have one in
 * between) and last line end. Not node:readline, which also cuts at U+2028, a character that JSON strings
 * may hold.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array | string>,
  maxBytes = 10 * 1024 * 1024,
): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Buffer[] = [];
  let length = 0;

  const keep = (piece: Buffer) => {
    length += piece.length;
    if (length > maxBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const finish = (): Line => {
    number += 1;
    const bytes = Buffer.concat(pieces);
    const isTooLong = length > maxBytes;
    [pieces, length] = [[], 0];
    if (isTooLong) return { number, text: null, problem: 'is too long' };
    if (!isUtf8(bytes)) return { number, text: null, problem: 'is not UTF-8' };
    return { number, text: bytes.toString().replace(/^\uFEFF|\r$/g, ''), problem: null };
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      keep(bytes.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    keep(bytes.subarray(start));
  }
  if (length > 0) yield finish();
}
