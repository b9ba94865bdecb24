import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Tier } from './decision.ts';
import { createKeyedHash } from './keyed-hash.ts';

export interface SessionSettings {
  /** Conversations that are remembered; the one unused longest goes first. */
  readonly maxSessions: number;
  /** How long one is remembered after its last request; 0: none is. */
  readonly ttlMs: number;
}

/** How a client tells that requests belong together. */
export interface SessionClue {
  /** The client's own name for the conversation; null when it gave none. */
  readonly name: string | null;
  /** What stands for a name: the end user, the system text, the first user text; null: nothing. */
  readonly opening: readonly string[] | null;
  /** Messages of user and assistant. */
  readonly turns: number;
}

/** What is remembered of a conversation. */
export interface Session {
  /** The decision whose score sent it up; null: it was not sent up. */
  readonly escalatedBy: string | null;
  readonly isPrivate: boolean;
  /** What was decided last; null when the client named its models itself. */
  readonly last: { readonly decision: string; readonly tier: Tier } | null;
}

/** A request's place among the conversations. */
export interface SessionPlace {
  /** Names the conversation in the log; null when nothing does. */
  readonly hash: string | null;
  /** What holds for the request; null for a new conversation, and for one that goes its own way. */
  readonly known: Session | null;
  /** Remembers a decision, or without one a mark: what is set once stays. */
  note(decided: Session): void;
}

/** Conversations in progress. In memory only: a restart forgets them. */
export interface Sessions {
  /** @param keyHash of the client's key: clients never share a conversation */
  place(clue: SessionClue, keyHash: string): SessionPlace;
  /** Takes other bounds over and keeps what is known. */
  configure(settings: SessionSettings): void;
}

/** Enough to tell openings apart; longer ones would cost time for nothing. */
const hashedChars = 8192;

/**
 * A name given by the client always means the same conversation. An opening may begin many of
 * them, or be the same in all requests of a program, so it counts only for requests with more than
 * one turn, and only if we saw its first turn: a prompt asked again, and the examples that stand
 * in front of every request of a program, are no conversation.
 *
 * @param now milliseconds that never go back
 */
export function createSessions(settings: SessionSettings, now = () => performance.now()): Sessions {
  const keyedHash = createKeyedHash();
  let sessions = createCache(settings, now);

  return {
    place(clue, keyHash) {
      const hash = hashOf(clue, keyHash);
      if (hash === null || settings.ttlMs === 0) return { hash, known: null, note: () => {} };
      const isNamed = clue.name !== null;
      const isFirst = clue.turns <= 1;
      const known = isNamed || !isFirst ? (sessions.get(hash) ?? null) : null;
      return {
        hash,
        known,
        note(decided) {
          // Asked again: another request of the conversation may have been decided meanwhile.
          const present = sessions.get(hash);
          if (present === undefined && !isNamed && !isFirst) return;
          sessions.set(hash, {
            escalatedBy: present?.escalatedBy ?? decided.escalatedBy,
            isPrivate: decided.isPrivate || (present?.isPrivate ?? false),
            last: decided.last ?? present?.last ?? null,
          });
        },
      };
    },
    configure(next) {
      if (next.ttlMs === settings.ttlMs && next.maxSessions === settings.maxSessions) return;
      settings = next;
      const kept = sessions.dump();
      sessions = createCache(next, now);
      sessions.load(kept);
    },
  };

  function hashOf({ name, opening }: SessionClue, keyHash: string): string | null {
    if (name !== null) return namedSessionHash(name, keyHash);
    if (opening === null) return null;
    const parts = opening.map((part) => `\n${part.length}\n${part.slice(0, hashedChars)}`);
    return keyedHash(keyHash + parts.join(''));
  }
}

/** SHA-256 in hex of a client's key and its name for a conversation: the same after a restart. */
export function namedSessionHash(name: string, keyHash: string): string {
  return createHash('sha256').update(`${keyHash}\n${name}`).digest('hex');
}

function createCache({ maxSessions, ttlMs }: SessionSettings, now: () => number) {
  return new LRUCache<string, Session>({
    max: maxSessions,
    // The cache takes 0 for "for ever"; then nothing is put into it.
    ttl: Math.max(1, ttlMs),
    ttlResolution: 0,
    updateAgeOnGet: true,
    perf: { now },
  });
}
