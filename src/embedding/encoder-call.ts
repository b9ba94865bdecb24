import { EmbeddingError } from '../errors.ts';
import type { Embedding } from './embedder.ts';

/** One text of a call, on its way through queue and process. */
export interface EncoderJob {
  readonly text: string;
  settle(result: Embedding | EmbeddingError): void;
  /** Its call has ended already: skip it in the queue, ignore its answer. */
  isDropped: boolean;
}

export interface EncoderCallOptions {
  readonly enqueue: (jobs: readonly EncoderJob[]) => void;
  /** Longest wait for the next text's vector; 0 waits for ever. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Embeds the texts of one call. The first failure, the timeout or the signal ends the call at
 * once and drops those of its texts that still wait.
 * @throws EmbeddingError
 */
export function callEncoder(
  texts: readonly string[],
  { enqueue, timeoutMs, signal }: EncoderCallOptions,
): Promise<Embedding[]> {
  if (signal?.aborted) return Promise.reject(new EmbeddingError('aborted', signal.reason));
  if (texts.length === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    const results: Embedding[] = [];
    let remaining = texts.length;
    let timer: NodeJS.Timeout | undefined;

    const jobs = texts.map((text, index): EncoderJob => {
      const job: EncoderJob = {
        text,
        isDropped: false,
        settle(result) {
          if (job.isDropped) return;
          if (result instanceof EmbeddingError) return end(result);
          results[index] = result;
          timer?.refresh();
          if (--remaining === 0) end();
        },
      };
      return job;
    });

    function end(error?: EmbeddingError): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      for (const job of jobs) job.isDropped = true;
      if (error) reject(error);
      else resolve(results);
    }

    function abort(): void {
      end(new EmbeddingError('aborted', signal?.reason));
    }

    signal?.addEventListener('abort', abort, { once: true });
    if (timeoutMs > 0) {
      timer = setTimeout(() => {
        end(new EmbeddingError(`the encoder gave no answer within ${timeoutMs} ms`));
      }, timeoutMs);
    }
    enqueue(jobs);
  });
}
