import type { ShadowPast, ShadowSince } from '../store/evidence.ts';
import type { ShadowSettings } from './shadow.ts';

/** What shadow comparisons have taken so far; outlives a reload of the settings. */
export interface ShadowBudget {
  /** Counts a comparison as begun where it fits; false where it does not. */
  tryBegin(estimateNanoUsd: number, settings: ShadowSettings): boolean;
  spend(nanoUsd: number): void;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Since when the log is asked for what this process's forerunners took. */
export function shadowSince(nowMs: number): ShadowSince {
  return { costSinceMs: Math.floor(nowMs / dayMs) * dayMs, countSinceMs: nowMs - hourMs };
}

/** @param past of this day and this hour, as far as the log tells */
export function createShadowBudget(past: ShadowPast, now: () => number = Date.now): ShadowBudget {
  let day = Math.floor(now() / dayMs);
  let spentNanoUsd = past.nanoUsd;
  /** When the comparisons of the last hour were begun; earlier ones count as begun now. */
  let begun: number[] = new Array<number>(past.comparisons).fill(now());

  function startDay(): void {
    const today = Math.floor(now() / dayMs);
    if (today === day) return;
    day = today;
    spentNanoUsd = 0;
  }

  return {
    tryBegin(estimateNanoUsd, { maxNanoUsdPerDay, maxPerHour }) {
      startDay();
      const time = now();
      begun = begun.filter((at) => time - at < hourMs);
      if (begun.length >= maxPerHour) return false;
      if (spentNanoUsd + estimateNanoUsd > maxNanoUsdPerDay) return false;
      begun.push(time);
      return true;
    },
    spend(nanoUsd) {
      startDay();
      spentNanoUsd += nanoUsd;
    },
  };
}
