import { AppError } from '../errors.ts';
import type { Comparison } from '../store/evidence.ts';
import type { LoggedPrompt } from '../store/label-queries.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { AskModel } from './ask-model.ts';
import type { Judge } from './judge.ts';

export interface LabelDeps {
  readonly ask: AskModel;
  readonly judge: Judge;
  readonly strong: Deployment;
  readonly weak: Deployment;
  /** Keeps a comparison for good, as soon as it is made. */
  readonly store: (comparison: Comparison) => void;
  /** What was spent so far, in 1e-9 US dollars. */
  readonly spentNanoUsd: () => number;
  /** Of one prompt's comparison. */
  readonly estimateNanoUsd: (prompt: LoggedPrompt) => number;
  /** No comparison is begun that is likely to go over it; null: no bound. */
  readonly budgetNanoUsd: number | null;
  /** Prompts at the same time. */
  readonly parallel: number;
  /** Stops at once; what is under way is lost, what is stored stays. */
  readonly signal: AbortSignal;
  readonly onDone: () => void;
}

export interface LabelOutcome {
  readonly comparisons: readonly Comparison[];
  /** The judge said nothing that could be read, or there was no answer to judge. */
  readonly unreadable: number;
  /** A model could not be asked. */
  readonly failed: number;
  /** Why the last of them failed. */
  readonly lastFailure: string | null;
  readonly stopped: 'done' | 'budget' | 'interrupted' | 'failures' | 'unreadable';
}

/** A wrong key or a dead server fails every prompt: the rest need not be tried. */
const failuresInARow = 5;
/** A model that never says [[A]] is no judge: the rest need not be paid for. */
const unreadableInARow = 10;

/**
 * Asks both models each prompt, has the answers judged and stores what comes of it.
 * @throws what `store` throws
 */
export async function labelPrompts(
  prompts: readonly LoggedPrompt[],
  deps: LabelDeps,
): Promise<LabelOutcome> {
  const { signal, budgetNanoUsd } = deps;
  const comparisons: Comparison[] = [];
  const counts = { unreadable: 0, unreadableInARow: 0, failed: 0, failedInARow: 0 };
  let lastFailure: string | null = null;
  let stopped: LabelOutcome['stopped'] = 'done';
  let reservedNanoUsd = 0;
  let next = 0;

  async function work(): Promise<void> {
    while (stopped === 'done') {
      const prompt = prompts[next];
      if (prompt === undefined) return;
      const estimate = deps.estimateNanoUsd(prompt);
      const likely = deps.spentNanoUsd() + reservedNanoUsd + estimate;
      if (budgetNanoUsd !== null && likely > budgetNanoUsd) {
        stopped = 'budget';
        return;
      }
      next++;
      reservedNanoUsd += estimate;
      await label(prompt);
      reservedNanoUsd -= estimate;
    }
  }

  async function label(prompt: LoggedPrompt): Promise<void> {
    try {
      const comparison = await compare(prompt, deps);
      counts.failedInARow = 0;
      if (comparison === null) {
        counts.unreadable++;
        if (++counts.unreadableInARow >= unreadableInARow) stopped = 'unreadable';
      } else {
        counts.unreadableInARow = 0;
        deps.store(comparison);
        comparisons.push(comparison);
      }
      deps.onDone();
    } catch (error) {
      if (signal.aborted) {
        stopped = 'interrupted';
        return;
      }
      if (!(error instanceof AppError)) {
        stopped = 'failures'; // the others end after what they have in hand
        throw error;
      }
      counts.failed++;
      counts.failedInARow++;
      lastFailure = error.message;
      deps.onDone();
      if (counts.failedInARow >= failuresInARow) stopped = 'failures';
    }
  }

  const workers = Array.from({ length: deps.parallel }, work);
  const failure = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason as Error;
  const { unreadable, failed } = counts;
  return { comparisons, unreadable, failed, lastFailure, stopped };
}

async function compare(
  { decisionId, text }: LoggedPrompt,
  { ask, judge, strong, weak, signal }: LabelDeps,
): Promise<Comparison | null> {
  const body = { messages: [{ role: 'user', content: text }] };
  const given = async (deployment: Deployment) => ({
    model: deployment.model,
    ...(await ask(deployment, body, signal)),
  });
  const [strongAnswer, weakAnswer] = [await given(strong), await given(weak)];
  if (!strongAnswer.isWhole || !weakAnswer.isWhole) return null;
  const pair = { decisionId, origin: 'label', request: text } as const;
  return judge({ ...pair, strong: strongAnswer, weak: weakAnswer }, signal);
}
