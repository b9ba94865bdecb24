import { availableParallelism } from 'node:os';

/** Of silence: a call with many texts may take longer, as long as one after the other is done. */
export const defaultCallTimeoutMs = 10_000;

/** One leaves a core of two to the server; more than two gain little for the memory they hold. */
export function defaultProcessCount(): number {
  return availableParallelism() <= 2 ? 1 : 2;
}
