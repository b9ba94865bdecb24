import type { Database } from 'better-sqlite3';
import { prepareHeadStatements, type ActiveHead } from './applied-head.ts';
import type { Evidence, Finding, ShadowPast, ShadowSince } from './evidence.ts';
import {
  comparisonRow,
  prepareEvidenceStatements,
  signalRow,
  type EvidenceStatements,
} from './evidence-statements.ts';
import { forEachRow, type PackedRows } from './packed-rows.ts';
import type {
  AppliedThreshold,
  Feedback,
  LoggedScores,
  LoggedScoresQuestion,
} from './request-record.ts';
import { requestRow, type RequestFields } from './request-row.ts';
import {
  prepareRequestStatements,
  type RequestStatements,
  type ThresholdRow,
} from './request-statements.ts';
import { readThreshold, thresholdRow } from './threshold-row.ts';
import { describeSqliteError, isRowFault } from './sqlite-error.ts';

export interface WriteResult {
  /** Rows that the database refused; no retry would help them. */
  readonly refused: number;
  /** Why the last of them was refused. */
  readonly refusal: string | null;
}

export interface NumberedThreshold {
  readonly id: number;
  readonly applied: AppliedThreshold;
}

/** What the server does to its database; runs in the writer thread, each method blocks it. */
export interface LogWriter {
  /** All rows in one transaction; an empty batch tries whether writing works. */
  write(rows: PackedRows): WriteResult;
  recordFeedback(feedback: Feedback): boolean;
  evidenceOf(decisionId: string): Evidence | null;
  shadowPast(since: ShadowSince): ShadowPast;
  appliedThreshold(router: string, routerVersion: string): AppliedThreshold | null;
  loggedScores(question: LoggedScoresQuestion): LoggedScores;
  applyThreshold(applied: Omit<AppliedThreshold, 'appliedAtUtc'>): void;
  /**
   * Thresholds that were stored after this one, and what stands for the heads: of one moment, since a head
   * comes with a threshold, which is not news for a server that has taken up the head.
   */
  changesAfter(thresholdId: number): LogChanges;
  lastThresholdId(): number;
  markTakenUp(id: number): void;
  activeHead(router: string, baseVersion: string): ActiveHead | null;
  markHeadTakenUp(id: number): void;
}

export interface LogChanges {
  readonly thresholds: readonly NumberedThreshold[];
  /** Changes whenever a head is applied or withdrawn. */
  readonly heads: string;
}

export function createLogWriter(database: Database): LogWriter {
  const statements = prepareRequestStatements(database);
  const evidence = prepareEvidenceStatements(database);
  const heads = prepareHeadStatements(database);

  const write = database.transaction((rows: PackedRows): WriteResult => {
    if (rows.fields.length === 0 && rows.findings.length === 0) {
      statements.touchRequest.run();
      statements.touchEmbedding.run();
    }
    let refused = 0;
    let refusal: string | null = null;
    const insert = (row: () => void) => {
      try {
        row();
      } catch (error) {
        if (!isRowFault(error)) throw error;
        refused += 1;
        refusal = describeSqliteError(error);
      }
    };
    forEachRow(rows, (fields, vector) => insert(() => insertRow(statements, fields, vector)));
    for (const finding of rows.findings) insert(() => insertFinding(evidence, finding));
    return { refused, refusal };
  });

  return {
    write: (rows) => write.immediate(rows),
    recordFeedback(feedback) {
      const row = {
        decision_id: feedback.decisionId,
        source: feedback.source,
        value: feedback.value,
        comment: feedback.comment,
        now_utc: new Date().toISOString(),
      };
      return statements.upsertFeedback.run(row).changes === 1;
    },
    evidenceOf(decisionId) {
      if (statements.hasDecision.get(decisionId) === undefined) return null;
      return {
        feedback: evidence.feedbackOf.all(decisionId),
        signals: evidence.signalsOf.all(decisionId),
        comparisons: evidence.comparisonsOf.all(decisionId),
      };
    },
    shadowPast({ costSinceMs, countSinceMs }) {
      const [costSince, countSince] = [utc(costSinceMs), utc(countSinceMs)];
      const none = { nanoUsd: 0, comparisons: 0 };
      return evidence.shadowPast.get({ costSince, countSince }) ?? none;
    },
    appliedThreshold(router, routerVersion) {
      const row = statements.latestThreshold.get(router, routerVersion);
      return row === undefined ? null : numbered(row).applied;
    },
    loggedScores({ router, routerVersion, sinceUtc, followedModels, newest }) {
      // Bounded also where nearly all requests bring a threshold of their own.
      const rows = statements.newestScores.all(router, routerVersion, 4 * newest).reverse();
      const since = rows.filter((row) => sinceUtc === null || row.startedAtUtc > sinceUtc);
      return {
        all: since.slice(-newest).map(({ score }) => score),
        followed: rows
          .filter(({ requestedModel }) => followedModels.includes(requestedModel))
          .slice(-newest)
          .map(({ score, tier, reason }) => ({
            score: reason === 'session' ? Infinity : score,
            tier,
          })),
      };
    },
    applyThreshold(applied) {
      statements.insertThreshold.run(thresholdRow(applied));
    },
    changesAfter: database.transaction((id: number) => ({
      thresholds: statements.thresholdsAfter.all(id).map(numbered),
      heads: heads.state(),
    })),
    lastThresholdId: () => statements.lastThresholdId.get() ?? 0,
    markTakenUp(id) {
      statements.markTakenUp.run(new Date().toISOString(), id);
    },
    activeHead: heads.active,
    markHeadTakenUp: heads.markTakenUp,
  };
}

function insertRow(
  statements: RequestStatements,
  fields: RequestFields,
  vector: Float32Array | null,
): void {
  statements.insertRequest.run(requestRow(fields));
  if (vector === null || fields.embedderId === null) return;
  statements.insertEmbedding.run({
    decision_id: fields.decisionId,
    embedder_id: fields.embedderId,
    dimensions: vector.length,
    // Typed arrays are little-endian on every platform that Node's binaries exist for but s390x.
    vector_f32le: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
  });
}

function insertFinding(statements: EvidenceStatements, finding: Finding): void {
  if (finding.kind === 'signal') statements.insertSignal.run(signalRow(finding.signal));
  else statements.insertComparison.run(comparisonRow(finding.comparison));
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}

function numbered({ id, ...applied }: ThresholdRow): NumberedThreshold {
  return { id, applied: readThreshold(applied) };
}
