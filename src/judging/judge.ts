import { BadRequestError } from '../errors.ts';
import type { Comparison, Verdict } from '../store/evidence.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { AskModel } from './ask-model.ts';
import { judgeMessages, type ChatMessage } from './judge-prompt.ts';
import { parseVerdict, type ShownVerdict } from './verdict.ts';

export interface GivenAnswer {
  /** Model id as sent upstream. */
  readonly model: string;
  readonly text: string;
  readonly costNanoUsd: number | null;
}

export interface AnswerPair {
  readonly decisionId: string;
  readonly origin: Comparison['origin'];
  /** The conversation as text. */
  readonly request: string;
  readonly strong: GivenAnswer;
  readonly weak: GivenAnswer;
}

/**
 * Says which of two answers is better. Null when the judge, asked twice, said nothing that can be
 * read, and for two empty answers.
 * @throws AppError when the judge cannot be asked; the signal's reason
 */
export type Judge = (pair: AnswerPair, signal: AbortSignal) => Promise<Comparison | null>;

export interface JudgeDeps {
  readonly ask: AskModel;
  readonly deployment: Deployment;
  readonly now?: () => number;
}

/** How well the strong answer did, by a verdict. */
const values = { strong: 1, tie: 0.5, weak: 0 } as const satisfies Record<Verdict, number>;
const strongFirst = { A: 'strong', B: 'weak', tie: 'tie' } as const;
const weakFirst = { A: 'weak', B: 'strong', tie: 'tie' } as const;

interface Seen {
  readonly verdict: ShownVerdict;
  readonly costNanoUsd: number | null;
}

/**
 * Asks a model twice, with the answers' places swapped, and takes the mean: a judge that always
 * prefers a place says tie (Zheng et al. 2023, arXiv:2306.05685, section 3.4). Two equal answers are
 * a tie that costs nothing.
 */
export function createJudge({ ask, deployment, now = Date.now }: JudgeDeps): Judge {
  /** Some models take no temperature but their own. */
  let takesTemperature = true;

  async function say(messages: readonly ChatMessage[], signal: AbortSignal) {
    if (takesTemperature) {
      try {
        return await ask(deployment, { messages, temperature: 0 }, signal);
      } catch (error) {
        if (!(error instanceof BadRequestError) || !/temperature/i.test(error.message)) throw error;
        takesTemperature = false;
      }
    }
    return ask(deployment, { messages }, signal);
  }

  async function see(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Seen | null> {
    const costs: (number | null)[] = [];
    for (let tries = 0; tries < 2; tries++) {
      const answer = await say(messages, signal);
      costs.push(answer.costNanoUsd);
      const verdict = parseVerdict(answer.text);
      if (verdict !== null) return { verdict, costNanoUsd: sum(costs) };
    }
    return null;
  }

  return async function judge({ decisionId, origin, request, strong, weak }, signal) {
    const known = {
      ...{ decisionId, origin, judgeModel: deployment.model },
      ...{ strongModel: strong.model, weakModel: weak.model },
      ...{ strongCostNanoUsd: strong.costNanoUsd, weakCostNanoUsd: weak.costNanoUsd },
    };
    if (strong.text.trim() === '' && weak.text.trim() === '') return null;
    if (strong.text.trim() === weak.text.trim()) {
      const verdicts = { strongWin: 0.5, firstVerdict: 'tie', secondVerdict: 'tie' } as const;
      return { ...known, ...verdicts, judgeCostNanoUsd: 0, judgedAtMs: now() };
    }
    const first = await see(judgeMessages(request, strong.text, weak.text), signal);
    if (first === null) return null;
    const second = await see(judgeMessages(request, weak.text, strong.text), signal);
    if (second === null) return null;
    const [firstVerdict, secondVerdict] = [strongFirst[first.verdict], weakFirst[second.verdict]];
    return {
      ...known,
      strongWin: (values[firstVerdict] + values[secondVerdict]) / 2,
      ...{ firstVerdict, secondVerdict },
      judgeCostNanoUsd: sum([first.costNanoUsd, second.costNanoUsd]),
      judgedAtMs: now(),
    };
  };
}

/** Null as soon as one is not known. */
function sum(costs: readonly (number | null)[]): number | null {
  return costs.reduce(
    (total, cost) => (total === null || cost === null ? null : total + cost),
    0 as number | null,
  );
}
