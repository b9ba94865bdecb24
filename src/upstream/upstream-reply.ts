import type { Dispatcher } from 'undici';

/** Unread bytes over which the upstream is asked to wait. */
const highWaterBytes = 64 * 1024;
const releaseBytes = 16 * 1024;
const releaseMs = 500;

/**
 * An upstream's answer, taken from undici's dispatch without a stream in between. All bytes that
 * one packet brings, whatever its chunks, are read in one piece: that is what makes a stream of
 * small events cheap.
 */
export class UpstreamReply implements Dispatcher.DispatchHandler {
  status = 0;
  headers: Record<string, string | string[] | undefined> = {};
  #controller: Dispatcher.DispatchController | null = null;
  #parts: Buffer[] = [];
  #unreadBytes = 0;
  #isOver = false;
  #error: Error | null = null;
  /** Bytes that may still come after `release`; null before it. */
  #spareBytes: number | null = null;
  #releaseTimer: NodeJS.Timeout | undefined;
  /** Told of the next thing that happens: headers, bytes, the end or an error. */
  #wake: (() => void) | null = null;

  /** Resolves with the headers. @throws what the connection failed with, or `abort`'s reason */
  static async request(
    dispatcher: Dispatcher,
    options: Dispatcher.DispatchOptions,
    onStart: (reply: UpstreamReply) => void,
  ): Promise<UpstreamReply> {
    const reply = new UpstreamReply();
    onStart(reply);
    if (reply.#error === null) dispatcher.dispatch(options, reply);
    while (reply.status === 0) {
      if (reply.#error !== null) throw reply.#error;
      await reply.#next();
    }
    return reply;
  }

  /** Ends the call at once, in whatever phase it is; whoever reads gets the reason. */
  abort(reason: Error): void {
    if (this.#isOver) return;
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  /**
   * Lets go of a body that is not read further. After a whole answer its end is the next thing to
   * come, and the connection can be used again; anything else costs the connection.
   */
  release(isWhole: boolean): void {
    if (this.#isOver) return;
    if (!isWhole) {
      this.abort(new Error('the answer is not read further'));
      return;
    }
    this.#spareBytes = releaseBytes;
    this.#releaseTimer = setTimeout(() => this.release(false), releaseMs);
    this.#takeParts();
  }

  /** All that has come since the last read; null at the end. @throws as `request` does */
  async read(): Promise<Buffer | null> {
    while (this.#parts.length === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#isOver) return null;
      await this.#next();
    }
    return this.#takeParts();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error !== null) controller.abort(this.#error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return; // 103: the answer is still to come
    this.status = status;
    this.headers = headers;
    this.#signal();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#spareBytes !== null) {
      this.#spareBytes -= chunk.length;
      if (this.#spareBytes < 0) this.release(false);
      return;
    }
    this.#parts.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > highWaterBytes) controller.pause();
    this.#signal();
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #takeParts(): Buffer {
    const [first] = this.#parts;
    const bytes =
      this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts, this.#unreadBytes);
    this.#parts = [];
    this.#unreadBytes = 0;
    this.#controller?.resume();
    return bytes;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** What came before a connection broke is still read. */
  #fail(error: Error): void {
    this.#error ??= error;
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#releaseTimer);
    this.#signal();
  }
}
