import { openDatabase } from './database.ts';

/** Mean feedback on the answers of one model to one prompt text. */
export interface JudgedAnswer {
  readonly promptText: string;
  readonly upstreamModel: string;
  readonly value: number;
}

export interface FeedbackCounts {
  readonly requests: number;
  /** Requests with feedback, in all and by tier. */
  readonly judged: number;
  readonly strong: number;
  readonly weak: number;
  /** Requests with feedback whose text was stored (`log_prompts: full`). */
  readonly withText: number;
  /** Stored comparisons of two answers, which are no feedback. */
  readonly comparisons: number;
}

export interface FeedbackLog {
  readonly counts: FeedbackCounts;
  readonly answers: readonly JudgedAnswer[];
}

/** @throws ConfigError when there is no log, or it cannot be read */
export function readFeedback(file: string): FeedbackLog {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  try {
    database.pragma('query_only = ON');
    const counts = database
      .prepare<[], FeedbackCounts>(
        `with judged as (
           select * from request r
           where exists (select 1 from feedback f where f.decision_id = r.decision_id)
         )
         select (select count(*) from request) as requests,
           count(*) as judged,
           coalesce(sum(tier = 'strong'), 0) as strong,
           coalesce(sum(tier = 'weak'), 0) as weak,
           count(prompt_text) as withText,
           (select count(*) from comparison) as comparisons
         from judged`,
      )
      .get();
    if (counts === undefined) throw new Error('a count gave no row');
    const answers = database
      .prepare<[], JudgedAnswer>(
        `select r.prompt_text as promptText, r.upstream_model as upstreamModel, avg(f.value) as value
         from request r join feedback f on f.decision_id = r.decision_id
         where r.prompt_text is not null
         group by r.prompt_text, r.upstream_model
         order by min(r.started_at_utc), r.upstream_model`,
      )
      .all();
    return { counts, answers };
  } finally {
    database.close();
  }
}
