import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { openDatabase } from './database.ts';
import { deleteOldRequests, foldWriteAheadLog } from './delete-requests.ts';
import type {
  FromLogWorker,
  LogAnswer,
  LogQuestion,
  LogWorkerData,
  ToLogWorker,
} from './log-messages.ts';
import { createLogWriter, type LogWriter } from './log-writer.ts';
import { describeSqliteError } from './sqlite-error.ts';

/*
 * The writer thread: the only place where the server touches its database, and the only writer,
 * so that a lock, a slow disk or a checkpoint never stops the thread that answers requests.
 * Started by `openRequestLog`; speaks the messages of log-messages.ts.
 */

interface Store {
  readonly database: Database;
  readonly writer: LogWriter;
  readonly inode: number;
}

const { file, pollMs, knownThresholdId } = workerData as LogWorkerData;
const path = resolve(file);
let store: Store | null = null;
let lastThresholdId = 0;
let lastHeadState: string | null = null;
let lastDataVersion: unknown = null;
let keepDays: number | null = null;
let sweeps: NodeJS.Timeout | undefined;
/** Thresholds that the server uses now and whose row does not say so yet. */
const takenUp = new Set<number>();
const headsTakenUp = new Set<number>();

const sweepMs = 3_600_000;

start();

function start(): void {
  try {
    lastThresholdId = knownThresholdId ?? currentWriter().lastThresholdId();
    currentWriter();
  } catch (error) {
    send({ kind: 'openFailed', reason: describeSqliteError(error) });
    return; // without a listener on its port the thread ends
  }
  parentPort?.on('message', receive);
  send({ kind: 'ready', knownThresholdId: lastThresholdId });
}

function receive(message: ToLogWorker): void {
  switch (message.kind) {
    case 'write':
      return write(message);
    case 'ask':
      return answer(message.id, message.question);
    case 'watch':
      setInterval(poll, pollMs);
      return;
    case 'takenUp':
      takenUp.add(message.thresholdId);
      return poll();
    case 'headTakenUp':
      headsTakenUp.add(message.headId);
      return poll();
    case 'keep':
      return keep(message.days);
    case 'close':
      store?.database.close();
      process.exit();
  }
}

function write({ rows }: { rows: Parameters<LogWriter['write']>[0] }): void {
  try {
    send({ kind: 'written', ...currentWriter().write(rows) });
  } catch (error) {
    send({ kind: 'writeFailed', reason: describeSqliteError(error) });
  }
}

function answer(id: number, question: LogQuestion): void {
  try {
    send({ kind: 'answer', id, answer: ask(currentWriter(), question) });
  } catch (error) {
    send({ kind: 'answerFailed', id, reason: describeSqliteError(error) });
  }
}

function ask(writer: LogWriter, { name, input }: LogQuestion): LogAnswer {
  switch (name) {
    case 'recordFeedback':
      return writer.recordFeedback(input);
    case 'evidenceOf':
      return writer.evidenceOf(input);
    case 'shadowPast':
      return writer.shadowPast(input);
    case 'appliedThreshold':
      return writer.appliedThreshold(input.router, input.routerVersion);
    case 'loggedScores':
      return writer.loggedScores(input);
    case 'applyThreshold':
      writer.applyThreshold(input);
      lastDataVersion = null; // it does not change by what this connection writes
      poll();
      return null;
    case 'activeHead':
      return writer.activeHead(input.router, input.baseVersion);
  }
}

/** `data_version` changes when another connection commits: an idle poll reads no table. */
function poll(): void {
  try {
    const writer = currentWriter();
    const dataVersion = store?.database.pragma('data_version', { simple: true });
    if (dataVersion !== lastDataVersion) {
      const { thresholds, heads } = writer.changesAfter(lastThresholdId);
      for (const { id, applied } of thresholds) {
        lastThresholdId = id;
        send({ kind: 'applied', thresholdId: id, applied });
      }
      reportHeads(heads);
      lastDataVersion = dataVersion;
    }
    for (const id of takenUp) {
      writer.markTakenUp(id);
      takenUp.delete(id);
    }
    for (const id of headsTakenUp) {
      writer.markHeadTakenUp(id);
      headsTakenUp.delete(id);
    }
  } catch {
    // Locked or damaged just now: the next poll tries again, and failing writes are reported.
  }
}

/** The first look of a thread reports, too: heads may have changed while there was none. */
function reportHeads(state: string): void {
  if (state === lastHeadState) return;
  lastHeadState = state;
  send({ kind: 'headsChanged' });
}

function keep(days: number | null): void {
  keepDays = days;
  clearInterval(sweeps);
  if (days === null) return;
  sweeps = setInterval(() => sweep(), sweepMs);
  sweep();
}

/** One batch at a time, so that rows and questions come in between. */
function sweep(deletedBefore = false): void {
  if (keepDays === null) return;
  try {
    currentWriter();
    if (store === null) return;
    const beforeUtc = new Date(Date.now() - keepDays * 86_400_000).toISOString();
    const { deleted, isLast } = deleteOldRequests(store.database, beforeUtc);
    const hasDeleted = deletedBefore || deleted > 0;
    if (!isLast) setImmediate(sweep, hasDeleted);
    else if (hasDeleted) foldWriteAheadLog(store.database);
  } catch {
    // Locked or damaged just now: the next hour tries again, and failing writes are reported.
  }
}

/**
 * The writer for the file at `path`. A file that was deleted while it was open is made anew: rows
 * would go on into the deleted one and vanish with it.
 */
function currentWriter(): LogWriter {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (store !== null && store.inode === inode) return store.writer;
  if (store !== null) {
    store.database.close();
    store = null;
    lastThresholdId = 0;
  }
  const database = openDatabase(path);
  try {
    store = { database, writer: createLogWriter(database), inode: statSync(path).ino };
  } catch (error) {
    database.close();
    throw error;
  }
  lastDataVersion = null;
  return store.writer;
}

function send(message: FromLogWorker): void {
  parentPort?.postMessage(message);
}
