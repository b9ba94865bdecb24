import { expect, test, vi } from 'vitest';
import { scorePatiently } from '../../../src/cli/score-patiently.ts';
import { EmbeddingError } from '../../../src/errors.ts';
import { StatusError } from '../../../src/routing/status-error.ts';

const failure = (status: number) =>
  new EmbeddingError(`rating failed: status ${status}`, new StatusError(status));

function failing(times: number, status: number) {
  const score = vi.fn(() => Promise.resolve(0.5));
  for (let i = 0; i < times; i++) score.mockRejectedValueOnce(failure(status));
  return score;
}

test.each([429, 500, 503])('status %d is asked again', async (status) => {
  const score = failing(3, status);
  expect(await scorePatiently(score, [0, 0, 0])).toBe(0.5);
  expect(score).toHaveBeenCalledTimes(4);
});

test('it gives up in the end, and at once where asking again is no use', async () => {
  await expect(scorePatiently(failing(4, 503), [0, 0, 0])).rejects.toThrow('status 503');
  const refused = failing(1, 401);
  await expect(scorePatiently(refused, [0, 0, 0])).rejects.toThrow('status 401');
  expect(refused).toHaveBeenCalledTimes(1);
});
