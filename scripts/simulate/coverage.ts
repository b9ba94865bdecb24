import type { CurvePoint } from '../../src/calibration/curve.ts';
import { findQualityThreshold } from '../../src/calibration/goals.ts';
import type { Interval } from '../../src/math/interval.ts';
import { quantile, sorted } from '../../src/math/quantile.ts';
import { seededRandom } from '../../src/math/random.ts';
import type { KnownPrompt } from './population.ts';
import { simulateRequest, truthOf, type Behaviour } from './traffic.ts';

export interface Scenario {
  readonly name: string;
  readonly requests: number;
  readonly behaviour: Behaviour;
}

/** How often intervals of one figure held the truth. */
export interface Coverage {
  readonly figure: string;
  readonly runs: number;
  readonly below: number;
  readonly held: number;
  readonly above: number;
  /** Mean half width. */
  readonly halfWidth: number;
}

export interface ScenarioCoverage {
  readonly scenario: Scenario;
  readonly coverages: readonly Coverage[];
  readonly outcomes: { readonly explicit: number; readonly judged: number };
  readonly goal: {
    readonly target: number;
    /** Share of strong calls of the best threshold. */
    readonly bestShare: number;
    readonly chosen: number;
    readonly refused: number;
    /** Runs whose chosen threshold keeps less than the target, and the same by the estimate alone. */
    readonly missed: number;
    readonly missedByEstimate: number;
    readonly meanShare: number;
  };
}

export interface CoverageOptions {
  readonly seeds: number;
  readonly resamples: number;
  readonly target: number;
  readonly onRun: () => void;
}

const shares = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95];

/** Draws a log of each seed from the prompts, calibrates on it, and compares with what is true of them. */
export function measureCoverage(
  prompts: readonly KnownPrompt[],
  scenario: Scenario,
  { seeds, resamples, target, onRun }: CoverageOptions,
): ScenarioCoverage {
  const { requests, behaviour } = scenario;
  const truth = truthOf(prompts);
  const scores = sorted(prompts.map(({ score }) => score));
  const served = quantile(scores, 0.5);
  // Wrong ratings pull every quality towards the middle, and cancel in PGR.
  const said = (quality: number): number => behaviour.noise + (1 - 2 * behaviour.noise) * quality;
  const counters = new Map<string, Counter>();
  const count = (figure: string, estimate: { interval95: Interval } | null, truly: number) => {
    if (estimate === null) return;
    const counter = counters.get(figure) ?? { below: 0, held: 0, above: 0, width: 0 };
    const [low, high] = estimate.interval95;
    const place = truly < low ? 'below' : truly > high ? 'above' : 'held';
    counters.set(figure, {
      ...counter,
      [place]: counter[place] + 1,
      width: counter.width + (high - low) / 2,
    });
  };
  const goal = { chosen: 0, refused: 0, missed: 0, missedByEstimate: 0, share: 0 };
  let [explicit, judged] = [0, 0];
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seededRandom(1_000_003 * seed);
    const rows = Array.from({ length: requests }, (_, i) => {
      const prompt = prompts[Math.floor(random() * prompts.length)]!;
      return simulateRequest(prompt, i, served, behaviour, random);
    });
    const options = { resamples, seed };
    const { curve: found, chosen, byEstimate } = findQualityThreshold(rows, target, options);
    for (const source of found.sources) {
      if (source.name === 'explicit') explicit += source.outcomes / seeds;
      else judged += source.outcomes / seeds;
    }
    const { quality } = found;
    if (quality !== null) {
      const isOneKind = found.sources.length === 1 && found.sources[0]!.name === 'explicit';
      // The noise turns verdicts as often as ratings: both kinds see the same advantage.
      count('advantage', quality.advantage, said(truth.strong) - said(truth.weak));
      for (const share of shares) {
        const point = nearestPoint(found.points, share);
        const percent = `${Math.round(100 * share)} %`;
        const { threshold } = point;
        count(`PGR at ${percent}`, point.pgr, truth.pgrOf(threshold));
        if (share !== 0.5) continue;
        if (isOneKind) count('quality at 50 %', point.quality, said(truth.qualityOf(threshold)));
        count('cost at 50 %', point.costPer1kUsd, truth.costPer1kUsd(threshold));
      }
    }
    if (chosen === null) goal.refused++;
    else {
      goal.chosen++;
      goal.share += truth.shareOf(chosen.threshold);
      if (truth.pgrOf(chosen.threshold) < target) goal.missed++;
      if (truth.pgrOf(byEstimate!.threshold) < target) goal.missedByEstimate++;
      count('PGR at the chosen one', chosen.pgr, truth.pgrOf(chosen.threshold));
    }
    onRun();
  }
  return {
    scenario,
    outcomes: { explicit: Math.round(explicit), judged: Math.round(judged) },
    coverages: [...counters].map(([figure, { below, held, above, width }]) => {
      const runs = below + held + above;
      return {
        ...{ figure, runs },
        ...{ below: below / runs, held: held / runs, above: above / runs, halfWidth: width / runs },
      };
    }),
    goal: {
      ...{ target, bestShare: truth.shareOf(truth.bestFor(target)) },
      chosen: goal.chosen,
      refused: goal.refused,
      missed: goal.missed / goal.chosen,
      missedByEstimate: goal.missedByEstimate / goal.chosen,
      meanShare: goal.share / goal.chosen,
    },
  };
}

function nearestPoint(points: readonly CurvePoint[], share: number): CurvePoint {
  return points.reduce((best, point) =>
    Math.abs(point.share - share) < Math.abs(best.share - share) ? point : best,
  );
}

interface Counter {
  readonly below: number;
  readonly held: number;
  readonly above: number;
  readonly width: number;
}
