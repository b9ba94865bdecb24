import { leadingCount } from '../math/leading-count.ts';

/**
 * The last `capacity` numbers in order of size. Each step moves at most `capacity` doubles (8 KB of
 * a thousand), which takes about a microsecond: no tree is faster at this size.
 */
export class ScoreWindow {
  readonly capacity: number;
  readonly #byAge: Float64Array;
  readonly #bySize: Float64Array;
  #size = 0;
  #oldest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#byAge = new Float64Array(capacity);
    this.#bySize = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Ascending; a view that the next `add` changes. */
  ordered(): Float64Array {
    return this.#bySize.subarray(0, this.#size);
  }

  /** How many are below `value`. */
  below(value: number): number {
    return leadingCount(this.ordered(), (score) => score < value);
  }

  /** How many are at or below `value`. */
  upTo(value: number): number {
    return leadingCount(this.ordered(), (score) => score <= value);
  }

  /** Over the capacity the oldest one goes. */
  add(value: number): void {
    if (this.#size === this.capacity) this.#removeOldest();
    const at = this.upTo(value);
    this.#bySize.copyWithin(at + 1, at, this.#size);
    this.#bySize[at] = value;
    this.#byAge[(this.#oldest + this.#size) % this.capacity] = value;
    this.#size++;
  }

  clear(): void {
    this.#size = 0;
    this.#oldest = 0;
  }

  #removeOldest(): void {
    const at = this.below(this.#byAge[this.#oldest]!);
    this.#bySize.copyWithin(at, at + 1, this.#size);
    this.#oldest = (this.#oldest + 1) % this.capacity;
    this.#size--;
  }
}
