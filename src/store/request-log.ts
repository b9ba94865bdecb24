import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../errors.ts';
import type {
  FromLogWorker,
  LogAnswer,
  LogQuestion,
  LogQuestions,
  LogWorkerData,
} from './log-messages.ts';
import { LogUnavailableError } from './log-unavailable-error.ts';
import { packRows } from './packed-rows.ts';
import type { AppliedThreshold, RequestLog } from './request-record.ts';
import { startLogWorker, startWriterThread, type StartLogWorker } from './writer-thread.ts';
import { WriteQueue } from './write-queue.ts';

export interface RequestLogOptions {
  readonly file: string;
  /** Longest time that a row waits before it is handed to the writer. */
  readonly flushMs?: number;
  /** Rows of a batch. */
  readonly flushRows?: number;
  /** How often applied thresholds are looked for. */
  readonly pollMs?: number;
  /** How long a row that cannot be written is kept and tried again. */
  readonly keepMs?: number;
  /** How long feedback and thresholds wait, first for queued rows and then for the answer. */
  readonly answerMs?: number;
  /** How long `close` tries to write what is left. */
  readonly closeMs?: number;
  /** Told why rows wait or are lost, each time the reason changes; null: writing works again. */
  readonly onFailure?: (failure: string | null) => void;
}

interface OpenQuestion {
  readonly resolve: (answer: LogAnswer) => void;
  readonly reject: (error: LogUnavailableError) => void;
  readonly timer: NodeJS.Timeout;
}

/** What may wait; over it new rows are dropped and counted. */
const maxQueuedRows = 10_000;
const maxQueuedBytes = 64 * 1024 * 1024;
const retryMs = 200;
/** How long a closing writer may take for the last checkpoint. */
const stopMs = 2_000;

