import { isObject } from '../is-object.ts';
import { drawOf } from '../routing/decision-id.ts';
import type { Comparison } from '../store/evidence.ts';
import type { AfterAnswer, AnsweredRequest, AskedRequest } from './after-answer.ts';
import type { AskModel } from './ask-model.ts';
import { estimateComparison, type ComparedModels } from './estimate-cost.ts';
import type { GivenAnswer, Judge } from './judge.ts';
import { requestText } from './judge-prompt.ts';
import type { ShadowBudget } from './shadow-budget.ts';

/** How much is compared beside live traffic. */
export interface ShadowSettings {
  /** Of the scored requests, (0, 1]. */
  readonly share: number;
  /** 1e-9 US dollars in a UTC day, for the other model's answers and the judge. */
  readonly maxNanoUsdPerDay: number;
  /** Comparisons begun in an hour. */
  readonly maxPerHour: number;
}

/** What became of a request that was chosen. */
export type ShadowResult = 'stored' | 'no_verdict' | 'failed' | 'over_budget' | 'dropped';

export interface ShadowDeps {
  readonly settings: ShadowSettings;
  readonly models: ComparedModels;
  readonly ask: AskModel;
  readonly judge: Judge;
  readonly budget: ShadowBudget;
  /** Takes a comparison without waiting; its request's row was handed over before. */
  readonly append: (comparison: Comparison) => void;
  /** @param error why it failed */
  readonly onResult: (result: ShadowResult, error?: unknown) => void;
}

export interface Shadow extends AfterAnswer {
  /** Drops what waits and what runs, and takes nothing any more. */
  close(): void;
}

interface Job {
  readonly decisionId: string;
  /** Who answered the client. */
  readonly tier: 'strong' | 'weak';
  readonly served: GivenAnswer;
  readonly servedTokens: number;
  readonly request: string;
  /** The client's body for the other model, as JSON. */
  readonly body: string;
}

const maxWaiting = 16;
/** Longer conversations are not compared: they wait in memory, and cost most. */
const maxBodyChars = 256 * 1024;

/** Fields that are for us, for the way of the answer, or keep it elsewhere. */
const leftOut: ReadonlySet<string> = new Set([
  ...['model', 'stream', 'stream_options', 'n', 'store', 'metadata'],
  ...['num_retries', 'fallbacks', 'disable_fallbacks'],
]);

/**
 * Asks the other model, too, for a share of the scored requests, when the client has its answer, and
 * has both compared: one at a time, within a budget, in memory only. It takes no lease of the
 * dispatcher, so that what happens here neither opens a breaker nor fills a deployment.
 */
export function createShadow(deps: ShadowDeps): Shadow {
  const { settings, models, ask, judge, budget, append, onResult } = deps;
  const closing = new AbortController();
  const waiting: Job[] = [];
  let isRunning = false;

  async function runAll(): Promise<void> {
    isRunning = true;
    try {
      await runEach();
    } finally {
      isRunning = false;
    }
  }

  async function runEach(): Promise<void> {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const result = await run(job).catch((error: unknown) => {
        if (!closing.signal.aborted) onResult('failed', error);
        return null;
      });
      if (result !== null) onResult(result);
    }
  }

  async function run(job: Job): Promise<ShadowResult> {
    const { decisionId, tier, served, servedTokens, request } = job;
    const other = tier === 'strong' ? 'weak' : 'strong';
    const answerTokens = { strong: servedTokens, weak: servedTokens };
    const estimate = estimateComparison(models, job.body.length, answerTokens, [other]);
    if (!budget.tryBegin(estimate, settings)) return 'over_budget';
    const body = JSON.parse(job.body) as Record<string, unknown>;
    const answer = await ask(models[other], body, closing.signal);
    if (answer.callsTools || !answer.isWhole) return 'no_verdict';
    const answers = { [tier]: served, [other]: { model: models[other].model, ...answer } };
    const { strong, weak } = answers as Record<'strong' | 'weak', GivenAnswer>;
    const pair = { decisionId, origin: 'shadow', request, strong, weak } as const;
    const comparison = await judge(pair, closing.signal);
    if (comparison === null) return 'no_verdict';
    append(comparison);
    return 'stored';
  }

  return {
    needsText: (asked) => isChosen(asked.decision.id, settings.share) && isComparable(asked),
    onAnswered(answered) {
      if (closing.signal.aborted || !isChosen(answered.decision.id, settings.share)) return;
      const job = isComparable(answered) ? toJob(answered) : null;
      if (job === null) return;
      if (waiting.length >= maxWaiting) {
        onResult('dropped');
        return;
      }
      waiting.push(job);
      // Not before what else the answer's end has brought about.
      if (!isRunning) setImmediate(() => void (isRunning ? null : runAll()));
    },
    close() {
      waiting.length = 0;
      closing.abort(new Error('the server stops comparing'));
    },
  };
}

/** By the decision's id, so that both questions about one request have one answer. */
function isChosen(decisionId: string, share: number): boolean {
  return drawOf(decisionId) < share;
}

/** A private request never leaves; one that text cannot show, or with tools of its own, cannot be judged. */
function isComparable({ decision, endpoint, body }: AskedRequest): boolean {
  if (decision.isPrivate || decision.score === null || decision.tier === 'none') return false;
  if (endpoint !== 'chat/completions' || (body['n'] ?? 1) !== 1) return false;
  if (body['web_search_options'] !== undefined || body['audio'] !== undefined) return false;
  const tools = body['tools'] ?? [];
  const areOurs = Array.isArray(tools) && tools.every(isFunctionTool);
  return areOurs && Array.isArray(body['messages']);
}

/** Any other tool is run by the model's provider, and may do something. */
function isFunctionTool(tool: unknown): boolean {
  return isObject(tool) && tool['type'] === 'function';
}

/** Null for a request that went another way than decided, or whose answer cannot be compared. */
function toJob({ record, decision, facts, body, deployment }: AnsweredRequest): Job | null {
  const { tier } = decision;
  const isAsDecided = record.outcome === 'done' && deployment?.group === decision.group;
  if (!isAsDecided || tier === 'none' || facts === null || facts.callsTools) return null;
  const request = requestText(body['messages'] as unknown[]);
  if (facts.kept?.isWhole !== true || request === null) return null;
  const sent = Object.entries(body).filter(([key]) => !leftOut.has(key));
  const text = JSON.stringify(Object.fromEntries(sent));
  if (text.length > maxBodyChars) return null;
  const { costNanoUsd } = record;
  return {
    ...{ decisionId: record.decisionId, tier, request, body: text },
    served: { model: record.upstreamModel, text: facts.kept.text, costNanoUsd },
    servedTokens: record.completionTokens ?? 0,
  };
}
