import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * Keys that open this server, as SHA-256 only: neither memory, a dump nor a log holds one. A key
 * has enough randomness of its own, so it needs no salt and no slow hash.
 */
export class KeySet {
  readonly #hashes: readonly Buffer[];

  /** @param hashes SHA-256 in hex */
  constructor(hashes: Iterable<string>) {
    this.#hashes = [...new Set(hashes)].map((hex) => Buffer.from(hex, 'hex'));
  }

  get size(): number {
    return this.#hashes.length;
  }

  /** Compares with every key, each in constant time, wherever a match stands. */
  has(key: string): boolean {
    const hash = sha256(key);
    let isKnown = false;
    for (const known of this.#hashes) if (timingSafeEqual(known, hash)) isKnown = true;
    return isKnown;
  }

  /** SHA-256 of every key, in hex. */
  hashes(): string[] {
    return this.#hashes.map((hash) => hash.toString('hex'));
  }

  toJSON(): string {
    return `${this.size} keys`;
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}

const hashed = /^sha256:([0-9a-f]{64})$/i;

/** The hash, in hex, of a key as configured: the key itself, or `sha256:HEX` of it. */
export function hashOfKey(configured: string): string {
  const hex = hashed.exec(configured)?.[1];
  return hex?.toLowerCase() ?? hashOfSentKey(configured);
}

/** The hash, in hex, of a key as a client sends it. */
export function hashOfSentKey(key: string): string {
  return sha256(key).toString('hex');
}

function sha256(key: string): Buffer {
  return createHash('sha256').update(key, 'latin1').digest();
}

export function isHashed(configured: string): boolean {
  return hashed.test(configured);
}

export const clientKeyRule =
  'must be 8 or more printable characters without spaces, or "sha256:" and 64 hex digits';

export function isClientKey(key: unknown): key is string {
  if (typeof key !== 'string' || !/^[\x21-\x7e]{8,1000}$/.test(key)) return false;
  return isHashed(key) || !/^sha256:/i.test(key);
}
