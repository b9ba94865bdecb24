import { expect, test } from 'vitest';
import { EmbeddingError } from '../../../src/errors.ts';
import { cacheScores } from '../../../src/routing/score-cache.ts';
import { scriptedRouter } from '../../support/start-gateway.ts';

function counting() {
  const asked: string[] = [];
  const inner = scriptedRouter();
  const router = scriptedRouter({
    score: (text, signal) => {
      asked.push(text);
      return inner.score(text, signal);
    },
  });
  return { asked, router };
}

test('a text is scored once, long or short; another text again', async () => {
  const { asked, router } = counting();
  const cached = cacheScores(router);
  const long = `0.7 ${'x'.repeat(10_000)}`;
  for (const text of ['0.2', long, '0.2', long, `${long}!`]) await cached.score(text);
  expect(asked).toEqual(['0.2', long, `${long}!`]);
  expect(cached.peek?.(long)).toMatchObject({ winRate: 0.7 });
  expect(cached.peek?.('0.3')).toBeNull();
});

test('a failure is not kept, and the oldest goes first', async () => {
  const { asked, router } = counting();
  const cached = cacheScores(router, 2);
  await expect(cached.score('embedding fails')).rejects.toThrow(EmbeddingError);
  expect(cached.peek?.('embedding fails')).toBeNull();
  for (const text of ['0.1', '0.2', '0.3', '0.1']) await cached.score(text);
  expect(asked.filter((text) => text === '0.1')).toHaveLength(2);
});
