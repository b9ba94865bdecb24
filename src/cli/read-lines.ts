/** One line of a text stream, without its end. */
export interface Line {
  /** From 1 on, blank lines counted. */
  readonly number: number;
  /** Null for a line over the limit; its text was not kept. */
  readonly text: string | null;
}

/**
 * Lines of UTF-8 text, one at a time: LF or CRLF, with or without BOM and last line end. Not
 * node:readline, which also cuts at U+2028, a character that JSON strings may hold.
 */
export async function* readLines(
  bytes: AsyncIterable<Uint8Array | string>,
  maxChars = 10 * 1024 * 1024,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let number = 0;
  let rest = '';
  let isTooLong = false;

  const keep = (piece: string) => {
    isTooLong ||= rest.length + piece.length > maxChars;
    rest = isTooLong ? '' : rest + piece;
  };
  const finish = (): Line => {
    number += 1;
    if (number === 1) rest = rest.replace(/^\uFEFF/, '');
    const line = { number, text: isTooLong ? null : rest.replace(/\r$/, '') };
    rest = '';
    isTooLong = false;
    return line;
  };

  for await (const chunk of bytes) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end));
      yield finish();
      start = end + 1;
    }
    keep(text.slice(start));
  }
  keep(decoder.decode());
  if (rest !== '' || isTooLong) yield finish();
}
