import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { measureCoverage } from '../../../scripts/simulate/coverage.ts';
import { simulateDeployment } from '../../../scripts/simulate/deployment.ts';
import { simulateLearning } from '../../../scripts/simulate/learning.ts';
import { replaceSection } from '../../../scripts/simulate/page.ts';
import type { KnownPrompt } from '../../../scripts/simulate/population.ts';
import {
  knownBy,
  simulateRequest,
  truthOf,
  type Behaviour,
} from '../../../scripts/simulate/traffic.ts';
import { seededRandom } from '../../../src/math/random.ts';

const behaviour: Behaviour = {
  ...{ exploration: 0.2, noise: 0.1, compared: 0.3, delay: 100 },
  rated: { strong: 0.4, weak: 0.5 },
};

/** Prompts of rising difficulty; the first number of their vector says what the score does not. */
function madeUpPrompts(count: number): KnownPrompt[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [random(), random()];
    return {
      ...{ id: String(i), source: 'made up', topic: 'made up', key: `k${i}`, isUnseen: true },
      prompt: 'x'.repeat(20 + (i % 50)),
      strong: random() < 0.9 ? 1 : 0,
      weak: random() < 0.95 - 0.25 * x - 0.6 * y ? 1 : 0,
      score: x,
      embedding: Float32Array.of(2 * y - 1, random() - 0.5, random() - 0.5),
    };
  });
}

const prompts = madeUpPrompts(1500);
const ignore = () => {};

test('the truth of a threshold is the mean over all prompts', () => {
  const truth = truthOf(prompts);
  const at = 0.4;
  const sum = (value: (prompt: KnownPrompt) => number): number =>
    prompts.reduce((total, prompt) => total + value(prompt), 0);
  const quality = sum(({ score, strong, weak }) => (score >= at ? strong : weak)) / prompts.length;
  const [strong, weak] = [sum((p) => p.strong), sum((p) => p.weak)].map((s) => s / prompts.length);
  expect(truth.qualityOf(at)).toBeCloseTo(quality, 9);
  expect(truth.pgrOf(at)).toBeCloseTo((quality - weak!) / (strong! - weak!), 9);
  expect([truth.pgrOf(0), truth.pgrOf(1.1)]).toEqual([1, 0]);
  expect(truth.costPer1kUsd(0)).toBeGreaterThan(truth.costPer1kUsd(1.1));
  const best = truth.bestFor(0.9);
  expect(truth.pgrOf(best)).toBeGreaterThanOrEqual(0.9);
  expect(truth.shareOf(best)).toBeLessThan(0.95);
});

test('requests are decided by chance as logged, rated in part, and known late', () => {
  const random = seededRandom(1);
  const log = Array.from({ length: 4000 }, (_, i) =>
    simulateRequest(prompts[i % prompts.length]!, i, 0.5, behaviour, random),
  );
  const against = log.filter(({ score, tier }) => score >= 0.5 !== (tier === 'strong'));
  expect(against.length / log.length).toBeCloseTo(0.1, 1);
  expect(new Set(against.map(({ propensity }) => propensity))).toEqual(new Set([0.1]));
  const outcomes = (rows: readonly { explicit: number | null }[]): number =>
    rows.filter(({ explicit }) => explicit !== null).length;
  const now = log.slice(0, 1000);
  const known = outcomes(knownBy(now, 1000));
  expect(known).toBeGreaterThan(0.7 * outcomes(now));
  expect(known).toBeLessThan(0.97 * outcomes(now));
});

test('a deployment is refused at first, then nears the best threshold, the same in every run', () => {
  const options = {
    ...{ requests: 3000, every: 600, target: 0.8, threshold: 0.9, behaviour, resamples: 60 },
    ...{ seeds: 1, onCalibrated: ignore },
  };
  const periods = simulateDeployment(prompts, options);
  expect(periods).toEqual(simulateDeployment(prompts, options));
  const [first, last] = [periods[0]!, periods.at(-1)!];
  expect(first.refused).toBe(1);
  expect(first.stillNeeded).toBeGreaterThan(0);
  expect(last.refused).toBe(0);
  expect(last.outcomes).toBeGreaterThan(3 * first.outcomes);
  // A threshold of 0.9 keeps far too little.
  expect(first.kept).toBeLessThan(0.5);
  expect(last.kept).toBeGreaterThan(0.75);
  expect(last.lostAdvantage).toBeLessThan(first.lostAdvantage);
});

test('coverage counts every interval once', () => {
  const scenario = { name: 'both', requests: 1500, behaviour };
  let runs = 0;
  const { coverages, goal, outcomes } = measureCoverage(prompts, scenario, {
    ...{ seeds: 6, resamples: 100, target: 0.8, onRun: () => runs++ },
  });
  expect(runs).toBe(6);
  expect(goal.chosen + goal.refused).toBe(6);
  expect(outcomes.judged).toBeGreaterThan(350);
  expect(coverages.map(({ figure }) => figure)).toContain('PGR at 95 %');
  for (const { below, held, above } of coverages) expect(below + held + above).toBeCloseTo(1, 9);
  const all = coverages.find(({ figure }) => figure === 'advantage')!;
  expect(all.runs).toBe(6);
  expect(all.held).toBeGreaterThan(0.5);
});

test('training learns what the score does not tell, on prompts that it has not seen', () => {
  const options = { name: 'x', outcomes: 700, noise: 0, runs: 2, onRun: ignore };
  const learned = simulateLearning(prompts, options);
  expect(learned.after).toBeGreaterThan(learned.before + 0.02);
  expect(learned.served).toBeGreaterThanOrEqual(learned.before);
});

test('only what stands between the markers is written anew', () => {
  const page = 'a\n<!-- simulation: begin (x) -->\nold\n<!-- simulation: end -->\nb\n';
  expect(replaceSection(page, '\nnew\n')).toBe(
    'a\n<!-- simulation: begin (x) -->\n\nnew\n\n<!-- simulation: end -->\nb\n',
  );
  expect(() => replaceSection('a\nb\n', 'new')).toThrow(/no lines/);
});

test('without the data the script says so and ends well', () => {
  const args = ['--import', 'tsx', 'scripts/simulate.ts', '--data', '/nowhere'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stdout).toMatch(/^skipped: no outcomes in \/nowhere/);
  expect(status).toBe(0);
});
