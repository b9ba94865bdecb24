/** What is read of an AbortSignal on the way of a request; every AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** What `abort` was told; undefined before it. */
  readonly reason: Error | undefined;
  /** @throws the reason once it aborted */
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Controller and signal in one object, for each request. Node 20 makes an AbortSignal by changing an
 * EventTarget's prototype, which costs as much as a seventh of all that a chat takes
 * (docs/performance.md). Aborts once; its listeners are told once, in their order.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: Error | undefined = undefined;
  readonly #listeners = new Set<() => void>();
  #platform: AbortController | null = null;

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener(); // one that is taken away meanwhile is left out
    this.#listeners.clear();
    this.#platform?.abort(reason);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason!;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** For APIs of the platform, which take nothing less. */
  toAbortSignal(): AbortSignal {
    if (this.#platform === null) {
      this.#platform = new AbortController();
      if (this.aborted) this.#platform.abort(this.reason);
    }
    return this.#platform.signal;
  }
}
