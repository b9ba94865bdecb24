import type { ChildProcess } from 'node:child_process';
import { ConfigError, EmbeddingError } from '../errors.ts';
import type { EncoderJob } from './encoder-call.ts';
import type { EncodeRequest, ProcessMessage } from './encoder-protocol.ts';

/** A process that has loaded its model, and the texts that it was given. */
export interface EncoderSlot {
  readonly dimensions: number;
  inFlightCount(): number;
  send(job: EncoderJob): void;
  /** True when a text has been with it, unanswered, for as long as that. */
  isHung(timeoutMs: number): boolean;
  rejectTexts(error: EmbeddingError): void;
  /** `onLost` follows. */
  terminate(): void;
}

export interface SlotEvents {
  readonly onAnswer: () => void;
  /** The process has ended; its texts have been rejected. Called only after it was ready. */
  readonly onLost: (slot: EncoderSlot) => void;
}

/**
 * Waits until the process has loaded and warmed up.
 * @throws ConfigError with its words when it cannot load its model
 */
export function startEncoderSlot(child: ChildProcess, events: SlotEvents): Promise<EncoderSlot> {
  /** In the order they were sent; the first one is being run. */
  const inFlight = new Map<number, EncoderJob>();
  let nextId = 0;
  let lastAnswerMs = performance.now();

  function answer(message: Extract<ProcessMessage, { id: number }>): void {
    const job = inFlight.get(message.id);
    inFlight.delete(message.id);
    lastAnswerMs = performance.now();
    // The vector that came is a view of a whole chunk of the channel, hence the copy.
    job?.settle(
      message.type === 'done'
        ? { ...message.embedding, vector: message.embedding.vector.slice() }
        : new EmbeddingError(`the encoder failed on a text: ${message.message}`),
    );
    events.onAnswer();
  }

  /** A channel that has closed is followed by `exit`, which rejects the texts. */
  function onSendError(): void {}

  function rejectTexts(error: EmbeddingError): void {
    for (const job of inFlight.values()) job.settle(error);
    inFlight.clear();
  }

  return new Promise((resolve, reject) => {
    let slot: EncoderSlot | undefined;
    let isLost = false;

    /** `error` may come a moment before `exit`; in between the process must get no more texts. */
    function lose(reason: string, cause?: Error): void {
      if (isLost) return;
      isLost = true;
      reject(new ConfigError(`${reason} while it was loading`, { cause }));
      rejectTexts(new EmbeddingError(reason, cause));
      if (slot) events.onLost(slot);
    }

    child.on('message', (raw) => {
      const message = raw as ProcessMessage;
      if (message.type === 'ready') {
        slot = {
          dimensions: message.dimensions,
          inFlightCount: () => inFlight.size,
          send(job) {
            if (inFlight.size === 0) lastAnswerMs = performance.now();
            const request: EncodeRequest = { id: nextId++, text: job.text };
            inFlight.set(request.id, job);
            child.send(request, onSendError);
          },
          rejectTexts,
          isHung: (timeoutMs) => inFlight.size > 0 && performance.now() - lastAnswerMs >= timeoutMs,
          terminate: () => void child.kill('SIGKILL'),
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
