import type { Decision, Tier } from './decision.ts';
import { levelOf, measureDrift, type Drift, type ScoreReference } from './drift.ts';
import { boundaryFor, leastScores, windowScores, type TieredBoundary } from './online-threshold.ts';
import { ScoreWindow } from './score-window.ts';

/** Drift of one router version, with what it was measured against. */
export interface WatchedDrift extends Drift {
  readonly reference: ScoreReference;
}

/** What was seen of a router version lately. */
export interface WatchedScores {
  /** Scores that the threshold follows, the last `windowScores` at most. */
  readonly scores: number;
  /** Share of them that went to strong; null before the first. */
  readonly strongShare: number | null;
  /** Null without a reference, with too few scores, or where ties leave nothing to compare. */
  readonly drift: WatchedDrift | null;
}

/** Earlier decisions, oldest first: what a server starts with. */
export interface EarlierScores {
  /** Scores since the reference, of all requests. */
  readonly all: readonly number[];
  /**
   * Of the requests that left the threshold to the server; Infinity where a conversation was strong
   * whatever its score.
   */
  readonly followed: readonly { readonly score: number; readonly tier: Tier }[];
}

export type OnDrift = (routerVersion: string, drift: WatchedDrift, from: Drift['level']) => void;

interface Version {
  readonly followed: ScoreWindow;
  /** Whether each of `followed` went to strong, by age. */
  readonly strong: boolean[];
  readonly all: ScoreWindow;
  reference: ScoreReference | null;
  level: Drift['level'];
  untilCheck: number;
}

/** Scores between two looks at the drift. */
const checkEvery = 100;

/** A level is left only when the PSI is this far below its band, two standard errors of 1000 scores. */
const releaseAt = 0.6;

/** The last scores of each router version: what the online threshold and the drift are read from. */
export class ScoreWatch {
  readonly #versions = new Map<string, Version>();
  readonly #onDrift: OnDrift;

  constructor(onDrift: OnDrift) {
    this.#onDrift = onDrift;
  }

  /** @param isFollowed whether the request left the threshold to the server */
  observe({ routerVersion, score, tier, reason }: Decision, isFollowed: boolean): void {
    if (routerVersion === null || score === null || tier === 'none') return;
    const version = this.#open(routerVersion);
    if (isFollowed) follow(version, reason === 'session' ? Infinity : score, tier);
    version.all.add(score);
    if (--version.untilCheck > 0) return;
    version.untilCheck = checkEvery;
    this.#check(routerVersion, version);
  }

  has(routerVersion: string): boolean {
    return this.#versions.has(routerVersion);
  }

  /** Begins a version with what the log knows of it. */
  begin(routerVersion: string, earlier: EarlierScores, reference: ScoreReference | null): void {
    const version = this.#open(routerVersion);
    for (const { score, tier } of earlier.followed) follow(version, score, tier);
    for (const score of earlier.all) version.all.add(score);
    version.reference = reference;
    this.#check(routerVersion, version);
  }

  /** From here on later scores are compared with these. */
  compareWith(routerVersion: string, reference: ScoreReference): void {
    const version = this.#open(routerVersion);
    version.all.clear();
    version.reference = reference;
    version.level = 'stable';
  }

  /** Forgets all other versions: their routers are gone. */
  keepOnly(routerVersions: ReadonlySet<string>): void {
    for (const known of this.#versions.keys()) {
      if (!routerVersions.has(known)) this.#versions.delete(known);
    }
  }

  /** Null while fewer than `leastScores` are known. */
  boundary(routerVersion: string, strongShare: number): TieredBoundary | null {
    const followed = this.#versions.get(routerVersion)?.followed;
    if (followed === undefined || followed.size < leastScores) return null;
    return boundaryFor(followed, strongShare);
  }

  read(routerVersion: string): WatchedScores {
    const version = this.#versions.get(routerVersion);
    if (version === undefined) return { scores: 0, strongShare: null, drift: null };
    const { strong } = version;
    return {
      scores: strong.length,
      strongShare: strong.length === 0 ? null : strong.filter(Boolean).length / strong.length,
      drift: this.#check(routerVersion, version),
    };
  }

  #open(routerVersion: string): Version {
    const known = this.#versions.get(routerVersion);
    if (known !== undefined) return known;
    const version: Version = {
      followed: new ScoreWindow(windowScores),
      strong: [],
      all: new ScoreWindow(windowScores),
      reference: null,
      level: 'stable',
      untilCheck: checkEvery,
    };
    this.#versions.set(routerVersion, version);
    return version;
  }

  /** Measures, and tells of a change of level, once. */
  #check(routerVersion: string, version: Version): WatchedDrift | null {
    const { reference, level: from, all } = version;
    const drift = reference && measureDrift(all.ordered(), reference);
    if (reference === null || drift === null) return null;
    const level = heldLevel(from, drift);
    const watched = { ...drift, level, reference };
    version.level = level;
    if (level !== from) this.#onDrift(routerVersion, watched, from);
    return watched;
  }
}

function follow({ followed, strong }: Version, score: number, tier: Tier): void {
  followed.add(score);
  strong.push(tier === 'strong');
  if (strong.length > followed.capacity) strong.shift();
}

const order = { stable: 0, moderate: 1, major: 2 } as const;

/** Up at once, down only when the PSI is clearly below its band or what chance explains. */
function heldLevel(from: Drift['level'], drift: Drift): Drift['level'] {
  const { level, psi, psiExpected, psiNoise } = drift;
  if (order[level] >= order[from]) return level;
  const eased = psi <= releaseAt * psiNoise ? 'stable' : levelOf((psi - psiExpected) / releaseAt);
  return order[eased] < order[from] ? eased : from;
}
