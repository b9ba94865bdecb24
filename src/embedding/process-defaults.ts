import { availableParallelism } from 'node:os';

/** Of one call, however many texts it has. */
export const defaultCallTimeoutMs = 10_000;

/** One leaves a core of two to the server; more than two gain little for the memory they hold. */
export function defaultProcessCount(): number {
  return availableParallelism() <= 2 ? 1 : 2;
}
