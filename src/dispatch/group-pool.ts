import type { Ability, Demands } from '../demands.ts';
import { AppError, BadRequestError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { createBreaker, type Breaker, type BreakerState, type Permit } from './breaker.ts';
import type { DispatchEvents } from './dispatch-events.ts';
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

export interface PoolDeps {
  readonly now: () => number;
  readonly random: () => number;
  readonly events?: Pick<DispatchEvents, 'onTakenOut' | 'onBack'>;
}

/** The deployments of one group with their breakers and running calls. */
export interface GroupPool {
  readonly group: Group;
  /**
   * Chooses a deployment and counts the call as running from this moment (counting it later lets
   * concurrent calls choose the same one).
   * @throws BadRequestError `no_local_deployment`, `not_supported_by_model` or
   *   `context_length_exceeded` when none may or can answer, AppError 503 `no_deployment_available`
   *   when all that can are cooling down or full.
   */
  lease(demands: Demands, excluded: ReadonlySet<Deployment>): Lease;
  /** Deployments that could be leased now. */
  available(demands: Demands, excluded: ReadonlySet<Deployment>): number;
  /** Whether some deployment may and can answer, whatever state it is in. */
  fits(demands: Demands): boolean;
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
  { now, random, events }: PoolDeps,
): GroupPool {
  const slots: Slot[] = group.deployments.map((deployment) => ({
    deployment,
    breaker: createBreaker(
      {
        allowedFails: settings.allowedFails,
        cooldownMs: deployment.cooldownMs ?? settings.cooldownMs,
        disabled: settings.disableCooldowns,
      },
      now,
      {
        onOpen: (ms) => events?.onTakenOut(deployment, ms),
        onClose: () => events?.onBack(deployment),
      },
    ),
    inFlight: 0,
  }));

  function isFitting(
    { promptTokens, needs, isLocalOnly }: Demands,
    { isLocal, cannot, maxInputTokens }: Deployment,
  ): boolean {
    return (
      (!isLocalOnly || isLocal === true) &&
      !needs.some((need) => cannot.includes(need)) &&
      (!settings.enablePreCallChecks || promptTokens <= (maxInputTokens ?? Infinity))
    );
  }

  function fits(demands: Demands): boolean {
    return slots.some(({ deployment }) => isFitting(demands, deployment));
  }

  /** Why no deployment fits, the first reason of these that is one by itself. */
  function unfit({ promptTokens, needs, isLocalOnly }: Demands): AppError {
    const nothing: Demands = { promptTokens: 0, needs: [], isLocalOnly: false };
    if (isLocalOnly && !fits({ ...nothing, isLocalOnly })) return notLocal(group);
    if (!fits({ ...nothing, isLocalOnly, needs })) return unsupported(group, needs);
    return tooLong(group, promptTokens);
  }

  function usable(demands: Demands, excluded: ReadonlySet<Deployment>): Slot[] {
    return slots.filter(
      ({ deployment, breaker, inFlight }) =>
        isFitting(demands, deployment) &&
        !excluded.has(deployment) &&
        inFlight < (deployment.maxParallelRequests ?? Infinity) &&
        breaker.isReady(),
    );
  }

  function leaseOf(slot: Slot, permit: Permit): Lease {
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
      succeed: () => end(() => permit.succeed()),
      fail: (failure, retryAfterMs) =>
        end(() => permit.fail(failure, retryAfterMs, slots.length > 1)),
      cancel: () => end(() => permit.cancel()),
    };
  }

  return {
    group,
    lease(demands, excluded) {
      const slot = pickDeployment(usable(demands, excluded), settings.routingStrategy, random);
      const permit = slot?.breaker.tryAcquire() ?? null;
      if (slot !== null && permit !== null) return leaseOf(slot, permit);
      if (!fits(demands)) throw unfit(demands);
      throw noneAvailable(
        group,
        slots.filter(({ deployment }) => isFitting(demands, deployment)),
      );
    },
    available: (demands, excluded) => usable(demands, excluded).length,
    fits,
    states: () =>
      slots.map(({ deployment, breaker, inFlight }) => ({
        ...{ deployment, inFlight },
        state: breaker.state(),
      })),
  };
}

function notLocal(group: Group): AppError {
  return new BadRequestError(
    `A rule keeps this request on local deployments, and "${group.name}" has none: ask for "auto" ` +
      'or a local model.',
    { param: 'model', code: 'no_local_deployment' },
  );
}

const fieldOf: Readonly<Record<Ability, string>> = {
  images: 'messages',
  tools: 'tools',
  schema: 'response_format',
};

function unsupported(group: Group, needs: readonly Ability[]): AppError {
  return new BadRequestError(
    `No deployment of "${group.name}" that may answer can do what the request needs ` +
      `(${needs.join(', ')}): ask for "auto" or another model.`,
    { param: fieldOf[needs[0] ?? 'images'], code: 'not_supported_by_model' },
  );
}

function tooLong(group: Group, promptTokens: number): AppError {
  return new BadRequestError(
    `The prompt (about ${promptTokens} tokens) is longer than the context window of every ` +
      `deployment of "${group.name}".`,
    { param: 'messages', code: 'context_length_exceeded' },
  );
}

/** What kept calls from a deployment, for the one who can mend it. */
const causes: Readonly<Partial<Record<FailureClass, string>>> = {
  auth: 'the upstream refused our credentials',
  not_found: 'the upstream has no such model or path',
  rate_limit: 'the upstream limits the rate',
  timeout: 'calls ran out of time',
};

/** `slots`: the deployments that could answer if they were free. */
function noneAvailable(group: Group, slots: readonly Slot[]): AppError {
  const opensInMs = Math.min(...slots.map(({ breaker }) => breaker.opensInMs()));
  const failures = new Set(slots.flatMap(({ breaker }) => breaker.openedBy() ?? []));
  const why = Array.from(failures, (failure) => causes[failure] ?? 'calls failed').join('; ');
  const text = `All deployments of "${group.name}" are cooling down or busy`;
  return new AppError(`${text}${why === '' ? '' : ` (${why})`}.`, {
    status: 503,
    type: 'server_error',
    code: 'no_deployment_available',
    headers: { 'retry-after': String(Math.max(1, Math.ceil(opensInMs / 1000))) },
  });
}
