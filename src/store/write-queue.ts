import type { Finding } from './evidence.ts';
import type { LogState, RequestRecord } from './request-record.ts';

/** One thing to write: a request's row, or what was found of one that was appended before. */
export type LogWrite = { readonly kind: 'request'; readonly record: RequestRecord } | Finding;

export interface WriteQueueOptions {
  /** A batch goes out when its first row has waited this long, or at `flushRows`. */
  readonly flushMs: number;
  readonly flushRows: number;
  /** Room for rows that are not confirmed yet. */
  readonly maxRows: number;
  /** Room in bytes, roughly: prompts may be megabytes long. */
  readonly maxBytes: number;
  /** Pause after a failed batch. */
  readonly retryMs: number;
  /** A row that could not be written for this long is dropped. */
  readonly keepMs: number;
  /** Hands a batch over; ends in `confirm` or `fail`. An empty one asks whether writing works. */
  readonly send: (writes: readonly LogWrite[]) => void;
  /** Told when `failure` changes; null: writing works again. */
  readonly onFailure: (failure: string | null) => void;
}

interface Waiting {
  readonly write: LogWrite;
  readonly bytes: number;
  readonly queuedAtMs: number;
}

/** A writer that is silent for this long hangs, in a file system that does not answer for instance. */
const silentMs = 10_000;
/** More than this is not cloned in one go on the server's thread. */
const batchBytes = 1024 * 1024;

/**
 * Rows on their way to the writer, in order, one batch at a time. A batch leaves the queue only
 * when it is confirmed, so nothing is lost when the writer fails or dies, and the bound counts
 * everything that takes memory.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #written = 0;
  #dropped = 0;
  /** Rows that left the queue, for whatever reason; with `#waiting` it numbers every row. */
  #settled = 0;
  #failure: string | null = null;
  /** Rows of the batch that is out; null when none is. */
  #sent: number | null = null;
  #sentAtMs = 0;
  /** True between a failure and the next attempt, and while there is no writer. */
  #isHeld = true;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;
  #flushes: { readonly upTo: number; readonly resolve: () => void }[] = [];

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  append(write: LogWrite): void {
    const bytes = roughBytes(write);
    const { maxRows, maxBytes, flushRows } = this.#options;
    const isFull = this.#waiting.length >= maxRows || this.#bytes + bytes > maxBytes;
    if (isFull || this.#isClosed) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ write, bytes, queuedAtMs: performance.now() });
    this.#bytes += bytes;
    if (this.#waiting.length >= flushRows) this.#sendBatch();
    else this.#sendSoon();
  }

  /** The batch is on disk, less the rows that the database refused. */
  confirm(refused: number): void {
    const rows = this.#sent ?? 0;
    this.#sent = null;
    this.#written += rows - refused;
    this.#dropped += refused;
    this.#remove(rows);
    this.#setFailure(null);
    if (this.#waiting.length >= this.#options.flushRows || this.#flushes.length > 0) {
      this.#sendBatch();
    } else if (this.#waiting.length > 0) this.#sendSoon();
  }

  /** The batch could not be written: it stays, and is tried again after a pause. */
  fail(reason: string): void {
    this.hold(reason);
    this.#timer = setTimeout(() => this.resume(), this.#options.retryMs);
  }

  /** There is no writer; rows are kept until `resume`. */
  hold(reason: string): void {
    this.#sent = null;
    this.#isHeld = true;
    this.#clearTimer();
    this.#dropOld();
    this.#setFailure(reason);
  }

  /** Tries again; with nothing to write it asks, so that a healed database is noticed when idle. */
  resume(): void {
    this.#isHeld = false;
    if (this.#waiting.length > 0 || this.#failure !== null) this.#sendBatch();
  }

  /** Resolves when all rows appended so far have left the queue. */
  flush(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    const upTo = this.#settled + this.#waiting.length;
    return new Promise((resolve) => {
      this.#flushes.push({ upTo, resolve });
      this.#sendBatch();
    });
  }

  /** No more rows are taken. */
  close(): void {
    this.#isClosed = true;
  }

  /** Drops what is left. */
  abandon(): void {
    this.close();
    this.#clearTimer();
    this.#isHeld = true;
    this.#sent = null;
    this.#drop(this.#waiting.length);
  }

  state(): LogState {
    return {
      queued: this.#waiting.length,
      written: this.#written,
      dropped: this.#dropped,
      failure: this.#failure ?? this.#silence(),
    };
  }

  #silence(): string | null {
    const isSilent = this.#sent !== null && performance.now() - this.#sentAtMs > silentMs;
    return isSilent ? `the log writer has not answered for ${silentMs / 1000} s` : null;
  }

  #sendSoon(): void {
    if (this.#isHeld || this.#sent !== null) return;
    this.#timer ??= setTimeout(() => this.#sendBatch(), this.#options.flushMs);
  }

  #sendBatch(): void {
    if (this.#isHeld || this.#sent !== null) return;
    this.#clearTimer();
    const writes = this.#nextBatch();
    this.#sent = writes.length;
    this.#sentAtMs = performance.now();
    try {
      this.#options.send(writes);
    } catch (error) {
      // Only a record that cannot be cloned ends here; sending it again would end here too.
      this.#sent = null;
      this.#drop(writes.length);
      this.#options.onFailure(`${writes.length} rows could not be handed over: ${String(error)}`);
    }
  }

  #nextBatch(): LogWrite[] {
    const writes: LogWrite[] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      bytes += entry.bytes;
      const isEnough = writes.length >= this.#options.flushRows || bytes > batchBytes;
      if (isEnough && writes.length > 0) break;
      writes.push(entry.write);
    }
    return writes;
  }

  #dropOld(): void {
    const oldest = performance.now() - this.#options.keepMs;
    const firstToKeep = this.#waiting.findIndex(({ queuedAtMs }) => queuedAtMs > oldest);
    this.#drop(firstToKeep === -1 ? this.#waiting.length : firstToKeep);
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#remove(rows);
  }

  #remove(rows: number): void {
    for (const { bytes } of this.#waiting.splice(0, rows)) this.#bytes -= bytes;
    this.#settled += rows;
    const isDone = (flush: { readonly upTo: number }) => flush.upTo <= this.#settled;
    const done = this.#flushes.filter(isDone);
    if (done.length === 0) return;
    this.#flushes = this.#flushes.filter((flush) => !isDone(flush));
    for (const { resolve } of done) resolve();
  }

  #setFailure(failure: string | null): void {
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#options.onFailure(failure);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** The columns but text and vector take about 1 KB, keys and queue entry included. */
function roughBytes(write: LogWrite): number {
  if (write.kind !== 'request') return 512;
  const { record } = write;
  return 1024 + 2 * (record.promptText?.length ?? 0) + (record.embedding?.byteLength ?? 0);
}
