import { LRUCache } from 'lru-cache';
import { isObject } from '../is-object.ts';
import { createKeyedHash } from '../routing/keyed-hash.ts';
import { contentText } from '../routing/prompt-text.ts';
import type { AskedRequest } from './after-answer.ts';

/** An answered request, as far as asking again goes. */
export interface Asking {
  readonly decisionId: string;
  readonly client: string;
  readonly sessionHash: string | null;
  /** What the user said last. */
  readonly text: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface AskedAgainOptions {
  /** An answer that was good is not asked for again so soon. */
  readonly windowMs?: number;
  /** Faster than this it is a program that takes samples. */
  readonly pauseMs?: number;
  /** Askings that are remembered. */
  readonly max?: number;
}

/** Shorter texts ("continue", "yes, please") are said again for other reasons. */
const leastChars = 16;
/** As much of a text as is hashed. */
const hashedChars = 16 * 1024;

/**
 * Remembers who asked what, as hashes under a key that dies with the process, and says which
 * earlier decision an asking repeats.
 */
export function createAskedAgain({
  windowMs = 5 * 60_000,
  pauseMs = 1_000,
  max = 10_000,
}: AskedAgainOptions = {}) {
  const keyedHash = createKeyedHash();
  const seen = new LRUCache<string, Pick<Asking, 'decisionId' | 'endedAtMs'>>({ max });

  /** @returns the decision whose answer did not do; null when there is none */
  return function repeatedDecision(asking: Asking): string | null {
    const { decisionId, client, sessionHash, text, startedAtMs, endedAtMs } = asking;
    if (text.length < leastChars) return null;
    const who = JSON.stringify([client, sessionHash, text.length]);
    const hash = keyedHash(who + text.slice(0, hashedChars));
    const earlier = seen.get(hash);
    if (earlier === undefined || earlier.endedAtMs <= endedAtMs) {
      seen.set(hash, { decisionId, endedAtMs });
    }
    if (earlier === undefined) return null;
    const pause = startedAtMs - earlier.endedAtMs;
    return pause >= pauseMs && pause <= windowMs ? earlier.decisionId : null;
  };
}

/**
 * What the user said last, by itself; null where a tool or an assistant spoke last: a tool's turn
 * repeats the user's text without anybody asking again.
 */
export function askedText({
  messages,
  body,
}: Pick<AskedRequest, 'messages' | 'body'>): string | null {
  if (messages === null) return contentText(body['prompt']);
  const last = messages.at(-1);
  return isObject(last) && last['role'] === 'user' ? contentText(last['content']) : null;
}
