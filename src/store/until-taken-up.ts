import { setTimeout as sleep } from 'node:timers/promises';
import type { Statement } from 'better-sqlite3';

export interface TakeUpWait {
  /** How long a running server may take. */
  readonly waitMs: number;
  readonly pollMs: number;
}

/**
 * Whether a running server says within the wait that it uses a stored row.
 * @param isTakenUp finds something once the row of the id is taken up
 */
export async function untilTakenUp(
  isTakenUp: Statement<[number | bigint]>,
  id: number | bigint,
  { waitMs, pollMs }: TakeUpWait = { waitMs: 2_000, pollMs: 25 },
): Promise<boolean> {
  const lastLook = performance.now() + waitMs;
  while (isTakenUp.get(id) === undefined) {
    if (performance.now() >= lastLook) return false;
    await sleep(pollMs);
  }
  return true;
}
