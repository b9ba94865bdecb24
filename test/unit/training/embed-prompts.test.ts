import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { embedPrompts } from '../../../src/training/embed-prompts.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { fakeEmbedder } from '../../support/tiny-router.ts';

const texts = Array.from({ length: 150 }, (_, i) => `text ${i}`);

/** Fails from the `failing`th request on. */
function counted(failing = Infinity): { embedder: Embedder; asked: number[] } {
  const embedder = fakeEmbedder(8, 'fake');
  const asked: number[] = [];
  return {
    asked,
    embedder: {
      ...embedder,
      embed: (some) => {
        if (asked.length + 1 >= failing) return Promise.reject(new Error('status 503'));
        asked.push(some.length);
        return embedder.embed(some);
      },
    },
  };
}

const fileIn = (folder: string) => join(folder, readdirSync(folder)[0]!);

test('what was embedded before a failure is not asked again, and the file is the same', async () => {
  const [folder, atOnce] = [tempFolder(), tempFolder()];
  const whole = await embedPrompts(counted().embedder, texts, atOnce);
  await expect(embedPrompts(counted(3).embedder, texts, folder)).rejects.toThrow('status 503');
  const later = counted();
  const told: number[] = [];
  expect(await embedPrompts(later.embedder, texts, folder, (n) => told.push(n))).toEqual(whole);
  expect(later.asked).toEqual([22]);
  expect(told).toEqual([128, 150]);
  expect(readFileSync(fileIn(folder))).toEqual(readFileSync(fileIn(atOnce)));
  expect(await embedPrompts(counted(1).embedder, texts, folder)).toEqual(whole);
});

test('a file that ends in the middle of a row goes on after its whole blocks', async () => {
  const folder = tempFolder();
  const whole = await embedPrompts(counted().embedder, texts, folder);
  const bytes = readFileSync(fileIn(folder));
  truncateSync(fileIn(folder), 100 * 10 * 4 + 7);
  const later = counted();
  expect(await embedPrompts(later.embedder, texts, folder)).toEqual(whole);
  expect(later.asked).toEqual([64, 22]);
  expect(readFileSync(fileIn(folder))).toEqual(bytes);
});

test('a gap that a killed run has left is filled', async () => {
  const folder = tempFolder();
  const whole = await embedPrompts(counted().embedder, texts, folder);
  const bytes = readFileSync(fileIn(folder));
  writeFileSync(
    fileIn(folder),
    bytes.map((byte, i) => (i >= 64 * 40 && i < 128 * 40 ? 0 : byte)),
  );
  const later = counted();
  expect(await embedPrompts(later.embedder, texts, folder)).toEqual(whole);
  expect(later.asked).toEqual([64, 22]);
  expect(readFileSync(fileIn(folder))).toEqual(bytes);
});
