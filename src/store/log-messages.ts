import type { ActiveHead } from './applied-head.ts';
import type { Evidence, ShadowPast, ShadowSince } from './evidence.ts';
import type { PackedRows } from './packed-rows.ts';
import type {
  AppliedThreshold,
  Feedback,
  LoggedScores,
  LoggedScoresQuestion,
} from './request-record.ts';

/** What the writer thread is started with. */
export interface LogWorkerData {
  readonly file: string;
  readonly pollMs: number;
  /** Thresholds up to this row are known already; null at the first start: all that exist. */
  readonly knownThresholdId: number | null;
}

/** Questions that wait for an answer: name -> what goes in and what comes back. */
export interface LogQuestions {
  recordFeedback: { input: Feedback; answer: boolean };
  evidenceOf: { input: string; answer: Evidence | null };
  shadowPast: { input: ShadowSince; answer: ShadowPast };
  appliedThreshold: {
    input: { readonly router: string; readonly routerVersion: string };
    answer: AppliedThreshold | null;
  };
  loggedScores: { input: LoggedScoresQuestion; answer: LoggedScores };
  applyThreshold: { input: Omit<AppliedThreshold, 'appliedAtUtc'>; answer: null };
  activeHead: {
    input: { readonly router: string; readonly baseVersion: string };
    answer: ActiveHead | null;
  };
}

export type LogQuestion = {
  [Name in keyof LogQuestions]: {
    readonly name: Name;
    readonly input: LogQuestions[Name]['input'];
  };
}[keyof LogQuestions];

export type LogAnswer = LogQuestions[keyof LogQuestions]['answer'];

export type ToLogWorker =
  /** Answered by `written` or `writeFailed`; the next batch is sent after that. */
  | { readonly kind: 'write'; readonly rows: PackedRows }
  | { readonly kind: 'ask'; readonly id: number; readonly question: LogQuestion }
  /** From now on report thresholds and heads that other processes apply. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'takenUp'; readonly thresholdId: number }
  | { readonly kind: 'headTakenUp'; readonly headId: number }
  /** From now on delete requests that are older, now and once an hour; null: keep all. */
  | { readonly kind: 'keep'; readonly days: number | null }
  | { readonly kind: 'close' };

export type FromLogWorker =
  | { readonly kind: 'ready'; readonly knownThresholdId: number }
  | { readonly kind: 'openFailed'; readonly reason: string }
  | { readonly kind: 'written'; readonly refused: number; readonly refusal: string | null }
  | { readonly kind: 'writeFailed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: LogAnswer }
  | { readonly kind: 'answerFailed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'applied'; readonly thresholdId: number; readonly applied: AppliedThreshold }
  /** A head was applied or withdrawn: which one holds now is to be asked. */
  | { readonly kind: 'headsChanged' };
