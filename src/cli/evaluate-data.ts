import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { readEvaluationData, type EvaluationData } from '../evaluation/read-outcome-paths.ts';
import { readFeedback, type FeedbackCounts, type JudgedAnswer } from '../store/feedback-queries.ts';
import type { Outcome } from '../training/outcomes.ts';

/** Where the outcomes of a clone lie, beside it. */
export const defaultData = '../shared/data';

export interface DataFlags {
  readonly data: readonly string[] | undefined;
  readonly topicData: readonly string[] | undefined;
  readonly db: string | undefined;
  /** Leave out rows that RouteLLM lists as close to its training prompts. */
  readonly withoutContaminated: boolean;
}

/** @throws ConfigError when there is nothing to evaluate on, with what is needed */
export function readData(flags: DataFlags, warn: (text: string) => void): EvaluationData {
  if (flags.db !== undefined) {
    if (flags.data !== undefined) {
      throw new ConfigError('--data and --db are two sources of outcomes: give one of them.');
    }
    return outcomesOfLog(flags.db, warn);
  }
  if (flags.data === undefined && !existsSync(defaultData)) {
    throw new ConfigError(
      `evaluate needs outcomes: --data FILE.jsonl or --data FOLDER (${defaultData} is not there). ` +
        'Each line holds a prompt and the scores of both models; see docs/evaluation.md.',
    );
  }
  const data = readEvaluationData(flags.data ?? [defaultData], flags.topicData ?? null);
  if (!flags.withoutContaminated) return data;
  return { ...data, rows: data.rows.filter((row) => row.routellm_contaminated !== true) };
}

/**
 * Each request is answered by one model, so that its feedback says nothing of the other. Only a
 * prompt that came more than once, was answered by both and judged both times, can be compared.
 */
function outcomesOfLog(db: string, warn: (text: string) => void): EvaluationData {
  const { counts, answers } = readFeedback(db);
  const rows = pairedAnswers(answers);
  if (rows.length === 0) throw new ConfigError(nothingPaired(db, counts));
  if (counts.comparisons > 0) warn(comparisonsText(counts));
  return {
    name: `${db} (feedback)`,
    rows,
    learn: null,
    topicsFrom: 'the other nine of ten folds by question',
  };
}

function pairedAnswers(answers: readonly JudgedAnswer[]): Outcome[] {
  const prompts = new Map<string, Record<string, number>>();
  for (const { promptText, upstreamModel, value } of answers) {
    prompts.set(promptText, { ...prompts.get(promptText), [upstreamModel]: value });
  }
  return [...prompts].flatMap(([prompt, scores]): Outcome[] => {
    if (Object.keys(scores).length < 2) return [];
    const key = createHash('sha256').update(prompt).digest('hex').slice(0, 16);
    return [{ id: key, source: 'log', prompt, scores, metric: 'feedback', key }];
  });
}

function comparisonsText({ comparisons }: FeedbackCounts): string {
  return (
    `the log's ${comparisons} stored comparisons are not used: they say which answer is better, not how ` +
    'good each is; calibrate and train use them.'
  );
}

function nothingPaired(db: string, counts: FeedbackCounts): string {
  const { requests, judged, strong, weak, withText } = counts;
  return (
    `The log ${db} holds no prompt that both models answered and somebody judged both times ` +
    `(${requests} requests; feedback on ${judged}: ${strong} answered by strong, ${weak} by weak; ` +
    `${withText} of these with their text). Each request is answered by one model, and feedback on ` +
    'it says nothing of what the other would have answered: no curve can be drawn from that. What ' +
    'can: prompts that were sent to both (the models "strong" and "weak" of the server) with ' +
    'log_prompts: full and feedback on both answers; or a file of outcomes with scores of both ' +
    'models, --data FILE.jsonl.' +
    (counts.comparisons > 0 ? ` Note that ${comparisonsText(counts)}` : '')
  );
}
