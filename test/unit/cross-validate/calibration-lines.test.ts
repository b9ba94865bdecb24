import { expect, it } from 'vitest';
import { calibrationLines } from '../../../scripts/cross-validate/calibration-lines.ts';
import { drawn } from '../../../scripts/cross-validate/compare-pairs.ts';
import type { EmbeddedRow } from '../../../scripts/cross-validate/train-on.ts';
import { reportedPairs } from '../../../src/training/dev-report.ts';

const [[strong, weak], [otherStrong, otherWeak]] = reportedPairs as [
  (typeof reportedPairs)[number],
  (typeof reportedPairs)[number],
];

/** Of 200 prompts strong wins every fourth; of 100 more, answered by another pair, every second. */
const rows = Array.from({ length: 300 }, (_, i): EmbeddedRow => {
  const isFirst = i < 200;
  const won = i % (isFirst ? 4 : 2) === 0 ? 1 : 0;
  const scores = isFirst ? { [strong]: won, [weak]: 0 } : { [otherStrong]: won, [otherWeak]: 0 };
  const row = {
    id: `${i}`,
    key: `q${i}`,
    source: 'exam',
    prompt: 'Why?',
    metric: 'accuracy',
    scores,
  };
  return { row, prompt: { text: 'Why?', embedding: {} as never } };
});

function scoresOf(...rates: number[]) {
  return reportedPairs.map((_, p) => ({
    gains: rows.map(() => 0),
    winRates: rows.map(() => rates[p] ?? 0.5),
  }));
}

it('says how far win rates are from how often strong won, by pair and together', () => {
  const lines = calibrationLines(drawn(rows), scoresOf(0.35, 0.5));
  const figures = (name: string) =>
    lines
      .find((line) => line.startsWith(name))
      ?.slice(52)
      .trim();
  expect(figures(`${strong} / ${weak}`)).toMatch(
    /^0\.100 \(0\.0[2-9]\d to 0\.1[3-9]\d\) {2}0\.0[23]\d {2}200$/,
  );
  expect(figures(`${otherStrong} / ${otherWeak}`)).toMatch(/^0\.000 .* {2}100$/);
  // Bins are of the win rate: 200 comparisons at 0.35, 100 at 0.5.
  expect(figures('all pairs together')).toMatch(/^0\.067 .* {2}300$/);
});

it('leaves a pair without comparisons open', () => {
  const last = calibrationLines(drawn(rows), scoresOf(0.25, 0.5))[reportedPairs.length]!;
  expect(last).toMatch(/NaN \(NaN to NaN\) {2}NaN {2}0$/);
});
