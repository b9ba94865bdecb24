import type { CancelSignal } from '../cancellation.ts';
import type { Demands } from '../demands.ts';
import { AppError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { alsoFailed, describeFailedCall, type FailedGroup } from './also-failed.ts';
import { backoffMs } from './backoff.ts';
import type { DispatchEvents, FailedCall } from './dispatch-events.ts';
import { classifyFailure, type FailureClass } from './failure-class.ts';
import type { DispatchSettings, Group } from './group.ts';
import { createGroupPool, type GroupPool, type Lease } from './group-pool.ts';
import { retryAfterMs } from './retry-after.ts';
import { sleep } from './sleep.ts';

/** One call to one deployment; rejects with an AppError, or the signal's reason. */
export type CallDeployment<T> = (lease: Lease) => Promise<T>;

/** What one request may do, from its own fields or the defaults. */
export interface DispatchRequest extends Demands {
  readonly requestId: string;
  readonly group: string;
  readonly numRetries: number | null;
  /** The client's own fallbacks come before the configured ones. */
  readonly fallbacks: readonly string[];
  readonly disableFallbacks: boolean;
  /** Whether there is an answer should this fail: no deployment is waited for, and no group stands in. */
  readonly hasAnswer?: boolean;
}

/** What happened so far, readable at any time: also when the dispatch fails or the client leaves. */
export interface DispatchTrace {
  /** Upstream calls sent. */
  attempts: number;
  /** Groups left behind. */
  fallbacks: number;
  /** The deployment of the last call. */
  deployment: Deployment | null;
  /** The last call, where it failed: the next one is made in its place. */
  failed: FailedCall | null;
  /** Calls that failed and were made again elsewhere: `weak: upstream_http_error 503`, by deployment. */
  readonly replaced: string[];
}

export interface DispatcherDeps {
  readonly now: () => number;
  readonly random: () => number;
  readonly events?: DispatchEvents;
}

export interface Dispatcher {
  readonly pools: ReadonlyMap<string, GroupPool>;
  /** What a fallback may be: a group, or the id of one deployment alone. Null for no such name. */
  targetOf(name: string): string | null;
  /**
   * Calls deployments until one answers, in LiteLLM's order: retries within the group, then the
   * fallbacks of the failure's cause, depth first, then the defaults.
   * @throws the last failure, naming those before it, when all is used up; the signal's reason when the client left.
   */
  dispatch<T>(
    request: DispatchRequest,
    trace: DispatchTrace,
    call: CallDeployment<T>,
    signal: CancelSignal,
  ): Promise<T>;
}

type Tried<T> = { readonly answer: T } | { readonly failed: FailedGroup };

export function createDispatcher(
  groups: readonly Group[],
  settings: DispatchSettings,
  deps: DispatcherDeps,
): Dispatcher {
  const pools = new Map(
    groups.map((group) => [group.name, createGroupPool(group, settings, deps)]),
  );

  /** One of several in its group, to be called alone. */
  const alone = new Map(
    groups
      .filter(({ deployments }) => deployments.length > 1)
      .flatMap(({ deployments }) => deployments)
      .map((one) => [
        one.id,
        createGroupPool({ name: one.id, deployments: [one] }, settings, deps),
      ]),
  );

  function targetOf(name: string): string | null {
    if (pools.has(name) || alone.has(name)) return name;
    return groups.find(({ deployments }) => deployments[0]?.id === name)?.name ?? null;
  }

  async function dispatch<T>(
    request: DispatchRequest,
    trace: DispatchTrace,
    call: CallDeployment<T>,
    signal: CancelSignal,
  ): Promise<T> {
    const seen = new Set<string>();
    const leftBehind: FailedGroup[] = [];
    const defaults = mayStandIn(request) ? settings.defaultFallbacks : [];
    let failed = await walk(request.group, defaults);
    if ('answer' in failed) return failed.answer;
    if (mayFallBack(request, failed.failed)) {
      const next = await walkList(request.group, defaults, failed.failed, []);
      if ('answer' in next) return next.answer;
      failed = next;
    }
    throw alsoFailed(failed.failed, leftBehind) as Error;

    /**
     * A group with its retries, then its own fallbacks, each treated alike.
     * @param later the groups that come when those are used up
     */
    async function walk(name: string, later: readonly string[]): Promise<Tried<T>> {
      const pool = pools.get(name) ?? alone.get(name);
      if (pool === undefined) throw new Error(`group ${name} is not configured`);
      seen.add(name);
      const isLast =
        trace.fallbacks >= settings.maxFallbacks ||
        [...fallbacksOf(name, 'server'), ...later].every((target) => seen.has(target));
      const tried = await tryGroup(pool, request, trace, call, signal, isLast);
      if ('answer' in tried) return tried;
      leftBehind.push(tried.failed);
      if (!mayFallBack(request, tried.failed)) return tried;
      return walkList(name, fallbacksOf(name, tried.failed.cause), tried.failed, later);
    }

    async function walkList(
      from: string,
      names: readonly string[],
      last: FailedGroup,
      later: readonly string[],
    ): Promise<Tried<T>> {
      let failed = last;
      for (const [index, name] of names.entries()) {
        if (seen.has(name)) continue;
        if (trace.fallbacks >= settings.maxFallbacks) break;
        trace.fallbacks++;
        deps.events?.onFallback(from, name, failed.cause);
        const tried = await walk(name, [...names.slice(index + 1), ...later]);
        if ('answer' in tried) return tried;
        // That nothing could be called says less than why the one before failed.
        if (!isUncallable(tried.failed)) failed = tried.failed;
      }
      return { failed };
    }

    function fallbacksOf(name: string, cause: FailureClass): readonly string[] {
      if (!mayStandIn(request)) return [];
      const own = name === request.group ? request.fallbacks : [];
      const byCause =
        cause === 'context_window'
          ? settings.contextWindowFallbacks.get(name)
          : cause === 'content_policy'
            ? settings.contentPolicyFallbacks.get(name)
            : undefined;
      return [...own, ...(byCause ?? settings.fallbacks.get(name) ?? [])];
    }
  }

  async function tryGroup<T>(
    pool: GroupPool,
    request: DispatchRequest,
    trace: DispatchTrace,
    call: CallDeployment<T>,
    signal: CancelSignal,
    isLast: boolean,
  ): Promise<Tried<T>> {
    const group = pool.group.name;
    const excluded = new Set<Deployment>(); // cannot answer this request
    const tried = new Set<Deployment>(); // asked again only when no other is left
    let failed: FailedGroup | null = null;
    for (let retry = 0; ; retry++) {
      let lease: Lease;
      try {
        const others = retry === 0 ? 0 : pool.available(request, tried);
        lease = pool.lease(request, others > 0 ? tried : excluded);
      } catch (error) {
        return { failed: failed ?? { group, error, cause: classifyFailure(error) } };
      }
      trace.attempts++;
      const { deployment } = lease;
      if (retry > 0) deps.events?.onRetry(deployment);
      if (trace.failed !== null) {
        deps.events?.onCalledInstead(trace.failed, deployment, request.requestId);
        trace.replaced.push(describeFailedCall(trace.failed));
      }
      trace.deployment = deployment;
      trace.failed = null;
      tried.add(deployment);
      try {
        return { answer: await call(lease) };
      } catch (error) {
        if (signal.aborted) {
          lease.cancel();
          throw error;
        }
        const cause = classifyFailure(error);
        const askedMs = error instanceof AppError ? retryAfterMs(error.headers, deps.now()) : null;
        if (cause === 'no_endpoint') lease.cancel();
        else lease.fail(cause, askedMs);
        trace.failed = { deployment, error };
        failed = { group, error, cause };
        if (!isWorthARetry(cause)) return { failed };
        if (cannotAnswer.has(cause)) excluded.add(deployment);

        const others = pool.available(request, tried);
        const configured = deployment.numRetries ?? settings.numRetries;
        const retries = request.numRetries ?? configured ?? (others > 0 || isLast ? 1 : 0);
        const isHopeless = pool.available(request, excluded) === 0;
        if (others === 0 && request.hasAnswer === true) return { failed };
        if (retry >= retries || isHopeless) return { failed };
        // Another healthy deployment is asked at once; the same one is given time.
        const leastMs = settings.retryAfterMs;
        await sleep(
          others > 0 ? leastMs : (askedMs ?? backoffMs(retry, leastMs, deps.random)),
          signal,
        );
      }
    }
  }

  return { pools, targetOf, dispatch };
}

function mayStandIn({ disableFallbacks, hasAnswer = false }: DispatchRequest): boolean {
  return !disableFallbacks && !hasAnswer;
}

/** The client's own fault stays the client's, whatever other model is asked. */
function mayFallBack(request: DispatchRequest, { cause }: FailedGroup): boolean {
  return cause !== 'bad_request' && mayStandIn(request);
}

function isWorthARetry(cause: FailureClass): boolean {
  return cause !== 'bad_request' && cause !== 'context_window' && cause !== 'content_policy';
}

/** A retry there would fail in the same way. */
const cannotAnswer: ReadonlySet<FailureClass> = new Set(['auth', 'not_found', 'no_endpoint']);

function isUncallable({ error, cause }: FailedGroup): boolean {
  const isBusy = error instanceof AppError && error.code === 'no_deployment_available';
  return isBusy || cause === 'unsupported';
}
