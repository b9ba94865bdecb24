import { AppError, BadRequestError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { createBreaker, type Breaker, type BreakerState } from './breaker.ts';
import type { FailureClass } from './failure-class.ts';
import type { DispatchSettings, Group } from './group.ts';
import { pickDeployment } from './pick-deployment.ts';

/** A deployment chosen for one call; exactly one of the endings must be called. */
export interface Lease {
  readonly deployment: Deployment;
  succeed(): void;
  fail(failure: FailureClass, retryAfterMs: number | null): void;
  /** The client left before there was a verdict. */
  cancel(): void;
}

export interface PoolClock {
  readonly now: () => number;
  readonly random: () => number;
}

/** The deployments of one group with their breakers and running calls. */
export interface GroupPool {
  readonly group: Group;
  /**
   * Chooses a deployment and counts the call as running from this moment (counting it later lets
   * concurrent calls choose the same one).
   * @throws BadRequestError `context_length_exceeded` when the prompt fits none,
   *   AppError 503 `no_deployment_available` when all are cooling down or full.
   */
  lease(promptTokens: number, excluded: ReadonlySet<Deployment>): Lease;
  /** Deployments that could be leased now. */
  available(promptTokens: number, excluded: ReadonlySet<Deployment>): number;
  states(): { deployment: Deployment; state: BreakerState; inFlight: number }[];
}

interface Slot {
  readonly deployment: Deployment;
  readonly breaker: Breaker;
  inFlight: number;
}

export function createGroupPool(
  group: Group,
  settings: DispatchSettings,
  clock: PoolClock,
): GroupPool {
  const slots: Slot[] = group.deployments.map((deployment) => ({
    deployment,
    breaker: createBreaker(
      {
        allowedFails: settings.allowedFails,
        cooldownMs: deployment.cooldownMs ?? settings.cooldownMs,
        disabled: settings.disableCooldowns,
      },
      clock.now,
    ),
    inFlight: 0,
  }));

  function fitting(promptTokens: number): Slot[] {
    if (!settings.enablePreCallChecks) return slots;
    return slots.filter(
      ({ deployment }) => promptTokens <= (deployment.maxInputTokens ?? Infinity),
    );
  }

  function usable(promptTokens: number, excluded: ReadonlySet<Deployment>): Slot[] {
    return fitting(promptTokens).filter(
      ({ deployment, breaker, inFlight }) =>
        !excluded.has(deployment) &&
        inFlight < (deployment.maxParallelRequests ?? Infinity) &&
        breaker.state() !== 'open',
    );
  }

  function leaseOf(slot: Slot): Lease {
    slot.inFlight++;
    let isOver = false;
    const end = (verdict: () => void) => {
      if (isOver) return;
      isOver = true;
      slot.inFlight--;
      verdict();
    };
    return {
      deployment: slot.deployment,
      succeed: () => end(() => slot.breaker.onSuccess()),
      fail: (failure, retryAfterMs) =>
        end(() => slot.breaker.onFailure(failure, retryAfterMs, slots.length > 1)),
      cancel: () => end(() => slot.breaker.onCancel()),
    };
  }

  return {
    group,
    lease(promptTokens, excluded) {
      let candidates = usable(promptTokens, excluded);
      while (candidates.length > 0) {
        const slot = pickDeployment(candidates, settings.routingStrategy, clock.random);
        if (slot === null) break;
        if (slot.breaker.tryAcquire()) return leaseOf(slot);
        candidates = candidates.filter((other) => other !== slot); // its probe is already running
      }
      if (fitting(promptTokens).length === 0) throw tooLong(group, promptTokens);
      throw noneAvailable(group, Math.min(...slots.map(({ breaker }) => breaker.opensInMs())));
    },
    available: (promptTokens, excluded) => usable(promptTokens, excluded).length,
    states: () =>
      slots.map(({ deployment, breaker, inFlight }) => ({
        ...{ deployment, inFlight },
        state: breaker.state(),
      })),
  };
}

function tooLong(group: Group, promptTokens: number): AppError {
  return new BadRequestError(
    `The prompt (about ${promptTokens} tokens) is longer than the context window of every ` +
      `deployment of "${group.name}".`,
    { param: 'messages', code: 'context_length_exceeded' },
  );
}

function noneAvailable(group: Group, opensInMs: number): AppError {
  return new AppError(`All deployments of "${group.name}" are cooling down or busy.`, {
    status: 503,
    type: 'server_error',
    code: 'no_deployment_available',
    headers: { 'retry-after': String(Math.max(1, Math.ceil(opensInMs / 1000))) },
  });
}
