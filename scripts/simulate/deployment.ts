import { findQualityThreshold } from '../../src/calibration/goals.ts';
import { seededRandom } from '../../src/math/random.ts';
import { mean } from '../../src/math/vector.ts';
import type { KnownPrompt } from './population.ts';
import {
  knownBy,
  simulateRequest,
  truthOf,
  type Behaviour,
  type SimulatedRequest,
} from './traffic.ts';

export interface DeploymentOptions {
  readonly requests: number;
  /** Requests between two calibrations. */
  readonly every: number;
  readonly target: number;
  /** Before the first calibration. */
  readonly threshold: number;
  readonly behaviour: Behaviour;
  readonly resamples: number;
  readonly seeds: number;
  readonly onCalibrated: () => void;
}

/** Between two calibrations, and the one at its end; means over the runs. */
export interface Period {
  /** Requests so far. */
  readonly until: number;
  readonly outcomes: number;
  /** Share of runs whose calibration was refused. */
  readonly refused: number;
  /** How many more outcomes it asked for, where it was. */
  readonly stillNeeded: number | null;
  /** Share of requests that strong answered in this period, and in hindsight would have. */
  readonly share: number;
  readonly bestShare: number;
  /** Of the advantage on this period's requests. */
  readonly kept: number;
  readonly bestKept: number;
  /** Against the best fixed threshold, up to here: strong calls too many of 1000, and advantage lost. */
  readonly extraCalls: number;
  readonly lostAdvantage: number;
}

/**
 * Traffic over time: each period is served by the threshold that the last calibration applied, with what
 * was known of the outcomes by then. The best fixed threshold in hindsight is the highest that keeps the
 * target on all requests of the run.
 */
export function simulateDeployment(
  prompts: readonly KnownPrompt[],
  options: DeploymentOptions,
): Period[] {
  const runs = Array.from({ length: options.seeds }, (_, i) => runOnce(prompts, options, i + 1));
  return runs[0]!.map((_, k) => meanPeriod(runs.map((run) => run[k]!)));
}

function runOnce(
  prompts: readonly KnownPrompt[],
  options: DeploymentOptions,
  seed: number,
): Period[] {
  const { requests, every, target, behaviour, resamples } = options;
  const random = seededRandom(7_919 * seed);
  let { threshold } = options;
  const log: SimulatedRequest[] = [];
  const calibrations: Pick<Period, 'outcomes' | 'refused' | 'stillNeeded'>[] = [];
  while (log.length < requests) {
    for (let i = 0; i < every; i++) {
      const prompt = prompts[Math.floor(random() * prompts.length)]!;
      log.push(simulateRequest(prompt, log.length, threshold, behaviour, random));
    }
    const found = findQualityThreshold(knownBy(log, log.length), target, { resamples, seed });
    const { chosen, refusal, curve } = found;
    if (chosen !== null) threshold = chosen.threshold;
    const outcomes = curve.sources.reduce((sum, source) => sum + source.outcomes, 0);
    const stillNeeded = refusal?.needed == null ? null : refusal.needed - refusal.have;
    calibrations.push({ outcomes, refused: refusal === null ? 0 : 1, stillNeeded });
    options.onCalibrated();
  }
  const hindsight = truthOf(log.map(({ prompt }) => prompt));
  const best = hindsight.bestFor(target);
  const advantage = (hindsight.strong - hindsight.weak) * every;
  let [extraCalls, lost] = [0, 0];
  return calibrations.map((calibration, k) => {
    const period = log.slice(k * every, (k + 1) * every);
    const sum = (value: (request: SimulatedRequest) => number): number =>
      period.reduce((total, request) => total + value(request), 0);
    const isBest = ({ score }: SimulatedRequest): boolean => score >= best;
    const gain = ({ prompt }: SimulatedRequest): number => prompt.strong - prompt.weak;
    const calls = sum(({ tier }) => (tier === 'strong' ? 1 : 0));
    const bestCalls = sum((request) => (isBest(request) ? 1 : 0));
    const kept = sum((request) => (request.tier === 'strong' ? gain(request) : 0));
    const bestKept = sum((request) => (isBest(request) ? gain(request) : 0));
    extraCalls += calls - bestCalls;
    lost += (bestKept - kept) / advantage;
    const until = (k + 1) * every;
    return {
      ...calibration,
      until,
      ...{ share: calls / every, bestShare: bestCalls / every },
      ...{ kept: kept / advantage, bestKept: bestKept / advantage },
      extraCalls: (1000 * extraCalls) / until,
      lostAdvantage: lost / (k + 1),
    };
  });
}

function meanPeriod(periods: readonly Period[]): Period {
  const of = (value: (period: Period) => number): number => mean(periods.map(value));
  const asked = periods.flatMap(({ stillNeeded }) => stillNeeded ?? []);
  return {
    until: periods[0]!.until,
    outcomes: of(({ outcomes }) => outcomes),
    refused: of(({ refused }) => refused),
    stillNeeded: asked.length === 0 ? null : mean(asked),
    share: of(({ share }) => share),
    bestShare: of(({ bestShare }) => bestShare),
    kept: of(({ kept }) => kept),
    bestKept: of(({ bestKept }) => bestKept),
    extraCalls: of(({ extraCalls }) => extraCalls),
    lostAdvantage: of(({ lostAdvantage }) => lostAdvantage),
  };
}
