import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { deciles } from '../math/quantile.ts';
import { openDatabase } from '../store/database.ts';
import {
  prepareRequestListQueries,
  type RequestListQueries,
} from '../store/request-list-queries.ts';
import { describeSqliteError } from '../store/sqlite-error.ts';
import { prepareTrafficQueries, type TrafficQueries } from '../store/traffic-queries.ts';
import { createQualityReader } from './quality.ts';
import type { FromReader, ReaderAnswer, ReaderData, ReaderQuestion, ReaderQuestions, Revised, ScoresAt, ToReader } from './reader-messages.ts'; // prettier-ignore
import { readRequest } from './request-detail.ts';
import { readTraffic } from './traffic.ts';

/*
 * The dashboard's own thread: it reads the log by a connection that cannot write, so that neither
 * requests nor the writer wait for a sum over a month. Started by `createReader`; speaks the
 * messages of reader-messages.ts.
 */

interface Store {
  readonly database: Database;
  readonly traffic: TrafficQueries;
  readonly requests: RequestListQueries;
  readonly quality: ReturnType<typeof createQualityReader>;
  readonly inode: number;
  /** Differs for each file that is opened. */
  readonly generation: number;
}

interface Kept {
  readonly revision: string;
  readonly body: unknown;
  /** Until then it is given although the log has changed. */
  readonly freshUntilMs: number;
}

/** A sum that took t ms is made again after 4 t at the earliest: a busy log takes a fifth of a core. */
const restFactor = 4;
const mostKept = 20;
/** As many as `calibrate` reads. */
const mostScores = 100_000;
const everything = { fromUtc: '', toUtc: '9' };

const path = resolve((workerData as ReaderData).file);
const kept = new Map<string, Kept>();
let store: Store | null = null;
let generation = 0;

parentPort?.on('message', ({ id, question }: ToReader) => {
  try {
    send({ id, answer: answer(question) });
  } catch (error) {
    send({ id, failure: describeSqliteError(error) });
  }
});

function answer(question: ReaderQuestion): ReaderAnswer {
  const { traffic, requests, quality } = currentStore();
  switch (question.name) {
    case 'traffic': {
      const { known, ...input } = question.input;
      return revised(JSON.stringify(input), known, () =>
        readTraffic(traffic, input, Date.now(), quality),
      );
    }
    case 'requests': {
      const { known, ...input } = question.input;
      const { filter, cursor, limit } = input;
      return revised(JSON.stringify(input), known, () => {
        const rows = requests.list(filter, cursor, limit + 1);
        const page = rows.slice(0, limit);
        const last = rows.length > limit ? page[page.length - 1] : undefined;
        return { requests: page, next: last ? `${last.started_at}_${last.decision_id}` : null };
      });
    }
    case 'scoresAt':
      return scoresAt(traffic, question.input);
    case 'request':
      return readRequest(requests, question.input);
  }
}

function scoresAt(
  queries: TrafficQueries,
  { threshold, ...key }: ReaderQuestions['scoresAt']['input'],
): ScoresAt | null {
  const scores = [...queries.scores(everything, key, mostScores)].map(({ score }) => score);
  if (scores.length === 0) return null;
  const strong = scores.filter((score) => score >= threshold).length;
  const [prompts, strongShare] = [scores.length, strong / scores.length];
  return { prompts, strongShare, deciles: deciles(scores) };
}

/**
 * `data_version` changes when another connection commits, so an unchanged log is not read again. The
 * minute belongs to it because ranges move on.
 */
function revised<Body>(key: string, known: string | null, read: () => Body): Revised<Body> {
  const { database, generation } = currentStore();
  const nowMs = Date.now();
  const dataVersion = String(database.pragma('data_version', { simple: true }));
  const revision = `${generation}.${dataVersion}.${Math.floor(nowMs / 60_000)}`;
  let found = kept.get(key);
  if (found === undefined || (found.revision !== revision && nowMs >= found.freshUntilMs)) {
    // What was deleted meanwhile shall not stay here.
    for (const [old, { freshUntilMs }] of kept) if (freshUntilMs <= nowMs) kept.delete(old);
    const body = read();
    const doneMs = Date.now();
    found = { revision, body, freshUntilMs: doneMs + restFactor * (doneMs - nowMs) };
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
  }
  const body = known === found.revision ? null : (found.body as Body);
  return { revision: found.revision, body };
}

/** The file at `path`: one that was deleted is made anew by the writer, and is another one then. */
function currentStore(): Store {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (store !== null && store.inode === inode) return store;
  store?.database.close();
  store = null;
  const database = openDatabase(path, { mustExist: true, busyTimeoutMs: 1_000 });
  try {
    database.pragma('query_only = ON');
    const traffic = prepareTrafficQueries(database);
    store = {
      ...{ database, traffic },
      quality: createQualityReader(traffic),
      requests: prepareRequestListQueries(database),
      inode: statSync(path).ino,
      generation: ++generation,
    };
    return store;
  } catch (error) {
    database.close();
    throw error;
  }
}

function send(message: FromReader): void {
  parentPort?.postMessage(message);
}
