import type { Database } from 'better-sqlite3';
import { ConfigError } from '../errors.ts';
import { openDatabase } from './database.ts';
import type { Comparison } from './evidence.ts';
import { comparisonRow, prepareEvidenceStatements } from './evidence-statements.ts';
import { namesOwnPair } from './own-pair.ts';
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
  /** Its comparison is evidence: the models to be compared answer for the tiers of its router. */
  readonly isOfOwnPair: boolean;
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
  /** Model ids that answered scored requests as this tier, fallbacks aside. */
  modelsOf(tier: 'strong' | 'weak'): string[];
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
    prompts: (ids, sample, limit) =>
      statements.prompts[sample]
        .all({ ...ids, limit })
        .map((row) => ({ ...row, isOfOwnPair: row.isOfOwnPair === 1 })),
    modelsOf: (tier) => statements.modelsOf.all(tier),
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

type PromptRow = Omit<LoggedPrompt, 'isOfOwnPair'> & { readonly isOfOwnPair: number };

function prepareLabelStatements(database: Database) {
  // Of a group SQLite takes the other columns from the row with the maximum. Ids are random.
  const prompts = (order: string) =>
    database.prepare<[ComparedIds & { readonly limit: number }], PromptRow>(
      `select decisionId, text, ${namesOwnPair('@strongModel', '@weakModel')} as isOfOwnPair from (
         select r.decision_id as decisionId, r.prompt_text as text, r.score, r.threshold,
           r.router, r.router_version, max(r.started_at_utc) as startedAtUtc
         from request r where ${fitting} and r.prompt_text not in ${compared}
         group by r.prompt_text
       ) r order by ${order}, decisionId limit @limit`,
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
    modelsOf: database
      .prepare<[string], string>(
        `select distinct upstream_model from request
         where tier = ? and score is not null and fallbacks = 0 and upstream_model > ''
         order by upstream_model`,
      )
      .pluck(),
    meanAnswerTokens: database
      .prepare<[string], number | null>(
        `select avg(completion_tokens) from request
         where tier = ? and fallbacks = 0 and outcome = 'done' and completion_tokens > 0`,
      )
      .pluck(),
  };
}
