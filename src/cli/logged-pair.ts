import { fitsPropensities } from '../calibration/check-propensities.ts';
import { ConfigError } from '../errors.ts';
import type { LearnedFrom } from '../learning/learn-head.ts';
import { deciles, quantile, sorted } from '../math/quantile.ts';
import {
  baseVersionOf,
  baseWinRate,
  correctedWinRate,
  parseLocalHead,
  type LocalHead,
} from '../routing/local-head.ts';
import type { AppliedHead } from '../store/applied-head.ts';
import { readCalibrationRows } from '../store/calibration-queries.ts';
import { openHeadQueries } from '../store/head-queries.ts';
import { openLogQueries } from '../store/log-queries.ts';
import { openOutcomeQueries, type EmbeddedOutcome } from '../store/outcome-queries.ts';

/**
 * All that the log knows of one pair, in terms of the router without any local head. Where the tiers
 * of a version do not fit their propensities (check-propensities.ts), its ratings come without them.
 */
export interface LoggedPair {
  readonly router: string;
  readonly baseVersion: string;
  readonly embedderId: string;
  readonly present: { readonly head: LocalHead; readonly version: string } | null;
  readonly outcomes: readonly LearnedFrom[];
  /** Base win rates and vectors of the newest requests, whichever version scored them. */
  readonly traffic: readonly Scored[];
  /** In force for the present version, by the log; null: no request tells. */
  readonly threshold: number | null;
}

export interface Scored {
  readonly winRate: number;
  readonly embedding: Float32Array;
}

const newestRequests = 5_000;

/** @throws ConfigError when there is no log, or nothing in it that a head can be fitted to */
export function readLoggedPair(db: string, router: string): LoggedPair {
  const baseVersion = latestBaseVersion(db, router);
  const queries = openHeadQueries(db);
  const outcomeQueries = openOutcomeQueries(db);
  try {
    const heads = queries.heads(router, baseVersion);
    const inForce = heads.find(({ withdrawnAtUtc }) => withdrawnAtUtc === null) ?? null;
    const parsed = new Map(heads.map((head) => [head.headVersion, headOf(head)]));
    const versions = [baseVersion, ...parsed.keys()];
    const embedderId =
      versions.map((version) => queries.embedderId(router, version)).find((id) => id !== null) ??
      null;
    if (embedderId === null) throw noVectors(db, router);
    const toBase = (version: string) => {
      const head = parsed.get(version);
      return ({ score, embedding }: { score: number; embedding: Float32Array }): Scored => ({
        winRate: head === undefined ? score : baseWinRate(head, score, embedding),
        embedding,
      });
    };
    const outcomes = versions.flatMap((version) => {
      const isByChance = fitsPropensities(readCalibrationRows(db, router, version));
      return outcomeQueries
        .embeddedOutcomes(router, version, embedderId)
        .map((row) => (isByChance ? row : { ...row, propensity: null }))
        .flatMap((row) => toOutcome(row, toBase(version)(row), inForce));
    });
    const traffic = versions
      .flatMap((version) => {
        const rows = queries.scoredVectors(router, version, embedderId, newestRequests);
        return rows.map((row) => ({ ...row, version }));
      })
      .sort(
        (a, b) => Number(a.startedAtUtc < b.startedAtUtc) - Number(a.startedAtUtc > b.startedAtUtc),
      )
      .slice(0, newestRequests)
      .map((row) => toBase(row.version)(row));
    const presentVersion = inForce?.headVersion ?? baseVersion;
    const presentHead = inForce && (parsed.get(inForce.headVersion) ?? null);
    return {
      ...{ router, baseVersion, embedderId, outcomes, traffic },
      present: presentHead && { head: presentHead, version: presentVersion },
      threshold: queries.latestThreshold(router, presentVersion),
    };
  } finally {
    queries.close();
    outcomeQueries.close();
  }
}

/** What a new head needs, so that the logged traffic is split between the models as it is now. */
export interface MovedThreshold {
  readonly threshold: number;
  readonly strongShare: number;
  readonly prompts: number;
  /** Quantiles 0, 0.1 … 1 of the new scores. */
  readonly scoreDeciles: readonly number[];
}

/** The share of strong calls on the logged traffic at the threshold in force; a half without one. */
export function presentStrongShare({ traffic, threshold, present }: LoggedPair): number {
  if (threshold === null || traffic.length === 0) return 0.5;
  return (
    traffic.filter((one) => scoreOf(present?.head ?? null, one) >= threshold).length /
    traffic.length
  );
}

export function moveThreshold(pair: LoggedPair, head: LocalHead): MovedThreshold {
  const strongShare = presentStrongShare(pair);
  const scores = sorted(pair.traffic.map((one) => scoreOf(head, one)));
  return {
    threshold: quantile(scores, 1 - strongShare),
    strongShare,
    prompts: scores.length,
    scoreDeciles: deciles(scores),
  };
}

function scoreOf(head: LocalHead | null, { winRate, embedding }: Scored): number {
  return head === null ? winRate : correctedWinRate(head, winRate, embedding);
}

function latestBaseVersion(db: string, router: string): string {
  const log = openLogQueries(db);
  try {
    const latest = log.latestVersion(router);
    if (latest !== null) return baseVersionOf(latest.routerVersion);
    throw new ConfigError(
      `The log ${db} has no request that was scored by router ${router}, of ` +
        `${log.counts().requests} in all. Send requests to the model router-${router} of a running ` +
        'server, or train on a file of outcomes with --data FILE.',
    );
  } finally {
    log.close();
  }
}

function headOf({ weights, headVersion }: AppliedHead): LocalHead {
  return parseLocalHead(weights, `the local head ${headVersion}`).head;
}

/** Explicit and judged evidence only; what fell back was not answered by the tier that was rated. */
function toOutcome(
  row: EmbeddedOutcome,
  scored: Scored,
  present: AppliedHead | null,
): LearnedFrom[] {
  const { explicit, strongWin, tier, propensity, sessionHash, promptHash } = row;
  const rating = explicit === null || row.fellBack ? null : { tier, value: explicit, propensity };
  if (rating === null && strongWin === null) return [];
  return [
    {
      ...{ ...scored, strongWin, rating, sessionHash, promptHash },
      promptChars: row.promptChars ?? 4 * (row.promptTokens ?? 0),
      isNewToPresent: present === null || row.startedAtUtc > present.appliedAtUtc,
    },
  ];
}

function noVectors(db: string, router: string): ConfigError {
  return new ConfigError(
    `No request of router ${router} in ${db} has a vector, which a head is fitted to. The routers mf, ` +
      'knn and sw_ranking have vectors; they are logged unless log_embeddings is false or a request is ' +
      'private.',
  );
}
