import type { Worker } from 'node:worker_threads';
import { spawnWorker } from '../spawn-worker.ts';
import type { SchemaQuestion } from './check-json.ts';

export interface SchemaChecker {
  /**
   * Tells, later, whether the answer keeps to the schema. Never for what cannot be told: a schema
   * that is none, that takes too long, or came while too many others waited.
   */
  check(question: SchemaQuestion, onChecked: (isValid: boolean) => void): void;
  /** Ends the thread; nothing is told any more. */
  close(): Promise<void>;
}

export interface SchemaCheckerOptions {
  /** A check that takes longer ends its thread: a client's `pattern` can run for years. */
  readonly limitMs?: number;
  /** Checks that may wait. */
  readonly maxWaiting?: number;
  readonly startWorker?: () => Worker;
}

const heapMb = 128;

const startSchemaWorker = (): Worker =>
  spawnWorker(import.meta.url, './schema-worker', {}, { maxOldGenerationSizeMb: heapMb });

/** Checks one answer at a time, in a thread that is started when it is needed first. */
export function createSchemaChecker({
  limitMs = 1_000,
  maxWaiting = 64,
  startWorker = startSchemaWorker,
}: SchemaCheckerOptions = {}): SchemaChecker {
  interface Check {
    readonly question: SchemaQuestion;
    readonly onChecked: (isValid: boolean) => void;
  }
  const waiting: Check[] = [];
  let running: Check | null = null;
  let worker: Worker | null = null;
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;
  let isClosed = false;

  function next(): void {
    clearTimeout(timer);
    running = waiting.shift() ?? null;
    if (running === null) return;
    worker ??= launch();
    worker.postMessage({ id: ++lastId, ...running.question });
    timer = setTimeout(giveUp, limitMs + (isReady ? 0 : startMs));
    timer.unref();
  }

  /** True when the present thread has answered once: starting takes longer than a check. */
  let isReady = false;

  function launch(): Worker {
    isReady = false;
    const thread = startWorker();
    thread.unref();
    thread.on('message', ({ id, isValid }: { id: number; isValid: boolean | null }) => {
      if (id !== lastId || running === null) return;
      isReady = true;
      if (isValid !== null) running.onChecked(isValid);
      next();
    });
    thread.on('error', () => undefined); // out of memory; its end follows
    thread.once('exit', () => {
      if (worker !== thread) return;
      worker = null;
      if (!isClosed) next();
    });
    return thread;
  }

  function giveUp(): void {
    const late = worker;
    worker = null;
    void late?.terminate();
    next();
  }

  return {
    check(question, onChecked) {
      if (isClosed || waiting.length >= maxWaiting) return;
      waiting.push({ question, onChecked });
      if (running === null) next();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      waiting.length = 0;
      running = null;
      await worker?.terminate();
    },
  };
}

/** For a thread to start and load its validator on a busy machine. */
const startMs = 10_000;
