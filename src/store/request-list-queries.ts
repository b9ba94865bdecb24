import type { Database } from 'better-sqlite3';
import type { Evidence } from './evidence.ts';
import { prepareEvidenceStatements } from './evidence-statements.ts';
import { isFailure } from './failure-sql.ts';
import { isOfOwnPair } from './own-pair.ts';

/** What narrows the list of logged requests; null: all. */
export interface RequestFilter {
  readonly fromUtc: string | null;
  readonly tier: 'strong' | 'weak' | 'none' | null;
  readonly reason: string | null;
  /** `ok`, `failed`, `fell_back`, `client_abort`. */
  readonly result: RequestResult | null;
  /** Requests with this kind of evidence; `bad`: any evidence below 0.5. */
  readonly evidence: RequestEvidence | null;
  readonly minScore: number | null;
  readonly maxScore: number | null;
  /** Part of the logged text, of an id or of a model's name. */
  readonly text: string | null;
}

export const requestResults = ['ok', 'failed', 'fell_back', 'client_abort'] as const;
export type RequestResult = (typeof requestResults)[number];
export const requestEvidence = ['explicit', 'compared', 'implicit', 'bad'] as const;
export type RequestEvidence = (typeof requestEvidence)[number];

/** Where a page ends; the next one begins after it. */
export interface RequestCursor {
  readonly startedAtUtc: string;
  readonly decisionId: string;
}

export interface ListedRequest {
  readonly decision_id: string;
  readonly started_at: string;
  readonly tier: string;
  readonly reason: string;
  readonly reason_detail: string | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly model: string;
  readonly status: number;
  readonly outcome: string;
  readonly error_code: string | null;
  readonly fallbacks: number;
  readonly ttft_ms: number | null;
  readonly duration_ms: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly cost_usd: number | null;
  readonly prompt: string | null;
  readonly explicit: number | null;
  readonly strong_win: number | null;
  readonly implicit: number | null;
}

export interface WholeRequest extends ListedRequest {
  readonly request_id: string;
  readonly endpoint: string;
  readonly router: string | null;
  readonly router_version: string | null;
  readonly requested_model: string;
  readonly upstream_model: string;
  readonly upstream_url: string;
  readonly is_stream: number;
  readonly finish_reason: string | null;
  readonly is_usage_estimated: number;
  readonly attempts: number;
  readonly failed_calls: string | null;
  readonly cached_tokens: number | null;
  readonly deployment_id: string | null;
  readonly decision_ms: number;
  readonly propensity: number | null;
  readonly prompt_chars: number | null;
  readonly is_private: number;
  readonly confidence: number | null;
  readonly client_retry_count: number | null;
  readonly prompt_text: string | null;
  readonly embedder_id: string | null;
}

export interface LoggedVector {
  readonly decisionId: string;
  readonly routerVersion: string | null;
  /** 32-bit floats, little-endian. */
  readonly vector: Buffer;
}

/** By a connection that reads only. */
export interface RequestListQueries {
  /** The newest first, after `cursor`. */
  list(filter: RequestFilter, cursor: RequestCursor | null, limit: number): ListedRequest[];
  one(decisionId: string): WholeRequest | null;
  /** In the order of the ids; one that is gone is left out. */
  some(decisionIds: readonly string[]): ListedRequest[];
  evidence(decisionId: string): Evidence;
  vectorOf(decisionId: string, embedderId: string): Buffer | null;
  /** Of the newest requests, the newest first. */
  vectors(embedderId: string, limit: number): IterableIterator<LoggedVector>;
}

const listed = `r.decision_id, r.started_at_utc as started_at, r.tier, r.reason, r.reason_detail,
  r.score, r.threshold, coalesce(nullif(r.upstream_model, ''), r.requested_model) as model, r.status,
  r.outcome, r.error_code, r.fallbacks, r.ttft_ms, r.duration_ms, r.prompt_tokens,
  r.completion_tokens, r.cost_nano_usd / 1e9 as cost_usd, substr(r.prompt_text, 1, 200) as prompt,
  (select avg(value) from feedback f where f.decision_id = r.decision_id) as explicit,
  (select avg(strong_win) from comparison c
    where c.decision_id = r.decision_id and ${isOfOwnPair}) as strong_win,
  (select min(value) from signal s where s.decision_id = r.decision_id) as implicit`;

