import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import { ConfigError } from '../errors.ts';
import { openLogQueries } from '../store/log-queries.ts';
import { mapInOrder } from './map-in-order.ts';
import { readPromptFile } from './prompt-file.ts';
import { promptsInFlight, type CreateScorer, type ScorerRequest } from './scorer.ts';

/** Scores to calibrate on, and where they are from. */
export interface ScoreSet {
  readonly scores: Float64Array;
  readonly routerVersion: string;
  /** In words, for the result: "scored requests in pointsman.db". */
  readonly origin: string;
  /** How to get more of them. */
  readonly remedy: string;
}

/** The newest scores of the router version that answered last. @throws ConfigError */
export function scoresOfLog(db: string, router: string): ScoreSet {
  const log = openLogQueries(db);
  try {
    const latest = log.latestVersion(router);
    if (latest === null) {
      throw new ConfigError(
        `The log ${db} has no request that was scored by router ${router}, of ` +
          `${log.counts().requests} in all. Send requests to the model router-${router} of a ` +
          'running server, or name a file of prompts with --prompts FILE.',
      );
    }
    const { routerVersion, strongModel, weakModel } = latest;
    const pair = `strong ${strongModel ?? 'not called yet'}, weak ${weakModel ?? 'not called yet'}`;
    return {
      scores: log.scoresOf(router, routerVersion),
      routerVersion,
      origin: `scored requests in ${db} (${pair}; router version ${routerVersion})`,
      remedy: 'Send more requests, or name a file of prompts with --prompts FILE.',
    };
  } finally {
    log.close();
  }
}

/** Scores the prompts of a file. @throws ConfigError */
export async function scoresOfFile(
  file: string,
  request: ScorerRequest,
  createScorer: CreateScorer,
  stderr: Writable,
): Promise<ScoreSet> {
  const scorer = await createScorer(request);
  const bar = createProgressBar(stderr);
  try {
    if (bar !== null) bar.start(await countPrompts(file), 0);
    const { router } = scorer;
    const score = async (prompt: string | null) =>
      prompt === null ? null : (await router.score(prompt)).winRate;
    const scores: number[] = [];
    let withoutText = 0;
    for await (const winRate of mapInOrder(readPromptFile(file), promptsInFlight, score)) {
      if (winRate === null) withoutText += 1;
      else {
        scores.push(winRate);
        bar?.increment();
      }
    }
    const leftOut = withoutText === 0 ? '' : `, ${withoutText} without text left out`;
    return {
      scores: Float64Array.from(scores),
      routerVersion: router.version,
      origin: `prompts of ${file}${leftOut} (strong ${request.strongModel}, weak ${request.weakModel}; router version ${router.version})`,
      remedy: 'Name a file with more prompts.',
    };
  } finally {
    bar?.stop();
    await scorer.close();
  }
}

function createProgressBar(stderr: Writable): SingleBar | null {
  if (!('isTTY' in stderr) || stderr.isTTY !== true) return null;
  const format = 'scoring prompts [{bar}] {value}/{total}, {eta_formatted} left';
  return new SingleBar({ format, stream: stderr, clearOnComplete: true });
}

async function countPrompts(file: string): Promise<number> {
  let count = 0;
  for await (const prompt of readPromptFile(file)) count += prompt === null ? 0 : 1;
  return count;
}
