import type { Worker } from 'node:worker_threads';
import { spawnWorker } from '../spawn-worker.ts';
import type { FromLogWorker, LogWorkerData, ToLogWorker } from './log-messages.ts';

export type StartLogWorker = (data: LogWorkerData) => Worker;

export interface WriterThreadOptions {
  readonly startWorker: StartLogWorker;
  /** Asked before every start. */
  readonly workerData: () => LogWorkerData;
  readonly onMessage: (message: FromLogWorker) => void;
  /** The thread is gone, and all that it had not answered with it; another one will be started. */
  readonly onStopped: (reason: string) => void;
}

export interface WriterThread {
  /** Without a thread the message is lost; `onStopped` has said so. */
  post(message: ToLogWorker, transfer?: ArrayBuffer[]): void;
  /** Asks the thread to end, waits at most this long and then ends it. */
  stop(waitMs: number): Promise<void>;
}

/** Pause before a dead thread is replaced, so that one that dies at once does not spin. */
const restartMs = 250;

export const startLogWorker: StartLogWorker = (data) =>
  spawnWorker(import.meta.url, './log-worker', data);

/**
 * Starts the writer thread and keeps it alive until `stop`: one that dies is replaced. Rejects
 * with the reason when the first one cannot open the database.
 */
export async function startWriterThread(options: WriterThreadOptions): Promise<WriterThread> {
  let worker: Worker | null = null;
  let restart: NodeJS.Timeout | undefined;
  let isStopping = false;

  function launch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const thread = options.startWorker(options.workerData());
      let reason = 'the log writer stopped';
      let isReady = false;
      worker = thread;
      thread.on('message', (message: FromLogWorker) => {
        if (message.kind === 'openFailed') reason = message.reason;
        if (message.kind === 'ready') {
          isReady = true;
          resolve();
        }
        options.onMessage(message);
      });
      thread.on('error', (error: unknown) => {
        reason = `the log writer stopped: ${error instanceof Error ? error.message : String(error)}`;
      });
      thread.once('exit', () => {
        worker = null;
        if (isReady) replace(reason);
        else reject(new Error(reason));
      });
    });
  }

  function replace(reason: string): void {
    if (isStopping) return;
    options.onStopped(reason);
    restart = setTimeout(() => {
      launch().catch((error: unknown) => {
        replace(error instanceof Error ? error.message : String(error));
      });
    }, restartMs);
  }

  await launch();
  return {
    post(message, transfer = []) {
      worker?.postMessage(message, transfer);
    },
    async stop(waitMs) {
      isStopping = true;
      clearTimeout(restart);
      const thread = worker;
      if (thread === null) return;
      const exited = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage({ kind: 'close' } satisfies ToLogWorker);
      const timer = setTimeout(() => void thread.terminate(), waitMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
