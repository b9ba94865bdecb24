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
  /** A process with texts that answers none for this long is replaced; 10 s. */
  readonly hangMs?: number;
}

export interface EncoderPool {
  readonly dimensions: number;
  readonly embed: (texts: readonly string[], signal?: AbortSignal) => Promise<Embedding[]>;
  /** A process is loaded; false while the only one is being replaced. */
  readonly isReady: () => boolean;
  readonly close: () => Promise<void>;
}

/** Two, so that a process has its next text at hand while its answer travels. */
const inFlightPerProcess = 2;
/** A text of the shipped encoder takes 0.1 s at most, one of a large hub model may take seconds. */
const defaultHangMs = 10_000;
/** Of a process in another's place: what it loads is on this machine already. */
const restartMs = 60_000;
/** After a process that could not start, so that a broken machine is not busy with starting. */
const restartPauseMs = 1000;

/**
 * One queue, first in first out, before a fixed number of processes. One that ends or hangs is
 * replaced; the texts it had are rejected, those in the queue wait for the one in its place.
 * @throws ConfigError with the process's words when one cannot load its model
 */
export async function startEncoderPool(options: EncoderPoolOptions): Promise<EncoderPool> {
  const { spawn, processes, timeoutMs, hangMs = defaultHangMs } = options;
  const queue: EncoderJob[] = [];
  const slots: EncoderSlot[] = [];
  /** Every process that has not ended. */
  const alive = new Set<ChildProcess>();
  let startingCount = 0;
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

  async function startProcess(loadMs: number | null): Promise<void> {
    startingCount++;
    try {
      const child = spawn();
      if (child.pid !== undefined) alive.add(child);
      child.once('exit', () => alive.delete(child));
      slots.push(
        await startEncoderSlot(child, { hangMs, loadMs, onAnswer: pump, onLost: replace }),
      );
    } finally {
      startingCount--;
    }
    pump();
  }

  function restartProcess(): void {
    if (isClosed) return;
    startProcess(restartMs).catch((error: unknown) => {
      setTimeout(restartProcess, restartPauseMs).unref();
      if (slots.length + startingCount > 0) return;
      const failure = new EmbeddingError('the encoder process could not be started again', error);
      for (const job of queue.splice(0)) job.settle(failure);
    });
  }

  function replace(slot: EncoderSlot): void {
    slots.splice(slots.indexOf(slot), 1);
    restartProcess();
  }

  function embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    if (isClosed) return Promise.reject(new EmbeddingError('the encoder is closed'));
    if (slots.length + startingCount === 0) {
      return Promise.reject(new EmbeddingError('the encoder process could not be started again'));
    }
    return callEncoder(texts, {
      timeoutMs,
      signal,
      enqueue(jobs) {
        for (const job of jobs) queue.push(job);
        pump();
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
    await Promise.all(Array.from({ length: processes }, () => startProcess(null)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    dimensions: slots[0]?.dimensions ?? 0,
    embed,
    isReady: () => slots.length > 0,
    close,
  };
}
