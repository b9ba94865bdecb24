import type { Database } from 'better-sqlite3';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * The schema's history. Append, never edit: the name is a step's identity, and a file in the
 * field remembers which names it has seen. What the columns mean is in docs/data.md.
 */
export const migrations: readonly Migration[] = [
  {
    name: '0001-request',
    sql: `
      create table request (
        decision_id text primary key,
        request_id text not null,
        started_at_utc text not null,
        endpoint text not null,
        router text,
        router_version text,
        score real,
        threshold real,
        tier text not null check (tier in ('strong', 'weak', 'none')),
        reason text not null,
        requested_model text not null,
        answered_model text,
        upstream_model text not null,
        upstream_url text not null,
        status integer not null,
        is_stream integer not null check (is_stream in (0, 1)),
        outcome text not null,
        error_code text,
        finish_reason text,
        prompt_tokens integer,
        completion_tokens integer,
        is_usage_estimated integer not null check (is_usage_estimated in (0, 1)),
        attempts integer not null,
        fallbacks integer not null,
        deployment_id text,
        duration_ms real not null,
        ttft_ms real,
        decision_ms real not null,
        cost_nano_usd integer,
        prompt_text text,
        prompt_sha256 text,
        client_retry_count integer
      ) strict;

      -- Calibration reads the newest scores of one router version from this index alone.
      create index request_scored on request (router, router_version, started_at_utc, score)
        where reason = 'score';
      create index request_started on request (started_at_utc);

      create table request_embedding (
        decision_id text not null references request (decision_id) on delete cascade,
        embedder_id text not null,
        dimensions integer not null,
        vector_f32le blob not null,
        primary key (decision_id, embedder_id)
      ) strict;`,
  },
  {
    name: '0002-feedback',
    sql: `
      create table feedback (
        decision_id text not null references request (decision_id) on delete cascade,
        source text not null,
        value real not null check (value between 0 and 1),
        comment text,
        created_at_utc text not null,
        updated_at_utc text not null,
        primary key (decision_id, source)
      ) strict;`,
  },
  {
    name: '0003-applied-threshold',
    sql: `
      create table applied_threshold (
        id integer primary key autoincrement,
        router text not null,
        router_version text not null,
        threshold real not null,
        strong_share real not null,
        prompts integer not null,
        applied_at_utc text not null,
        taken_up_at_utc text
      ) strict;
      create index applied_threshold_latest on applied_threshold (router, router_version, id);`,
  },
  {
    name: '0004-outcomes',
    sql: `
      alter table request add column reason_detail text;
      alter table request add column propensity real check (propensity > 0 and propensity <= 1);
      alter table request add column prompt_chars integer;
      alter table request add column session_hash text;
      alter table request add column is_private integer not null default 0
        check (is_private in (0, 1));
      alter table request add column confidence real;
      alter table request add column discarded_cost_nano_usd integer;

      -- Explored and escalated requests have a score, too.
      drop index request_scored;
      create index request_scored on request (router, router_version, started_at_utc, score)
        where score is not null;
      create index request_session on request (session_hash, started_at_utc)
        where session_hash is not null;
      create index request_prompt on request (prompt_sha256, started_at_utc)
        where prompt_sha256 is not null;

      create table signal (
        decision_id text not null references request (decision_id) on delete cascade,
        kind text not null,
        value real not null check (value between 0 and 1),
        created_at_utc text not null,
        primary key (decision_id, kind)
      ) strict;

      create table comparison (
        decision_id text not null references request (decision_id) on delete cascade,
        origin text not null check (origin in ('shadow', 'label')),
        judge_model text not null,
        strong_model text not null,
        weak_model text not null,
        strong_win real not null check (strong_win between 0 and 1),
        first_verdict text not null check (first_verdict in ('strong', 'weak', 'tie')),
        second_verdict text not null check (second_verdict in ('strong', 'weak', 'tie')),
        strong_cost_nano_usd integer,
        weak_cost_nano_usd integer,
        judge_cost_nano_usd integer,
        created_at_utc text not null,
        primary key (decision_id, judge_model, strong_model, weak_model)
      ) strict;

      alter table applied_threshold add column goal text not null default 'strong_share';
      alter table applied_threshold add column score_deciles text;

      create table applied_head (
        id integer primary key autoincrement,
        router text not null,
        base_version text not null,
        head_version text not null,
        weights blob not null,
        report_json text not null,
        applied_at_utc text not null,
        taken_up_at_utc text,
        withdrawn_at_utc text
      ) strict;
      create index applied_head_latest on applied_head (router, base_version, id);`,
  },
  {
    name: '0005-failed-calls',
    sql: 'alter table request add column failed_calls text',
  },
  {
    name: '0006-answered-index',
    sql: `
      -- Which models answer for the tiers of a router version (own-pair.ts).
      create index request_answered on request (router, router_version, tier, upstream_model)
        where score is not null and fallbacks = 0;`,
  },
  {
    name: '0007-cached-tokens',
    sql: 'alter table request add column cached_tokens integer',
  },
];

/** Runs the steps that the file has not seen, each in one transaction with its record. */
export function migrate(database: Database, steps = migrations): void {
  const seen = appliedNames(database);
  const missing = steps.filter(({ name }) => !seen.has(name));
  if (missing.length === 0) return; // takes no lock: an up-to-date file opens while another writes

  database
    .transaction(() => {
      database.exec(
        'create table if not exists migration (name text primary key, applied_at_utc text not null) strict',
      );
    })
    .immediate();
  const record = database.prepare('insert into migration (name, applied_at_utc) values (?, ?)');
  const isApplied = database.prepare('select 1 from migration where name = ?');
  const step = database.transaction((name: string, sql: string) => {
    if (isApplied.get(name) !== undefined) return; // another process was faster
    database.exec(sql);
    record.run(name, new Date().toISOString());
  });
  for (const { name, sql } of missing) step.immediate(name, sql);
}

function appliedNames(database: Database): ReadonlySet<string> {
  const table = database.prepare(`select 1 from sqlite_master where name = 'migration'`).get();
  if (table === undefined) return new Set();
  const names = database.prepare<[], string>('select name from migration').pluck().all();
  return new Set(names);
}
