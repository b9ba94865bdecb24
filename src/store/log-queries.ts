import type { Database } from 'better-sqlite3';
import { openDatabase } from './database.ts';
import type { AppliedThreshold } from './request-record.ts';
import { readThreshold, thresholdFields, type ThresholdFields } from './threshold-row.ts';

/**
 * The router version that is asked now, with the models that it was seen to choose between: the one that
 * answered last, or where a local head was applied or withdrawn since, the one with that head or without.
 */
export interface LoggedVersion {
  readonly routerVersion: string;
  /** Model ids as sent upstream; null for a tier that has not been chosen yet. */
  readonly strongModel: string | null;
  readonly weakModel: string | null;
}

export interface LogCounts {
  readonly requests: number;
  /** Requests that were decided by a score, of every router. */
  readonly scored: number;
  readonly feedback: number;
}

/** What the offline commands read from the log, by a connection of their own. */
export interface LogQueries {
  latestVersion(router: string): LoggedVersion | null;
  /** The newest scores of one router version, newest first. */
  scoresOf(router: string, routerVersion: string, newest?: number): Float64Array;
  /** As `scoresOf`, of requests after a time (ISO 8601, UTC) only. */
  scoresAfter(
    router: string,
    routerVersion: string,
    afterUtc: string,
    newest: number,
  ): Float64Array;
  /** The newest calibration that was applied for a router version. */
  appliedThreshold(router: string, routerVersion: string): AppliedThreshold | null;
  counts(): LogCounts;
  close(): void;
}

/** @throws ConfigError when there is no log, or it cannot be read */
export function openLogQueries(file: string): LogQueries {
  // Opened like the server's, so that an older file is brought up to date; then nothing is written.
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  database.pragma('query_only = ON');
  const statements = prepareLogStatements(database);

  return {
    latestVersion(router) {
      const routerVersion = statements.latestVersion.get({ router });
      if (routerVersion === undefined) return null;
      const modelOf = (tier: string) => statements.latestModel.get(router, routerVersion, tier);
      return {
        routerVersion,
        strongModel: modelOf('strong') ?? null,
        weakModel: modelOf('weak') ?? null,
      };
    },
    scoresOf: (router, routerVersion, newest = 100_000) =>
      Float64Array.from(statements.scores.all(router, routerVersion, newest)),
    scoresAfter: (router, routerVersion, afterUtc, newest) =>
      Float64Array.from(statements.scoresAfter.all(router, routerVersion, afterUtc, newest)),
    appliedThreshold(router, routerVersion) {
      const row = statements.latestThreshold.get(router, routerVersion);
      return row === undefined ? null : readThreshold(row);
    },
    counts: () => statements.counts.get() ?? { requests: 0, scored: 0, feedback: 0 },
    close() {
      database.close();
    },
  };
}

function prepareLogStatements(database: Database) {
  return {
    latestVersion: database
      .prepare<[{ router: string }], string>(
        `with seen as (
           select router_version as version from request
           where router = @router and router_version is not null and score is not null
           group by router_version order by max(started_at_utc) desc limit 1
         ), base as (
           select coalesce(
             (select base_version from applied_head h
              where h.router = @router and h.head_version = version limit 1), version) as version
           from seen
         )
         select coalesce(
           (select head_version from applied_head h
            where h.router = @router and h.base_version = version and withdrawn_at_utc is null
            order by id desc limit 1), version)
         from base`,
      )
      .pluck(),
    latestModel: database
      .prepare<[string, string, string], string>(
        `select upstream_model from request
         where router = ? and router_version = ? and score is not null and tier = ?
           and fallbacks = 0
         order by started_at_utc desc limit 1`,
      )
      .pluck(),
    scores: database
      .prepare<[string, string, number], number>(
        `select score from request
         where router = ? and router_version = ? and score is not null
         order by started_at_utc desc limit ?`,
      )
      .pluck(),
    scoresAfter: database
      .prepare<[string, string, string, number], number>(
        `select score from request
         where router = ? and router_version = ? and score is not null and started_at_utc > ?
         order by started_at_utc desc limit ?`,
      )
      .pluck(),
    latestThreshold: database.prepare<[string, string], ThresholdFields>(
      `select ${thresholdFields} from applied_threshold
       where router = ? and router_version = ? order by id desc limit 1`,
    ),
    counts: database.prepare<[], LogCounts>(
      `select (select count(*) from request) as requests,
         (select count(*) from request where score is not null) as scored,
         (select count(*) from feedback) as feedback`,
    ),
  };
}
