import type { Worker } from 'node:worker_threads';
import { spawnWorker } from '../spawn-worker.ts';
import { LogUnavailableError } from '../store/log-unavailable-error.ts';
import type {
  FromReader,
  ReaderAnswer,
  ReaderQuestion,
  ReaderQuestions,
  ToReader,
} from './reader-messages.ts';

export interface ReaderOptions {
  readonly file: string;
  /** How long an answer may take; 10 s. */
  readonly answerMs?: number;
  /** The thread ends after this time without a question; 60 s. */
  readonly idleMs?: number;
}

/** Asks the log in a thread of its own; nothing here blocks. */
export interface Reader {
  /** @throws LogUnavailableError (503) when the log cannot be read in time */
  ask<Name extends keyof ReaderQuestions>(
    name: Name,
    input: ReaderQuestions[Name]['input'],
  ): Promise<ReaderQuestions[Name]['answer']>;
  close(): Promise<void>;
}

interface OpenQuestion {
  readonly resolve: (answer: ReaderAnswer) => void;
  readonly reject: (error: LogUnavailableError) => void;
  readonly timer: NodeJS.Timeout;
}

/** The thread is started by the first question, and again after it died or was idle. */
export function createReader({ file, answerMs = 10_000, idleMs = 60_000 }: ReaderOptions): Reader {
  const questions = new Map<number, OpenQuestion>();
  let lastId = 0;
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  function start(): Worker {
    const thread = spawnWorker(import.meta.url, './reader-worker', { file });
    thread.unref();
    thread.on('message', receive);
    let reason = 'its reader stopped';
    thread.on('error', (error: unknown) => {
      reason = `its reader stopped: ${error instanceof Error ? error.message : String(error)}`;
    });
    thread.once('exit', () => {
      if (worker !== thread) return; // ended by us
      worker = null;
      for (const id of questions.keys()) settle(id, new LogUnavailableError(reason));
    });
    return thread;
  }

  function receive(message: FromReader): void {
    const failed = 'failure' in message;
    settle(message.id, failed ? new LogUnavailableError(message.failure) : message.answer);
  }

  function settle(id: number, result: ReaderAnswer | LogUnavailableError): void {
    const question = questions.get(id);
    if (question === undefined) return;
    questions.delete(id);
    clearTimeout(question.timer);
    if (result instanceof LogUnavailableError) question.reject(result);
    else question.resolve(result);
  }

  async function stop(): Promise<void> {
    clearTimeout(idle);
    const thread = worker;
    worker = null;
    // Before the wait: what is asked during it is for the next thread.
    for (const id of questions.keys()) settle(id, new LogUnavailableError('it is closed'));
    await thread?.terminate();
  }

  return {
    ask(name, input) {
      if (isClosed) return Promise.reject(new LogUnavailableError('it is closed'));
      worker ??= start();
      clearTimeout(idle);
      idle = setTimeout(() => void stop(), idleMs).unref();
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          settle(id, new LogUnavailableError(`no answer within ${answerMs} ms`));
        }, answerMs);
        questions.set(id, { resolve, reject, timer });
        const message = { id, question: { name, input } as ReaderQuestion } satisfies ToReader;
        worker?.postMessage(message);
      });
    },
    async close() {
      isClosed = true;
      await stop();
    },
  };
}
