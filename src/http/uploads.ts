import { AppError } from '../errors.ts';

/**
 * Bytes of request bodies that are still arriving. A client takes a place in flight only when its
 * body is here, so that slow senders cannot take all of them; their memory is bounded here instead.
 */
export class Uploads {
  #bytes = 0;

  /** @throws AppError 503 when these bytes would be too many for all uploads together. */
  add(bytes: number, limitBytes: number): void {
    if (this.#bytes + bytes > limitBytes) {
      throw new AppError('Too many large requests at once.', {
        status: 503,
        type: 'server_error',
        code: 'overloaded',
        headers: { 'retry-after': '1' },
      });
    }
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
