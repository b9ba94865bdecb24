import type { Worker } from 'node:worker_threads';
import { ConfigError, EmbeddingError } from '../errors.ts';
import type { Embedding } from './embedder.ts';
import type { EncodeRequest, WorkerMessage } from './encoder-protocol.ts';

export interface EncoderPoolOptions {
  /** Starts one worker that speaks the encoder protocol. */
  readonly spawn: () => Worker;
  readonly workers: number;
  /** Of one call, however many texts it has; 0 waits for ever. */
  readonly timeoutMs: number;
}

export interface EncoderPool {
  readonly dimensions: number;
  readonly embed: (texts: readonly string[], signal?: AbortSignal) => Promise<Embedding[]>;
  readonly close: () => Promise<void>;
}

interface Job {
  readonly text: string;
  readonly settle: (result: Embedding | EmbeddingError) => void;
  /** Its call has ended already: skip it in the queue, ignore its answer. */
  isDropped: boolean;
}

interface Slot {
  readonly worker: Worker;
  /** In the order they were sent; the first one is being run. */
  readonly inFlight: Map<number, Job>;
  lastAnswerMs: number;
}

/** Two, so that a worker has its next text at hand while its answer travels. */
const inFlightPerWorker = 2;
/** After a worker that could not start, so that a broken machine is not busy with starting. */
const restartPauseMs = 1000;

/**
 * Starts the workers and waits until all have loaded and warmed up.
 * @throws ConfigError with the worker's words when one cannot load its model
 */
export async function startEncoderPool(options: EncoderPoolOptions): Promise<EncoderPool> {
  const queue: Job[] = [];
  const slots: Slot[] = [];
  const starting = new Set<Worker>();
  let dimensions = 0;
  let nextId = 0;
  let lastFailedStartMs = -Infinity;
  let isClosed = false;

  function pump(): void {
    for (const slot of slots) {
      while (slot.inFlight.size < inFlightPerWorker) {
        const job = queue.shift();
        if (job === undefined) return;
        if (job.isDropped) continue;
        if (slot.inFlight.size === 0) slot.lastAnswerMs = performance.now();
        const request: EncodeRequest = { id: nextId++, text: job.text };
        slot.inFlight.set(request.id, job);
        slot.worker.postMessage(request);
      }
    }
  }

  function receive(slot: Slot, message: WorkerMessage): void {
    if (message.type !== 'done' && message.type !== 'failed') return;
    const job = slot.inFlight.get(message.id);
    slot.inFlight.delete(message.id);
    slot.lastAnswerMs = performance.now();
    job?.settle(
      message.type === 'done'
        ? message.embedding
        : new EmbeddingError(`the encoder failed on a text: ${message.message}`),
    );
    pump();
  }

  /** The texts that it had are lost, those in the queue wait for the worker in its place. */
  function lose(slot: Slot, error: EmbeddingError): void {
    const index = slots.indexOf(slot);
    if (index < 0) return;
    slots.splice(index, 1);
    for (const job of slot.inFlight.values()) job.settle(error);
    if (!isClosed) replaceWorker();
  }

  function startWorker(): Promise<void> {
    const worker = options.spawn();
    starting.add(worker);
    const slot: Slot = { worker, inFlight: new Map(), lastAnswerMs: performance.now() };
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'ready') {
          starting.delete(worker);
          dimensions = message.dimensions;
          slots.push(slot);
          pump();
          resolve();
        } else if (message.type === 'broken') {
          starting.delete(worker);
          void worker.terminate();
          reject(new ConfigError(message.message));
        } else receive(slot, message);
      });
      worker.on('error', (error) => {
        lose(slot, new EmbeddingError('the encoder worker crashed; it is being replaced', error));
      });
      worker.on('exit', (code) => {
        starting.delete(worker);
        reject(new ConfigError(`the encoder worker ended with code ${code} while it was loading`));
        lose(slot, new EmbeddingError(`the encoder worker ended with code ${code}`));
      });
    });
  }

  function replaceWorker(): void {
    startWorker().catch((error: unknown) => {
      lastFailedStartMs = performance.now();
      if (slots.length > 0 || starting.size > 0) return;
      const failure = new EmbeddingError('the encoder worker could not be started again', error);
      for (const job of queue.splice(0)) job.settle(failure);
    });
  }

  /** A worker that has not answered for a whole timeout hangs: end it, `exit` does the rest. */
  function endHungWorkers(): void {
    for (const { worker, inFlight, lastAnswerMs } of slots) {
      const isHung = inFlight.size > 0 && performance.now() - lastAnswerMs >= options.timeoutMs;
      if (isHung) void worker.terminate();
    }
  }

  function embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    if (isClosed) return Promise.reject(new EmbeddingError('the encoder is closed'));
    if (signal?.aborted) return Promise.reject(new EmbeddingError('aborted', signal.reason));
    if (slots.length === 0 && starting.size === 0) {
      if (performance.now() - lastFailedStartMs < restartPauseMs) {
        return Promise.reject(new EmbeddingError('the encoder worker could not be started again'));
      }
      replaceWorker();
    }
    return new Promise((resolve, reject) => {
      const results: Embedding[] = [];
      let remaining = texts.length;
      let timer: NodeJS.Timeout | undefined;

      const end = (error?: EmbeddingError): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        for (const job of jobs) job.isDropped = true;
        if (error) reject(error);
        else resolve(results);
      };
      const abort = (): void => end(new EmbeddingError('aborted', signal?.reason));

      const jobs = texts.map((text, index): Job => ({
        text,
        isDropped: false,
        settle(result) {
          if (this.isDropped) return;
          if (result instanceof EmbeddingError) return end(result);
          results[index] = result;
          if (--remaining === 0) end();
        },
      }));
      if (remaining === 0) return end();
      signal?.addEventListener('abort', abort, { once: true });
      if (options.timeoutMs > 0) {
        timer = setTimeout(() => {
          end(new EmbeddingError(`the encoder gave no answer within ${options.timeoutMs} ms`));
          endHungWorkers();
        }, options.timeoutMs);
      }
      for (const job of jobs) queue.push(job);
      pump();
    });
  }

  async function close(): Promise<void> {
    isClosed = true;
    const error = new EmbeddingError('the encoder is closed');
    for (const job of queue.splice(0)) job.settle(error);
    const workers = [...starting, ...slots.map((slot) => slot.worker)];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  try {
    await Promise.all(Array.from({ length: options.workers }, startWorker));
  } catch (error) {
    await close();
    throw error;
  }
  return { dimensions, embed, close };
}
