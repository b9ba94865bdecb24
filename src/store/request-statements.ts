import type { Database, Statement } from 'better-sqlite3';
import { requestColumns, type RequestRow } from './request-row.ts';
import { insertThresholdSql, thresholdFields, type ThresholdFields } from './threshold-row.ts';

export interface EmbeddingRow {
  readonly decision_id: string;
  readonly embedder_id: string;
  readonly dimensions: number;
  readonly vector_f32le: Buffer;
}

export interface FeedbackRow {
  readonly decision_id: string;
  readonly source: string;
  readonly value: number;
  readonly comment: string | null;
  readonly now_utc: string;
}

export interface ScoreRow {
  readonly score: number;
  readonly tier: 'strong' | 'weak';
  readonly reason: string;
  readonly requestedModel: string;
  readonly startedAtUtc: string;
}

export type ThresholdRow = ThresholdFields & { readonly id: number };

export interface RequestStatements {
  readonly insertRequest: Statement<[RequestRow]>;
  readonly insertEmbedding: Statement<[EmbeddingRow]>;
  readonly touchRequest: Statement<[]>;
  readonly touchEmbedding: Statement<[]>;
  readonly hasDecision: Statement<[decisionId: string]>;
  readonly upsertFeedback: Statement<[FeedbackRow]>;
  readonly insertThreshold: Statement<[ThresholdFields]>;
  readonly latestThreshold: Statement<[router: string, routerVersion: string], ThresholdRow>;
  readonly newestScores: Statement<[string, string, newest: number], ScoreRow>;
  readonly thresholdsAfter: Statement<[id: number], ThresholdRow>;
  readonly lastThresholdId: Statement<[], number>;
  readonly markTakenUp: Statement<[nowUtc: string, id: number]>;
}

/** Everything that the server asks of the database, prepared once. */
export function prepareRequestStatements(database: Database): RequestStatements {
  const columns = requestColumns.join(', ');
  const values = requestColumns.map((column) => `@${column}`).join(', ');
  return {
    // A batch may be sent again when the writer died before it could answer.
    insertRequest: database.prepare(
      `insert into request (${columns}) values (${values}) on conflict (decision_id) do nothing`,
    ),
    insertEmbedding: database.prepare(
      `insert into request_embedding (decision_id, embedder_id, dimensions, vector_f32le)
       values (@decision_id, @embedder_id, @dimensions, @vector_f32le)
       on conflict (decision_id, embedder_id) do nothing`,
    ),
    // Two writes that change nothing: do they go through?
    touchRequest: database.prepare(
      `update request set attempts = attempts where rowid = (select max(rowid) from request)`,
    ),
    touchEmbedding: database.prepare(
      `update request_embedding set dimensions = dimensions
       where rowid = (select max(rowid) from request_embedding)`,
    ),
    hasDecision: database.prepare('select 1 from request where decision_id = ?'),
    upsertFeedback: database.prepare(
      `insert into feedback (decision_id, source, value, comment, created_at_utc, updated_at_utc)
       select decision_id, @source, @value, @comment, @now_utc, @now_utc
       from request where decision_id = @decision_id
       on conflict (decision_id, source) do update set
         value = excluded.value, comment = excluded.comment, updated_at_utc = excluded.updated_at_utc`,
    ),
    insertThreshold: database.prepare(insertThresholdSql),
    latestThreshold: database.prepare(
      `select id, ${thresholdFields} from applied_threshold
       where router = ? and router_version = ? order by id desc limit 1`,
    ),
    newestScores: database.prepare(
      // What a cascade escalated, the score had sent to weak.
      `select score, iif(reason = 'cascade', 'weak', tier) as tier, reason,
         requested_model as requestedModel, started_at_utc as startedAtUtc
       from request
       where router = ? and router_version = ? and score is not null and tier <> 'none'
       order by started_at_utc desc limit ?`,
    ),
    thresholdsAfter: database.prepare(
      `select id, ${thresholdFields} from applied_threshold where id > ? order by id`,
    ),
    lastThresholdId: database
      .prepare<[], number>('select coalesce(max(id), 0) from applied_threshold')
      .pluck(),
    markTakenUp: database.prepare(
      'update applied_threshold set taken_up_at_utc = ? where id = ? and taken_up_at_utc is null',
    ),
  };
}
