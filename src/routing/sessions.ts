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

/** Under one name: an agent's own turns, its titles and summaries, its helpers. */
interface Strand {
  /** Hashes of the system text and of the first user text; '' for none. */
  readonly system: string;
  readonly user: string;
  readonly decided: Pick<Session, 'escalatedBy' | 'last'>;
}

/** All that is remembered under one hash. What is private is private in all strands. */
interface Remembered {
  readonly isPrivate: boolean;
  /** The newest first. */
  readonly strands: readonly Strand[];
}

const maxStrands = 8;

/**
 * A name given by the client always means the same conversation, but for requests that begin with
 * another system text and another user text: an agent asks for a title under the name of the
 * conversation, and that decides nothing for it. An opening may begin many of
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
      const strand = isNamed ? strandOf(clue.opening) : noStrand;
      const remembered = isNamed || !isFirst ? sessions.get(hash) : undefined;
      return {
        hash,
        known: remembered === undefined ? null : sessionOf(remembered, strand),
        note(decided) {
          // Asked again: another request of the conversation may have been decided meanwhile.
          const present = sessions.get(hash);
          if (present === undefined && !isNamed && !isFirst) return;
          sessions.set(hash, withDecided(present ?? nothing, strand, decided));
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

  function strandOf(opening: SessionClue['opening']): Beginning {
    const [, system = '', user = ''] = opening ?? [];
    const hashed = (text: string) => (text === '' ? '' : keyedHash(text.slice(0, hashedChars)));
    return { system: hashed(system), user: hashed(user) };
  }

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

type Beginning = Pick<Strand, 'system' | 'user'>;

/** An opening is its own strand. */
const noStrand: Beginning = { system: '', user: '' };
const nothing: Remembered = { isPrivate: false, strands: [] };

function isSame(one: Beginning, other: Beginning): boolean {
  return one.system === other.system || (one.user === other.user && one.user !== '');
}

/** Where nothing tells otherwise, the newest one's. */
function findStrand(strands: readonly Strand[], wanted: Beginning): Strand | undefined {
  const isOpen = (strand: Strand) => strand.system === '' || wanted.system === '';
  return strands.find((strand) => isSame(strand, wanted)) ?? strands.find(isOpen);
}

function sessionOf({ isPrivate, strands }: Remembered, wanted: Beginning): Session {
  const { escalatedBy = null, last = null } = findStrand(strands, wanted)?.decided ?? {};
  return { escalatedBy, isPrivate, last };
}

function withDecided(present: Remembered, wanted: Beginning, decided: Session): Remembered {
  const strand = findStrand(present.strands, wanted);
  const others = present.strands.filter((other) => other !== strand);
  const next: Strand = {
    ...(strand ?? wanted),
    decided: {
      escalatedBy: strand?.decided.escalatedBy ?? decided.escalatedBy,
      last: decided.last ?? strand?.decided.last ?? null,
    },
  };
  return {
    isPrivate: decided.isPrivate || present.isPrivate,
    strands: [next, ...others].slice(0, maxStrands),
  };
}

function createCache({ maxSessions, ttlMs }: SessionSettings, now: () => number) {
  return new LRUCache<string, Remembered>({
    max: maxSessions,
    // The cache takes 0 for "for ever"; then nothing is put into it.
    ttl: Math.max(1, ttlMs),
    ttlResolution: 0,
    updateAgeOnGet: true,
    perf: { now },
  });
}