/** @throws ConfigError when the database cannot be opened */
export async function openRequestLog(
  options: RequestLogOptions,
  startWorker: StartLogWorker = startLogWorker,
): Promise<RequestLog> {
  const answerMs = options.answerMs ?? 2_000;
  const listeners: ((applied: AppliedThreshold) => boolean | void)[] = [];
  const headListeners: (() => void)[] = [];
  const questions = new Map<number, OpenQuestion>();
  let lastQuestionId = 0;
  let knownThresholdId: number | null = null;
  let keepDays: number | null = null;

  const queue = new WriteQueue({
    flushMs: options.flushMs ?? 50,
    flushRows: options.flushRows ?? 100,
    maxRows: maxQueuedRows,
    maxBytes: maxQueuedBytes,
    retryMs,
    keepMs: options.keepMs ?? 30_000,
    send(writes) {
      const records = writes.flatMap((write) => (write.kind === 'request' ? [write.record] : []));
      const findings = writes.filter((write) => write.kind !== 'request');
      const rows = packRows(records, findings);
      thread.post({ kind: 'write', rows }, [rows.vectors.buffer]);
    },
    onFailure: (failure) => options.onFailure?.(failure),
  });

  const thread = await startWriterThread({
    startWorker,
    workerData: (): LogWorkerData => ({
      file: options.file,
      pollMs: options.pollMs ?? 200,
      knownThresholdId,
    }),
    onMessage: receive,
    onStopped(reason) {
      queue.hold(reason);
      refuseQuestions(reason);
    },
  }).catch((error: unknown) => {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  });

  function receive(message: FromLogWorker): void {
    switch (message.kind) {
      case 'ready':
        knownThresholdId = message.knownThresholdId;
        queue.resume();
        if (listeners.length + headListeners.length > 0) thread.post({ kind: 'watch' });
        if (keepDays !== null) thread.post({ kind: 'keep', days: keepDays });
        break;
      case 'openFailed':
        break; // the thread ends now, and its end is handled
      case 'written':
        queue.confirm(message.refused);
        if (message.refusal !== null) {
          options.onFailure?.(`${message.refused} rows were refused: ${message.refusal}`);
        }
        break;
      case 'writeFailed':
        queue.fail(message.reason);
        break;
      case 'answer':
        settle(message.id, message.answer);
        break;
      case 'answerFailed':
        settle(message.id, new LogUnavailableError(message.reason));
        break;
      case 'applied':
        takeUp(message.thresholdId, message.applied);
        break;
      case 'headsChanged':
        for (const listener of headListeners) listener();
    }
  }

  function takeUp(thresholdId: number, applied: AppliedThreshold): void {
    knownThresholdId = thresholdId;
    const isUsed = listeners.map((listener) => listener(applied)).some((used) => used !== false);
    if (isUsed) thread.post({ kind: 'takenUp', thresholdId });
  }

  function ask<Name extends keyof LogQuestions>(
    name: Name,
    input: LogQuestions[Name]['input'],
  ): Promise<LogQuestions[Name]['answer']> {
    const id = ++lastQuestionId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        settle(id, new LogUnavailableError(`no answer within ${answerMs} ms`));
      }, answerMs);
      questions.set(id, { resolve, reject, timer });
      thread.post({ kind: 'ask', id, question: { name, input } as LogQuestion });
    });
  }

  function settle(id: number, result: LogAnswer | LogUnavailableError): void {
    const question = questions.get(id);
    if (question === undefined) return;
    questions.delete(id);
    clearTimeout(question.timer);
    if (result instanceof LogUnavailableError) question.reject(result);
    else question.resolve(result);
  }

  function refuseQuestions(reason: string): void {
    for (const id of questions.keys()) settle(id, new LogUnavailableError(reason));
  }

  /** An unknown decision may still be in the queue when that could not be emptied in time. */
  async function askAfterFlush<Answer>(
    question: () => Promise<Answer>,
    isUnknown: (answer: Answer) => boolean,
  ): Promise<Answer> {
    const isFlushed = await within(queue.flush(), answerMs);
    const answer = await question();
    if (!isFlushed && isUnknown(answer)) {
      throw new LogUnavailableError(queue.state().failure ?? 'too many rows are waiting');
    }
    return answer;
  }

  return {
    append: (record) => queue.append({ kind: 'request', record }),
    appendSignal: (signal) => queue.append({ kind: 'signal', signal }),
    appendComparison: (comparison) => queue.append({ kind: 'comparison', comparison }),
    recordFeedback: (feedback) =>
      askAfterFlush(
        () => ask('recordFeedback', feedback),
        (isKnown) => !isKnown,
      ),
    evidenceOf: (decisionId) =>
      askAfterFlush(
        () => ask('evidenceOf', decisionId),
        (evidence) => evidence === null,
      ),
    shadowPast: (since) => ask('shadowPast', since),
    appliedThreshold: (router, routerVersion) => ask('appliedThreshold', { router, routerVersion }),
    loggedScores: (question) => ask('loggedScores', question),
    applyThreshold: async (applied) => void (await ask('applyThreshold', applied)),
    onThresholdApplied(listener) {
      listeners.push(listener);
      if (listeners.length + headListeners.length === 1) thread.post({ kind: 'watch' });
    },
    activeHead: (router, baseVersion) => ask('activeHead', { router, baseVersion }),
    onHeadsChanged(listener) {
      headListeners.push(listener);
      if (listeners.length + headListeners.length === 1) thread.post({ kind: 'watch' });
    },
    headTakenUp: (id) => thread.post({ kind: 'headTakenUp', headId: id }),
    keep(days) {
      keepDays = days;
      thread.post({ kind: 'keep', days });
    },
    state: () => queue.state(),
    flush: () => queue.flush(),
    async close() {
      queue.close();
      await within(queue.flush(), options.closeMs ?? 3_000);
      const { failure } = queue.state();
      // What the writer has in hand it may still finish while it stops.
      await thread.stop(stopMs);
      const { queued } = queue.state();
      queue.abandon();
      if (queued > 0) options.onFailure?.(lossAtClose(queued, failure));
      refuseQuestions('it is closed');
    },
  };
}

function lossAtClose(rows: number, failure: string | null): string {
  const what = rows === 1 ? '1 row was' : `${rows} rows were`;
  return `${what} not written before the end, and lost (${failure ?? 'it took too long'})`;
}

/** True when the work is done in time; the work itself goes on. */
async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const stopSleeping = new AbortController();
  const late = sleep(limitMs, false, { signal: stopSleeping.signal }).catch(() => false);
  const isDone = await Promise.race([work.then(() => true), late]);
  stopSleeping.abort();
  return isDone;
}
