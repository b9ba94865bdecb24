import type { Tier } from './decision.ts';

/** A rule of the operator: what it is about, all of which must hold, and what follows. */
export interface Rule {
  readonly name: string;
  readonly when: {
    /** Lower-case header names and their values. */
    readonly headers: readonly (readonly [name: string, value: string])[];
    /** Fields of the request's `metadata` and their values as text. */
    readonly metadata: readonly (readonly [field: string, value: string])[];
    /** Found in what some message says. */
    readonly text: RegExp | null;
    /** SHA-256 of client keys, in hex; null: any. */
    readonly keyHashes: ReadonlySet<string> | null;
    /** The client, or another rule, marked the request private. */
    readonly isPrivate: boolean;
  };
  readonly then: {
    readonly tier: Tier | null;
    readonly isPrivate: boolean;
    readonly isLocalOnly: boolean;
  };
}

/** What rules look at. */
export interface RuledRequest {
  readonly isPrivate: boolean;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** SHA-256 of the client's key in hex; '' without one. */
  readonly keyHash: string;
  /** What all messages say, thoughts and tool calls too: all of it goes upstream. */
  readonly texts: () => readonly string[];
}

export interface Ruling {
  /** The first matching rule that names a tier. */
  readonly tier: { readonly tier: Tier; readonly rule: string } | null;
  readonly isPrivate: boolean;
  /** The first matching rule that keeps the request on local deployments; null: none. */
  readonly localOnlyRule: string | null;
}

/** All rules that match have their say; where two name a tier, the first one in the list. */
export function applyRules(rules: readonly Rule[], request: RuledRequest): Ruling {
  if (rules.length === 0) return { tier: null, isPrivate: request.isPrivate, localOnlyRule: null };
  // Marks before what follows from them, so that the order of the two kinds does not matter.
  const marking = rules.filter((rule) => !rule.when.isPrivate && matches(rule, request));
  const isPrivate = request.isPrivate || marking.some(({ then }) => then.isPrivate);
  const matching = rules.filter((rule) =>
    rule.when.isPrivate ? isPrivate && matches(rule, request) : marking.includes(rule),
  );
  const named = matching.find(({ then }) => then.tier !== null);
  return {
    tier: named?.then.tier ? { tier: named.then.tier, rule: named.name } : null,
    isPrivate,
    localOnlyRule: matching.find(({ then }) => then.isLocalOnly)?.name ?? null,
  };
}

/** All conditions but `isPrivate`. */
function matches({ when }: Rule, request: RuledRequest): boolean {
  const { text } = when;
  return (
    (when.keyHashes === null || when.keyHashes.has(request.keyHash)) &&
    when.headers.every(([name, value]) => headerText(request.headers[name]) === value) &&
    when.metadata.every(([field, value]) => isField(request.metadata, field, value)) &&
    (text === null || request.texts().some((part) => text.test(part)))
  );
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value;
}

function isField(metadata: RuledRequest['metadata'], field: string, value: string): boolean {
  if (!Object.hasOwn(metadata, field)) return false;
  const said = metadata[field];
  return ['string', 'number', 'boolean'].includes(typeof said) && String(said) === value;
}
