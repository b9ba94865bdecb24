import { expect, test } from 'vitest';
import type { CalibrationRow } from '../../../src/calibration/calibration-row.ts';
import { moveThreshold, presentStrongShare, readLoggedPair } from '../../../src/cli/logged-pair.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { headVersionOf, writeLocalHead } from '../../../src/routing/local-head.ts';
import { applyHead } from '../../../src/store/apply-head.ts';
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

test('the traffic is the newest of all versions together, whatever a head before it met', async () => {
  const head = { slope: 2, bias: 0, weights: Float32Array.of(0, 0) };
  const weights = writeLocalHead({ head, baseVersion: 'mf-v1', embedderId: 'tiny-1' });
  const headVersion = headVersionOf('mf-v1', weights);
  // Strong calls came first; of the newest 5,000 requests the base version has 1,000, of low scores.
  const [strong, ...row] = [0.9, 0.5, 0.2].map((score) => ({ ...rated[0]!, score }));
  const counts = [4000, 1000, 4000] as const;
  const rows = [strong!, ...row].flatMap((one, i) => Array<CalibrationRow>(counts[i]!).fill(one));
  const file = writeOutcomes(rows, (_, i) => ({
    embedding: Float32Array.of(1, 0),
    threshold: 0.4,
    routerVersion: i < 5000 ? 'mf-v1' : headVersion,
  }));
  await applyHead(
    file,
    { router: 'mf', baseVersion: 'mf-v1', headVersion, weights, reportJson: '{}' },
    {
      ...{ router: 'mf', routerVersion: headVersion, threshold: 0.4, strongShare: 0.5 },
      ...{ goal: 'strong_share', prompts: 1, scoreDeciles: [0] },
    },
    { waitMs: 0, pollMs: 0 },
  );
  const pair = readLoggedPair(file, 'mf');
  expect(pair.traffic).toHaveLength(5000);
  expect(presentStrongShare(pair)).toBe(0.2);
  expect(moveThreshold(pair, head)).toMatchObject({ prompts: 5000, strongShare: 0.2 });
});
