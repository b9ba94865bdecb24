import { headFields, type AppliedHead } from './applied-head.ts';
import { openDatabase } from './database.ts';
import { vectorOfBlob } from './vector-of-blob.ts';

/** A score with the vector that it was made from. */
export interface ScoredVector {
  readonly startedAtUtc: string;
  readonly score: number;
  readonly embedding: Float32Array;
}

/** What `train` and `models heads` read of heads and their scores, by a connection of its own. */
export interface HeadQueries {
  /** Heads of a router version, or all; newest first. */
  heads(router?: string, baseVersion?: string): AppliedHead[];
  /** Whose vectors the newest requests of a router version have; null: none has any. */
  embedderId(router: string, routerVersion: string): string | null;
  /** Of the newest requests, newest first. */
  scoredVectors(
    router: string,
    routerVersion: string,
    embedderId: string,
    newest: number,
  ): ScoredVector[];
  /** The threshold that the newest request met whose client named none itself. */
  latestThreshold(router: string, routerVersion: string): number | null;
  close(): void;
}

/** @throws ConfigError when there is no log, or it cannot be read */
export function openHeadQueries(file: string): HeadQueries {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  database.pragma('query_only = ON');
  const heads = database.prepare<[Record<string, string | null>], AppliedHead>(
    `select ${headFields} from applied_head
     where router = coalesce(@router, router) and base_version = coalesce(@baseVersion, base_version)
     order by id desc`,
  );
  const embedderId = database
    .prepare<[string, string], string>(
      `select e.embedder_id from request r join request_embedding e using (decision_id)
       where r.router = ? and r.router_version = ? and r.score is not null
       order by r.started_at_utc desc limit 1`,
    )
    .pluck();
  const scored = database.prepare<
    [string, string, string, number],
    Omit<ScoredVector, 'embedding'> & { readonly vector: Buffer }
  >(
    `select r.started_at_utc as startedAtUtc, r.score, e.vector_f32le as vector
     from request r join request_embedding e using (decision_id)
     where r.router = ? and r.router_version = ? and r.score is not null and e.embedder_id = ?
     order by r.started_at_utc desc limit ?`,
  );
  const threshold = database
    .prepare<[string, string], number>(
      `select threshold from request
       where router = ? and router_version = ? and score is not null and threshold is not null
         and requested_model not glob 'router@*' and requested_model not glob 'router-*-[.0-9]*'
       order by started_at_utc desc limit 1`,
    )
    .pluck();
  return {
    heads: (router, baseVersion) =>
      heads.all({ router: router ?? null, baseVersion: baseVersion ?? null }),
    embedderId: (router, version) => embedderId.get(router, version) ?? null,
    scoredVectors: (...key) =>
      scored.all(...key).map(({ vector, ...row }) => ({ ...row, embedding: vectorOfBlob(vector) })),
    latestThreshold: (router, version) => threshold.get(router, version) ?? null,
    close() {
      database.close();
    },
  };
}
