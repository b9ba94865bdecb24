import type { Deployment } from '../upstream/deployment.ts';
import type { FailureClass } from './failure-class.ts';

/** A call that was made, and why it failed. */
export interface FailedCall {
  readonly deployment: Deployment;
  readonly error: unknown;
}

/** Told of what the metrics count and the log tells. */
export interface DispatchEvents {
  onRetry(deployment: Deployment): void;
  onFallback(from: string, to: string, cause: FailureClass): void;
  /** A call is made in the place of one that failed: a retry, or of another group. */
  onCalledInstead(failed: FailedCall, next: Deployment, requestId: string): void;
  /** A deployment is left alone for a while; again after each probe that failed. */
  onTakenOut(deployment: Deployment, cooldownMs: number): void;
  onBack(deployment: Deployment): void;
}
