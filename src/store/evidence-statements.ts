import type { Database, Statement } from 'better-sqlite3';
import type { Comparison, ShadowPast, Signal, StoredComparison, StoredSignal } from './evidence.ts';
import type { StoredFeedback } from './request-record.ts';

type SignalRow = Omit<Signal, 'seenAtMs'> & { readonly nowUtc: string };
type ComparisonRow = Omit<Comparison, 'judgedAtMs'> & { readonly nowUtc: string };

export interface EvidenceStatements {
  readonly insertSignal: Statement<[SignalRow]>;
  readonly insertComparison: Statement<[ComparisonRow]>;
  readonly feedbackOf: Statement<[decisionId: string], StoredFeedback>;
  readonly signalsOf: Statement<[decisionId: string], StoredSignal>;
  readonly shadowPast: Statement<[{ costSince: string; countSince: string }], ShadowPast>;
  readonly comparisonsOf: Statement<[decisionId: string], StoredComparison>;
}

/**
 * What is found of a request that is gone (deleted, or dropped from the queue) goes nowhere, and the
 * first finding stays: a batch may be sent again when the writer died before it could answer.
 */
export function prepareEvidenceStatements(database: Database): EvidenceStatements {
  return {
    insertSignal: database.prepare(
      `insert into signal (decision_id, kind, value, created_at_utc)
       select decision_id, @kind, @value, @nowUtc from request where decision_id = @decisionId
       on conflict (decision_id, kind) do nothing`,
    ),
    insertComparison: database.prepare(
      `insert into comparison (decision_id, origin, judge_model, strong_model, weak_model,
         strong_win, first_verdict, second_verdict, strong_cost_nano_usd, weak_cost_nano_usd,
         judge_cost_nano_usd, created_at_utc)
       select decision_id, @origin, @judgeModel, @strongModel, @weakModel,
         @strongWin, @firstVerdict, @secondVerdict, @strongCostNanoUsd, @weakCostNanoUsd,
         @judgeCostNanoUsd, @nowUtc
       from request where decision_id = @decisionId
       on conflict (decision_id, judge_model, strong_model, weak_model) do nothing`,
    ),
    feedbackOf: database.prepare(
      `select decision_id as decisionId, source, value, comment,
         created_at_utc as createdAtUtc, updated_at_utc as updatedAtUtc
       from feedback where decision_id = ? order by created_at_utc, source`,
    ),
    signalsOf: database.prepare(
      `select kind, value, created_at_utc as createdAtUtc
       from signal where decision_id = ? order by created_at_utc, kind`,
    ),
    shadowPast: database.prepare(
      `select coalesce(sum(case when created_at_utc >= @costSince then
           coalesce(strong_cost_nano_usd, 0) + coalesce(weak_cost_nano_usd, 0)
             + coalesce(judge_cost_nano_usd, 0) end), 0) as nanoUsd,
         count(case when created_at_utc >= @countSince then 1 end) as comparisons
       from comparison where origin = 'shadow'`,
    ),
    comparisonsOf: database.prepare(
      `select origin, judge_model as judgeModel, strong_model as strongModel,
         weak_model as weakModel, strong_win as strongWin, first_verdict as firstVerdict,
         second_verdict as secondVerdict, strong_cost_nano_usd as strongCostNanoUsd,
         weak_cost_nano_usd as weakCostNanoUsd, judge_cost_nano_usd as judgeCostNanoUsd,
         created_at_utc as createdAtUtc
       from comparison where decision_id = ? order by created_at_utc, judge_model`,
    ),
  };
}

export function signalRow({ seenAtMs, ...signal }: Signal): SignalRow {
  return { ...signal, nowUtc: new Date(seenAtMs).toISOString() };
}

export function comparisonRow({ judgedAtMs, ...comparison }: Comparison): ComparisonRow {
  return { ...comparison, nowUtc: new Date(judgedAtMs).toISOString() };
}
