import { calibrationOf } from '../../src/evaluation/calibrate-scores.ts';
import { reportedPairs } from '../../src/training/dev-report.ts';
import { hasPair, type Drawn } from './compare-pairs.ts';
import type { PairScores } from './pair-scores.ts';

/**
 * How far the win rates of each reported pair are from how often strong scored strictly higher, every comparison
 * counting once. The lines of the win rate, like the rest of a router, have not seen the questions.
 */
export function calibrationLines({ rows, draws }: Drawn, scores: readonly PairScores[]): string[] {
  const lineOf = (name: string, pairs: readonly number[]): string => {
    const compared = pairs.flatMap((p) =>
      Array.from(rows.keys())
        .filter((i) => hasPair(rows[i]!, p))
        .map((i) => ({ p, i })),
    );
    const { prompts, error, errorByChance } = calibrationOf(
      {
        router: '',
        scores: compared.map(({ p, i }) => scores[p]!.winRates[i]!),
        won: compared.map(({ p, i }) => {
          const [strong, weak] = reportedPairs[p]!.map((model) => rows[i]!.row.scores[model]!);
          return strong! > weak! ? 1 : 0;
        }),
        weights: compared.map(() => 1),
      },
      draws.map((counts) => Uint16Array.from(compared, ({ i }) => counts[i]!)),
    );
    const [low, high] = (error.interval95 ?? [NaN, NaN]).map((end) => end.toFixed(3));
    const figures = `${(error.value ?? NaN).toFixed(3)} (${low} to ${high})  ${errorByChance.toFixed(3)}`;
    return `${name.padEnd(52)} ${figures}  ${prompts}`;
  };
  return [
    'calibration error of pointsman                       95 %  by chance  comparisons',
    ...reportedPairs.map((pair, p) => lineOf(pair.join(' / '), [p])),
    lineOf('all pairs together', [...reportedPairs.keys()]),
  ];
}
