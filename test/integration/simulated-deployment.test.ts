import { expect, test } from 'vitest';
import { runOverHttp } from '../../scripts/simulate/over-http.ts';
import type { KnownPrompt } from '../../scripts/simulate/population.ts';

/** Scores are the server's own here. */
const prompts = Array.from({ length: 60 }, (_, i): KnownPrompt => {
  const isHard = i % 2 === 0;
  return {
    ...{ id: String(i), source: 'made up', topic: 'made up', key: `k${i}`, isUnseen: true },
    prompt: isHard
      ? `Prove that the sum of the first ${i} odd numbers is ${i * i}, by induction.`
      : `hello number ${i}`,
    ...{ strong: 1, weak: isHard ? 0 : 1, score: isHard ? 0.6 : 0.1 },
    embedding: Float32Array.of(1),
  };
});

test('requests, late ratings, shadow comparisons and calibration meet in one running server', async () => {
  const run = await runOverHttp(prompts, {
    ...{ strong: 'llama-3.1-70b-instruct', weak: 'llama-3.1-8b-instruct' },
    ...{ requests: 240, every: 80, target: 0.8, seed: 1, onRequest: () => {} },
    flags: ['--within', '0.4', '--resamples', '200'],
    behaviour: {
      ...{ exploration: 0.3, noise: 0, compared: 1, delay: 5 },
      rated: { strong: 1, weak: 1 },
    },
  });
  expect(run.ratings).toBeGreaterThan(100);
  expect(run.comparisons).toBeGreaterThan(50);
  expect(run.calibrations.map(({ after }) => after)).toEqual([80, 160, 240]);
  // Whether the first one is refused is chance; with this many outcomes the last is not.
  const last = run.calibrations.at(-1)!;
  expect(last).toMatchObject({ isTakenUp: true, stillNeeded: null });
  expect(last.kept![0]).toBeGreaterThanOrEqual(0.8);
});
