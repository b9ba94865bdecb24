/** An endpoint answered with a status that is no success. */
export class StatusError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }

  /** The same request may succeed a moment later. */
  get isTransient(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}
