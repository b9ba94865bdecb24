import type { FailureClass } from './failure-class.ts';

export interface BreakerSettings {
  /** More failures than this within the window open it; null: the default rule. */
  readonly allowedFails: number | null;
  /** How long it stays open; 0 never opens. */
  readonly cooldownMs: number;
  readonly disabled: boolean;
}

export interface BreakerEvents {
  /** Also when a probe failed. */
  onOpen(ms: number): void;
  onClose(): void;
}

export type BreakerState = 'closed' | 'half_open' | 'open';

/** Takes one deployment out when it keeps failing, and lets a single probe find out when it is back. */
export interface Breaker {
  state(): BreakerState;
  /** Whether `tryAcquire` would give a permit now. */
  isReady(): boolean;
  /** The right to call: always when closed, for one probe at a time when half open; else null. */
  tryAcquire(): Permit | null;
  /** Milliseconds until a probe is let through; 0 when it is not open. */
  opensInMs(): number;
  /** The failure that opened it last; null while it is closed. */
  openedBy(): FailureClass | null;
}

/** The right to make one call; exactly one of the endings must be called. */
export interface Permit {
  succeed(): void;
  /**
   * @param failure what went wrong; the client's faults never count
   * @param retryAfterMs what the upstream asked for, null without
   * @param hasOthers the group has other deployments
   */
  fail(failure: FailureClass, retryAfterMs: number | null, hasOthers: boolean): void;
  /** The call ended without a verdict (the client left): a probe's right is given back. */
  cancel(): void;
}

const windowMs = 60_000;
const consecutiveFailures = 5;
const leastCalls = 10;
const failedShare = 0.5;
/** As many of the window's calls as are looked at. */
const mostCalls = 1000;

/**
 * Opens at 5 consecutive failures, or at half of at least 10 calls within a minute; at once for
 * 401, 403 and 404, and for 429 while the group has others. With `allowed_fails` set: at more
 * failures than that within the minute (LiteLLM). A failed probe opens it again.
 */
export function createBreaker(
  settings: BreakerSettings,
  now: () => number,
  events?: BreakerEvents,
): Breaker {
  let openUntilMs = 0;
  let isOpen = false;
  let cause: FailureClass | null = null;
  let isProbing = false;
  let inARow = 0;
  let recent: { atMs: number; failed: boolean }[] = [];

  function state(): BreakerState {
    if (!isOpen) return 'closed';
    return now() < openUntilMs ? 'open' : 'half_open';
  }

  function note(failed: boolean): void {
    const atMs = now();
    recent.push({ atMs, failed });
    // Not at every call: this is on the way of each request.
    if (recent.length >= 2 * mostCalls) recent = recent.slice(-mostCalls);
  }

  function open(failure: FailureClass, ms: number): void {
    if (settings.disabled || ms <= 0) return;
    isOpen = true;
    cause = failure;
    openUntilMs = now() + ms;
    events?.onOpen(ms);
  }

  /** What was before the cooldown no longer counts. */
  function close(): void {
    isOpen = false;
    inARow = 0;
    recent = [];
    events?.onClose();
  }

  function hasFailedTooOften(): boolean {
    const sinceMs = now() - windowMs;
    recent = recent.filter(({ atMs }) => atMs >= sinceMs).slice(-mostCalls);
    const failures = recent.filter((call) => call.failed).length;
    if (settings.allowedFails !== null) return failures > settings.allowedFails;
    return (
      inARow >= consecutiveFailures ||
      (recent.length >= leastCalls && failures >= failedShare * recent.length)
    );
  }

  function onSuccess(): void {
    if (isOpen) close();
    inARow = 0;
    note(false);
  }

  function onFailure(failure: FailureClass, retryAfterMs: number | null, hasOthers: boolean): void {
    if (failure === 'bad_request' || failure === 'context_window' || failure === 'content_policy') {
      if (isOpen) close(); // it answered: that is what the probe asked
      return;
    }
    if (failure === 'rate_limit') {
      if (hasOthers) open(failure, retryAfterMs ?? settings.cooldownMs);
      return;
    }
    note(true);
    inARow++;
    const isHopeless = failure === 'auth' || failure === 'not_found';
    if (isOpen || isHopeless || hasFailedTooOften()) open(failure, settings.cooldownMs);
  }

  function permit(isProbe: boolean): Permit {
    const end = (verdict: () => void) => {
      // A call that began before it opened says nothing about now.
      if (isOpen && !isProbe) return;
      if (isProbe) isProbing = false;
      verdict();
    };
    return {
      succeed: () => end(onSuccess),
      fail: (...failure) => end(() => onFailure(...failure)),
      cancel: () => end(() => {}),
    };
  }

  function isReady(): boolean {
    const current = state();
    return current === 'closed' || (current === 'half_open' && !isProbing);
  }

  return {
    state,
    isReady,
    tryAcquire() {
      if (!isReady()) return null;
      isProbing = isOpen;
      return permit(isOpen);
    },
    opensInMs: () => (isOpen ? Math.max(0, openUntilMs - now()) : 0),
    openedBy: () => (isOpen ? cause : null),
  };
}
