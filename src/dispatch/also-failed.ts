import { AppError, BadRequestError } from '../errors.ts';
import type { FailedCall } from './dispatch-events.ts';
import { classifyFailure, type FailureClass } from './failure-class.ts';

/** A group that failed, and why: the cause chooses the fallback list. */
export interface FailedGroup {
  readonly group: string;
  readonly error: unknown;
  readonly cause: FailureClass;
}

/**
 * The error that a request ends with, its message naming the other groups that failed: who mends
 * only the one that is told of finds the others still broken.
 */
export function alsoFailed(last: FailedGroup, all: readonly FailedGroup[]): unknown {
  const { error } = last;
  const others = all.filter((other) => other.error !== error);
  if (error instanceof AppError && others.length > 0) {
    error.message += ` (Also failed: ${others.map(describe).join(', ')}.)`;
  }
  return error;
}

function describe({ group, error }: FailedGroup): string {
  return `${group} with ${failureText(error)}`;
}

/** Code and status of a failed call, in words of ours: `upstream_http_error 503`. */
export function failureText(error: unknown): string {
  const cause = classifyFailure(error);
  // The code of what a model says of the request is the model's own.
  const isOurs = error instanceof AppError && !(error instanceof BadRequestError);
  const code = isOurs ? (error.code ?? cause) : cause;
  const status = isOurs ? error.upstreamStatus : null;
  return `${code}${status === null ? '' : ` ${status}`}`;
}

/** `weak: upstream_http_error 503`, by deployment. */
export function describeFailedCall({ deployment, error }: FailedCall): string {
  return `${deployment.id}: ${failureText(error)}`;
}
