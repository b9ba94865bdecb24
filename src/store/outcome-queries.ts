import type { Database } from 'better-sqlite3';
import { openDatabase } from './database.ts';
import { isOfOwnPair } from './own-pair.ts';
import { vectorOfBlob } from './vector-of-blob.ts';

/**
 * A scored request with what is known of its outcome. The three kinds of evidence stand apart: what
 * was said (`explicit`), what a judge found by comparing both models (`strongWin`), and what the
 * answer showed by itself (`implicit`).
 */
export interface LoggedOutcome {
  readonly decisionId: string;
  readonly startedAtUtc: string;
  /** Win rate by the router version asked for, 0..1. */
  readonly score: number;
  /** Who was to answer. */
  readonly tier: 'strong' | 'weak';
  /** True when another group than the decided one answered, or none. */
  readonly fellBack: boolean;
  /** How likely `tier` was to be chosen, in (0, 1]; null in rows older than propensities. */
  readonly propensity: number | null;
  /** UTF-16 units of the scored text. */
  readonly promptChars: number | null;
  readonly promptTokens: number | null;
  /** Conversation and prompt, hashed; null where the log has none. */
  readonly sessionHash: string | null;
  readonly promptHash: string | null;
  readonly completionTokens: number | null;
  /** Of the answer given, in 1e-9 US dollars. */
  readonly costNanoUsd: number | null;
  /** Mean of all feedback on the answer given, 0..1; null without any. */
  readonly explicit: number | null;
  /** Mean over judges: 1 the strong answer is better, 0.5 tie, 0 the weak one; null: not compared. */
  readonly strongWin: number | null;
  /** Lowest value of the answer's signals, 0..1; null when it shows nothing. */
  readonly implicit: number | null;
}

export interface EmbeddedOutcome extends LoggedOutcome {
  /** The sentence vector that the score was made from. */
  readonly embedding: Float32Array;
}

/** By a connection of its own, which reads only. */
export interface OutcomeQueries {
  /** Requests of one router version with any evidence, oldest first. */
  outcomes(router: string, routerVersion: string): LoggedOutcome[];
  /** The same, those that have a vector of `embedderId`. */
  embeddedOutcomes(router: string, routerVersion: string, embedderId: string): EmbeddedOutcome[];
  close(): void;
}

/** @throws ConfigError when there is no log, or it cannot be read */
export function openOutcomeQueries(file: string): OutcomeQueries {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  database.pragma('query_only = ON');
  const plain = prepareOutcomes(database, '', '');
  const embedded = prepareOutcomes(
    database,
    ', e.vector_f32le as vector',
    'join request_embedding e on e.decision_id = r.decision_id and e.embedder_id = @embedderId',
  );
  return {
    outcomes: (router, routerVersion) =>
      plain.all({ router, routerVersion, embedderId: '' }).map(toOutcome),
    embeddedOutcomes: (router, routerVersion, embedderId) =>
      embedded
        .all({ router, routerVersion, embedderId })
        .map((row) => ({ ...toOutcome(row), embedding: vectorOfBlob(row.vector!) })),
    close() {
      database.close();
    },
  };
}

type OutcomeRow = Omit<LoggedOutcome, 'fellBack'> & {
  readonly fallbacks: number;
  readonly vector?: Buffer;
};

interface OutcomeKey {
  readonly router: string;
  readonly routerVersion: string;
  readonly embedderId: string;
}

function prepareOutcomes(database: Database, fields: string, join: string) {
  return database.prepare<[OutcomeKey], OutcomeRow>(
    `select r.decision_id as decisionId, r.started_at_utc as startedAtUtc, r.score, r.tier,
       r.fallbacks, r.session_hash as sessionHash, r.prompt_sha256 as promptHash, r.propensity, r.prompt_chars as promptChars, r.prompt_tokens as promptTokens,
       r.completion_tokens as completionTokens, r.cost_nano_usd as costNanoUsd,
       f.explicit, c.strongWin, s.implicit ${fields}
     from request r ${join}
     left join (select decision_id, avg(value) as explicit from feedback group by decision_id) f
       on f.decision_id = r.decision_id
     left join (
       select c.decision_id, avg(strong_win) as strongWin
       from comparison c join request r on r.decision_id = c.decision_id
       where ${isOfOwnPair} group by c.decision_id
     ) c on c.decision_id = r.decision_id
     left join (select decision_id, min(value) as implicit from signal group by decision_id) s
       on s.decision_id = r.decision_id
     where r.router = @router and r.router_version = @routerVersion and r.score is not null
       and r.tier in ('strong', 'weak')
       and coalesce(f.explicit, c.strongWin, s.implicit) is not null
     order by r.started_at_utc, r.decision_id`,
  );
}

function toOutcome({ fallbacks, vector: _vector, ...row }: OutcomeRow): LoggedOutcome {
  return { ...row, fellBack: fallbacks > 0 };
}
