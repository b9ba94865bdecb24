export interface FilledLine {
  readonly text: string;
  /** From 1 on, blank lines counted. */
  readonly number: number;
}

/** Lines of a JSONL text; blank ones and a byte order mark are skipped. */
export function filledLines(text: string): FilledLine[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [{ text: line, number: i + 1 }]));
}
