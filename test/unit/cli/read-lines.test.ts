import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines, type Line } from '../../../src/cli/read-lines.ts';

test('a line over the limit has no text, wherever its chunks are cut; the next one has', async () => {
  const text = `${'x'.repeat(11)}\n${'y'.repeat(10)}\r\n\n${'z'.repeat(12)}`;
  for (const size of [1, 7, 100]) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    const lines: Line[] = [];
    for await (const line of readLines(Readable.from(chunks), 11)) lines.push(line);
    expect(lines).toEqual([
      { number: 1, text: 'x'.repeat(11), problem: null },
      { number: 2, text: 'y'.repeat(10), problem: null },
      { number: 3, text: '', problem: null },
      { number: 4, text: null, problem: 'is too long' },
    ]);
  }
});
