import { inspect } from 'node:util';

/** An API key that prints as `***` wherever it ends up; only `reveal()` gives the text. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** Keys that we were never told, by the shapes that the large providers give them. */
const keyShapes = /\b(?:sk|rk|pk|gsk|xai|hf|csk)[-_][\w-]{12,}|\b(?<=bearer )[\w.~+/=-]{8,}/gi;

/** The text without what looks like a key. */
export function withoutKeyShapes(text: string): string {
  return text.replace(keyShapes, '***');
}
