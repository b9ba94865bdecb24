import type { Database } from 'better-sqlite3';
import { ConfigError } from '../errors.ts';
import { openDatabase } from './database.ts';
import type { Comparison } from './evidence.ts';
import { comparisonRow, prepareEvidenceStatements } from './evidence-statements.ts';
import { describeSqliteError } from './sqlite-error.ts';

/** The models of a comparison, by the ids that are sent upstream. */
export interface ComparedIds {
  readonly strongModel: string;
  readonly weakModel: string;
  readonly judgeModel: string;
}

/** Which prompts come first: in an order by chance, nearest to their threshold, newest. */
export type LabelSample = 'random' | 'uncertain' | 'recent';

export interface LoggedPrompt {
  /** The newest request with this text. */
  readonly decisionId: string;
  readonly text: string;
}

export interface LabelCounts {
  /** Different texts of scored requests. */
  readonly prompts: number;
  /** Of these, those that these models have been compared on. */
  readonly compared: number;
}

/** What `pointsman label` reads and writes, by a connection of its own beside a server's. */
export interface LabelLog {
  counts(ids: ComparedIds): LabelCounts;
  /** Texts that these models have not been compared on yet, each once. */
  prompts(ids: ComparedIds, sample: LabelSample, limit: number): LoggedPrompt[];
  /** Mean length of a tier's answers in tokens; null before there is one. */
  meanAnswerTokens(tier: 'strong' | 'weak'): number | null;
  /** @throws ConfigError when the database cannot be written */
  store(comparison: Comparison): void;
  close(): void;
}

/** @throws ConfigError when there is no log, or it cannot be read */
export function openLabelLog(file: string): LabelLog {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 5_000 });
  const statements = prepareLabelStatements(database);
  const { insertComparison } = prepareEvidenceStatements(database);
  return {
    counts: (ids) => statements.counts.get(ids) ?? { prompts: 0, compared: 0 },
    prompts: (ids, sample, limit) => statements.prompts[sample].all({ ...ids, limit }),
    meanAnswerTokens: (tier) => statements.meanAnswerTokens.get(tier) ?? null,
    store(comparison) {
      try {
        insertComparison.run(comparisonRow(comparison));
      } catch (cause) {
        throw new ConfigError(
          `Cannot store a comparison in ${file}: ${describeSqliteError(cause)}. ` +
            'What was stored before stays; run the command again to go on.',
          { cause },
        );
      }
    },
    close() {
      database.close();
    },
  };
}

/** A private request has no text in the log. */
const fitting = 'r.score is not null and r.prompt_text is not null';
const compared = `(select o.prompt_text from comparison c
  join request o on o.decision_id = c.decision_id
  where c.judge_model = @judgeModel and c.strong_model = @strongModel
    and c.weak_model = @weakModel and o.prompt_text is not null)`;

function prepareLabelStatements(database: Database) {
  // Of a group SQLite takes the other columns from the row with the maximum. Ids are random.
  const prompts = (order: string) =>
    database.prepare<[ComparedIds & { readonly limit: number }], LoggedPrompt>(
      `select decisionId, text from (
         select r.decision_id as decisionId, r.prompt_text as text, r.score, r.threshold,
           max(r.started_at_utc) as startedAtUtc
         from request r where ${fitting} and r.prompt_text not in ${compared}
         group by r.prompt_text
       ) order by ${order}, decisionId limit @limit`,
    );
  return {
    prompts: {
      random: prompts('decisionId'),
      uncertain: prompts('abs(score - threshold)'),
      recent: prompts('startedAtUtc desc'),
    } satisfies Record<LabelSample, unknown>,
    counts: database.prepare<[ComparedIds], LabelCounts>(
      `select count(distinct r.prompt_text) as prompts,
         count(distinct case when r.prompt_text in ${compared} then r.prompt_text end) as compared
       from request r where ${fitting}`,
    ),
    meanAnswerTokens: database
      .prepare<[string], number | null>(
        `select avg(completion_tokens) from request
         where tier = ? and fallbacks = 0 and outcome = 'done' and completion_tokens > 0`,
      )
      .pluck(),
  };
}
