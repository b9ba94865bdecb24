import { expect, test } from 'vitest';
import type { CalibrationRow } from '../../../src/calibration/calibration-row.ts';
import { readLoggedPair } from '../../../src/cli/logged-pair.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { simulateLog } from '../../support/simulated-log.ts';
import { writeOutcomes } from '../../support/write-outcomes.ts';

const rated = simulateLog(
  { requests: 600, threshold: 0.5, exploration: 0.2, rating: () => 0.5, comparison: 0.1 },
  seededRandom(3),
);

/** As a server with a cascade logs it: below the threshold weak is asked first, unless chance says strong. */
const isCascaded = ({ score, tier }: CalibrationRow) => score < 0.5 && tier === 'weak';

const read = (rows: readonly CalibrationRow[], isCascade = false) => {
  const file = writeOutcomes(rows, (row, i) => ({
    embedding: Float32Array.of(Math.cos(i), Math.sin(i)),
    ...(isCascade && isCascaded(row) && { propensity: null, confidence: -0.2 }),
  }));
  const { outcomes } = readLoggedPair(file, 'mf');
  const known = outcomes.filter(({ rating }) => rating?.propensity != null).length;
  const compared = outcomes.filter(({ strongWin }) => strongWin !== null).length;
  return { outcomes: outcomes.length, known, compared };
};

test('ratings come with the propensities of their tiers', () => {
  const ratings = rated.filter(({ explicit }) => explicit !== null).length;
  const compared = rated.filter(({ strongWin }) => strongWin !== null).length;
  expect(read(rated)).toMatchObject({ known: ratings, compared });
});

test('without them where a cascade had a say, which follows from no chance; all are still counted', () => {
  expect(read(rated, true)).toEqual({ ...read(rated), known: 0 });
});
