import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EmbeddingError } from '../errors.ts';
import type { Embedding } from './embedder.ts';
import { callEncoder, type EncoderJob } from './encoder-call.ts';
import { startEncoderSlot, type EncoderSlot } from './encoder-slot.ts';

export interface EncoderPoolOptions {
  /** Starts a process that speaks the encoder protocol. */
  readonly spawn: () => ChildProcess;
  readonly processes: number;
  /** Of one call, however many texts it has; 0 waits for ever. */
  readonly timeoutMs: number;
}

export interface EncoderPool {
  readonly dimensions: number;
  readonly embed: (texts: readonly string[], signal?: AbortSignal) => Promise<Embedding[]>;
  readonly close: () => Promise<void>;
}

/** Two, so that a process has its next text at hand while its answer travels. */
const inFlightPerProcess = 2;
/** After a process that could not start, so that a broken machine is not busy with starting. */
const restartPauseMs = 1000;

/**
 * One queue, first in first out, before a fixed number of processes. One that ends is replaced;
 * the texts it had are rejected, those in the queue wait for the one in its place.
 * @throws ConfigError with the process's words when one cannot load its model
 */
export async function startEncoderPool(options: EncoderPoolOptions): Promise<EncoderPool> {
  const { spawn, processes, timeoutMs } = options;
  const queue: EncoderJob[] = [];
  const slots: EncoderSlot[] = [];
  /** Every process that has not ended. */
  const alive = new Set<ChildProcess>();
  let startingCount = 0;
  let lastFailedStartMs = -Infinity;
  let isClosed = false;

  function nextJob(): EncoderJob | undefined {
    let job = queue.shift();
    while (job?.isDropped) job = queue.shift();
    return job;
  }

  /** Fills idle processes first, then puts a second text beside the one that each runs. */
  function pump(): void {
    for (let depth = 1; depth <= inFlightPerProcess; depth++) {
      for (const slot of slots) {
        while (slot.inFlightCount() < depth) {
          const job = nextJob();
          if (job === undefined) return;
          slot.send(job);
        }
      }
    }
  }

  async function startProcess(): Promise<void> {
    startingCount++;
    try {
      const child = spawn();
      if (child.pid !== undefined) alive.add(child);
      child.once('exit', () => alive.delete(child));
      slots.push(await startEncoderSlot(child, { onAnswer: pump, onLost: replace }));
    } finally {
      startingCount--;
    }
    pump();
  }

  function restartProcess(): void {
    startProcess().catch((error: unknown) => {
      lastFailedStartMs = performance.now();
      if (slots.length + startingCount > 0) return;
      const failure = new EmbeddingError('the encoder process could not be started again', error);
      for (const job of queue.splice(0)) job.settle(failure);
    });
  }

  function replace(slot: EncoderSlot): void {
    slots.splice(slots.indexOf(slot), 1);
    if (!isClosed) restartProcess();
  }

  function embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    if (isClosed) return Promise.reject(new EmbeddingError('the encoder is closed'));
    if (slots.length + startingCount === 0) {
      if (performance.now() - lastFailedStartMs < restartPauseMs) {
        return Promise.reject(new EmbeddingError('the encoder process could not be started again'));
      }
      restartProcess();
    }
    return callEncoder(texts, {
      timeoutMs,
      signal,
      enqueue(jobs) {
        for (const job of jobs) queue.push(job);
        pump();
      },
      onTimeout() {
        // A text takes a tenth of a second at most: half a timeout without an answer is a hang.
        for (const slot of slots) if (slot.isHung(timeoutMs / 2)) slot.terminate();
      },
    });
  }

  async function close(): Promise<void> {
    isClosed = true;
    const error = new EmbeddingError('the encoder is closed');
    for (const job of queue.splice(0)) job.settle(error);
    for (const slot of slots) slot.rejectTexts(error);
    await Promise.all(
      Array.from(alive, async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }

  try {
    await Promise.all(Array.from({ length: processes }, startProcess));
  } catch (error) {
    await close();
    throw error;
  }
  return { dimensions: slots[0]?.dimensions ?? 0, embed, close };
}
