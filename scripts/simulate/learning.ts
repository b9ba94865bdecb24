import { learnHead } from '../../src/learning/learn-head.ts';
import { seededRandom, shuffle } from '../../src/math/random.ts';
import { mean } from '../../src/math/vector.ts';
import { correctedWinRate } from '../../src/routing/local-head.ts';
import { apgr } from '../../src/training/evaluate-metrics.ts';
import type { KnownPrompt } from './population.ts';

export interface Learned {
  readonly name: string;
  readonly outcomes: number;
  readonly runs: number;
  /** On prompts that neither the shipped router nor the new head has seen; means over the runs. */
  readonly before: number;
  readonly after: number;
  /** Standard deviation of after - before over the runs. */
  readonly spread: number;
  /** Share of runs in which `train` found the head better beyond noise. */
  readonly swapped: number;
  /** APGR when only those are swapped in. */
  readonly served: number;
}

export interface LearningOptions {
  readonly name: string;
  /** Compared prompts to learn from, of those that the shipped router has not been trained on. */
  readonly outcomes: number;
  readonly noise: number;
  readonly runs: number;
  readonly onRun: () => void;
}

/**
 * What `pointsman train` does with compared prompts, on real outcomes: learned on some questions and
 * measured on all others. Only prompts that the shipped router was not trained on take part.
 */
export function simulateLearning(
  prompts: readonly KnownPrompt[],
  { name, outcomes, noise, runs, onRun }: LearningOptions,
): Learned {
  const unseen = prompts.filter(({ isUnseen }) => isUnseen);
  const keys = [...new Set(unseen.map(({ key }) => key))];
  const results = Array.from({ length: runs }, (_, i) => {
    const random = seededRandom(31 * (i + 1));
    const order = Uint32Array.from(keys.keys());
    shuffle(order, random);
    const taken = new Set<string>();
    let count = 0;
    for (const k of order) {
      if (count >= outcomes) break;
      taken.add(keys[k]!);
      count += unseen.filter(({ key }) => key === keys[k]).length;
    }
    const logged = unseen.filter(({ key }) => taken.has(key)).slice(0, outcomes);
    const learned = learnHead({
      outcomes: logged.map((prompt) => {
        const win = (1 + prompt.strong - prompt.weak) / 2;
        return {
          winRate: prompt.score,
          embedding: prompt.embedding,
          strongWin: random() < noise ? 1 - win : win,
          rating: null,
          promptChars: prompt.prompt.length,
          isNewToPresent: true,
          sessionHash: null,
          promptHash: prompt.key,
        };
      }),
      present: null,
      strongShare: 0.5,
      seed: i + 1,
      resamples: 300,
    });
    const held = unseen.filter(({ key }) => !taken.has(key));
    const rows = { strong: held.map(({ strong }) => strong), weak: held.map(({ weak }) => weak) };
    const { head } = learned.fitted;
    const before = apgr({ ...rows, scores: held.map(({ score }) => score) });
    const after = apgr({
      ...rows,
      scores: held.map(({ score, embedding }) => correctedWinRate(head, score, embedding)),
    });
    onRun();
    return { before, after, isBetter: learned.comparison?.isBetter === true };
  });
  const gains = results.map(({ before, after }) => after - before);
  const centre = mean(gains);
  return {
    ...{ name, outcomes, runs },
    before: mean(results.map(({ before }) => before)),
    after: mean(results.map(({ after }) => after)),
    spread: Math.sqrt(mean(gains.map((gain) => (gain - centre) ** 2))),
    swapped: mean(results.map(({ isBetter }) => (isBetter ? 1 : 0))),
    served: mean(results.map(({ before, after, isBetter }) => (isBetter ? after : before))),
  };
}
