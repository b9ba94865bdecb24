import type { ChildProcess } from 'node:child_process';
import { ConfigError, EmbeddingError } from '../errors.ts';
import type { EncoderJob } from './encoder-call.ts';
import type { EncodeRequest, ProcessMessage } from './encoder-protocol.ts';

/** A process that has loaded its model, and the texts that it was given. */
export interface EncoderSlot {
  readonly dimensions: number;
  inFlightCount(): number;
  send(job: EncoderJob): void;
  rejectTexts(error: EmbeddingError): void;
}

export interface SlotOptions {
  /** A process that has texts and answers none for this long is ended, whoever still waits. */
  readonly hangMs: number;
  /** One that has not loaded after this long is ended; null: a model may be downloaded first. */
  readonly loadMs: number | null;
  readonly onAnswer: () => void;
  /** The process has ended; its texts have been rejected. Called only after it was ready. */
  readonly onLost: (slot: EncoderSlot) => void;
}

/** Silence is counted in looks, not by the clock: none is due while this process stands still. */
const looksPerHang = 4;

/**
 * Waits until the process has loaded and warmed up.
 * @throws ConfigError with its words when it cannot load its model
 */
export function startEncoderSlot(child: ChildProcess, options: SlotOptions): Promise<EncoderSlot> {
  const { hangMs, loadMs, onAnswer, onLost } = options;
  /** In the order they were sent; the first one is being run. */
  const inFlight = new Map<number, EncoderJob>();
  let nextId = 0;
  let looks: NodeJS.Timeout | undefined;
  let silentLooks = 0;

  function answer(message: Extract<ProcessMessage, { id: number }>): void {
    const job = inFlight.get(message.id);
    inFlight.delete(message.id);
    silentLooks = 0;
    if (inFlight.size === 0) stopLooking();
    // The vector that came is a view of a whole chunk of the channel, hence the copy.
    job?.settle(
      message.type === 'done'
        ? { ...message.embedding, vector: message.embedding.vector.slice() }
        : new EmbeddingError(`the encoder failed on a text: ${message.message}`),
    );
    onAnswer();
  }

  /** A channel that has closed is followed by `exit`, which rejects the texts. */
  function onSendError(): void {}

  function rejectTexts(error: EmbeddingError): void {
    for (const job of inFlight.values()) job.settle(error);
    inFlight.clear();
    stopLooking();
  }

  function startLooking(onHung: () => void): void {
    silentLooks = 0;
    looks = setInterval(() => {
      if (++silentLooks >= looksPerHang) onHung();
    }, hangMs / looksPerHang).unref();
  }

  function stopLooking(): void {
    clearInterval(looks);
  }

  return new Promise((resolve, reject) => {
    let slot: EncoderSlot | undefined;
    let isLost = false;
    const loadTimer = loadMs === null ? undefined : setTimeout(hang, loadMs, loadMs).unref();

    /** `error` may come a moment before `exit`; in between the process must get no more texts. */
    function lose(reason: string, cause?: Error): void {
      if (isLost) return;
      isLost = true;
      clearTimeout(loadTimer);
      reject(new ConfigError(`${reason} while it was loading`, { cause }));
      rejectTexts(new EmbeddingError(reason, cause));
      if (slot) onLost(slot);
    }

    function hang(silentMs: number): void {
      child.kill('SIGKILL');
      lose(`the encoder process gave no answer for ${silentMs / 1000} s`);
    }

    child.on('message', (raw) => {
      const message = raw as ProcessMessage;
      if (message.type === 'ready') {
        clearTimeout(loadTimer);
        slot = {
          dimensions: message.dimensions,
          inFlightCount: () => inFlight.size,
          send(job) {
            if (inFlight.size === 0) startLooking(() => hang(hangMs));
            const request: EncodeRequest = { id: nextId++, text: job.text };
            inFlight.set(request.id, job);
            child.send(request, onSendError);
          },
          rejectTexts,
        };
        resolve(slot);
      } else if (message.type === 'broken') {
        reject(new ConfigError(message.message));
        child.kill('SIGKILL');
      } else answer(message);
    });
    child.on('error', (error) => lose(`the encoder process failed (${error.message})`, error));
    child.on('exit', (code, signal) =>
      lose(`the encoder process ended with ${signal ?? `code ${code}`}`),
    );
  });
}