const whole = `${listed}, r.request_id, r.endpoint, r.router, r.router_version, r.requested_model,
  r.upstream_model, r.upstream_url, r.is_stream, r.finish_reason, r.is_usage_estimated, r.cached_tokens, r.attempts, r.failed_calls,
  r.deployment_id, r.decision_ms, r.propensity, r.prompt_chars, r.is_private, r.confidence,
  r.client_retry_count, substr(r.prompt_text, 1, 20000) as prompt_text,
  (select embedder_id from request_embedding e where e.decision_id = r.decision_id) as embedder_id`;

const results: Readonly<Record<RequestResult, string>> = {
  ok: `r.outcome = 'done' and r.status < 400`,
  failed: isFailure,
  fell_back: 'r.fallbacks > 0',
  client_abort: `r.outcome = 'client_abort'`,
};

const has = (table: string, where = '') =>
  `exists (select 1 from ${table} c where c.decision_id = r.decision_id${where})`;

const evidences: Readonly<Record<RequestEvidence, string>> = {
  explicit: has('feedback'),
  compared: has('comparison', ` and ${isOfOwnPair}`),
  implicit: has('signal'),
  bad: `(${has('feedback', ' and c.value < 0.5')} or ${has('signal', ' and c.value < 0.5')})`,
};

export function prepareRequestListQueries(database: Database): RequestListQueries {
  const one = database.prepare<[string], WholeRequest>(
    `select ${whole} from request r where r.decision_id = ?`,
  );
  const short = database.prepare<[string], ListedRequest>(
    `select ${listed} from request r where r.decision_id = ?`,
  );
  const evidence = prepareEvidenceStatements(database);
  const vectorOf = database
    .prepare<[string, string], Buffer>(
      'select vector_f32le from request_embedding where decision_id = ? and embedder_id = ?',
    )
    .pluck();
  const vectors = database.prepare<[string, number], LoggedVector>(
    `select r.decision_id as decisionId, r.router_version as routerVersion,
       e.vector_f32le as vector
     from request r cross join request_embedding e
     where e.decision_id = r.decision_id and e.embedder_id = ?
     order by r.started_at_utc desc limit ?`,
  );
  return {
    list(filter, cursor, limit) {
      const { where, values } = conditions(filter, cursor);
      return database
        .prepare<[Record<string, unknown>], ListedRequest>(
          `select ${listed} from request r ${where}
           order by r.started_at_utc desc, r.decision_id desc limit @limit`,
        )
        .all({ ...values, limit });
    },
    one: (decisionId) => one.get(decisionId) ?? null,
    some: (decisionIds) => decisionIds.flatMap((id) => short.get(id) ?? []),
    evidence: (decisionId) => ({
      feedback: evidence.feedbackOf.all(decisionId),
      comparisons: evidence.comparisonsOf.all(decisionId),
      signals: evidence.signalsOf.all(decisionId),
    }),
    vectorOf: (decisionId, embedderId) => vectorOf.get(decisionId, embedderId) ?? null,
    vectors: (embedderId, limit) => vectors.iterate(embedderId, limit),
  };
}

/** Only the words above become SQL; what a client wrote is bound. */
function conditions(filter: RequestFilter, cursor: RequestCursor | null) {
  const { fromUtc, tier, reason, result, evidence, minScore, maxScore, text } = filter;
  const values: Record<string, unknown> = { fromUtc, tier, reason, minScore, maxScore };
  const parts: string[] = [];
  if (fromUtc !== null) parts.push('r.started_at_utc >= @fromUtc');
  if (tier !== null) parts.push('r.tier = @tier');
  if (reason !== null) parts.push('r.reason = @reason');
  if (result !== null) parts.push(results[result]);
  if (evidence !== null) parts.push(evidences[evidence]);
  if (minScore !== null) parts.push('r.score >= @minScore');
  if (maxScore !== null) parts.push('r.score <= @maxScore');
  if (text !== null) {
    values['text'] = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    const fields = ['r.prompt_text', 'r.decision_id', 'r.request_id', 'r.upstream_model', 'r.error_code']; // prettier-ignore
    parts.push(`(${fields.map((field) => `${field} like @text escape '\\'`).join(' or ')})`);
  }
  if (cursor !== null) {
    values['cursorAt'] = cursor.startedAtUtc;
    values['cursorId'] = cursor.decisionId;
    parts.push('(r.started_at_utc, r.decision_id) < (@cursorAt, @cursorId)');
  }
  return { where: parts.length === 0 ? '' : `where ${parts.join(' and ')}`, values };
}
