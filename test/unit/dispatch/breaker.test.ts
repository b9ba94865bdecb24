import { describe, expect, test } from 'vitest';
import { createBreaker, type BreakerSettings, type Permit } from '../../../src/dispatch/breaker.ts';

function setUp(settings: Partial<BreakerSettings> = {}) {
  let nowMs = 1_000_000;
  const breaker = createBreaker(
    { allowedFails: null, cooldownMs: 15_000, disabled: false, ...settings },
    () => nowMs,
  );
  /** A call that may be made now. */
  const call = () => {
    const permit = breaker.tryAcquire();
    if (permit === null) throw new Error('the breaker lets no call through');
    return permit;
  };
  const fail = (times = 1) => {
    for (let i = 0; i < times; i++) call().fail('server', null, false);
  };
  return { breaker, call, fail, pass: (ms: number) => void (nowMs += ms) };
}

describe('opening', () => {
  test('at five failures in a row, not at four', () => {
    const { breaker, fail } = setUp();
    fail(4);
    expect(breaker.state()).toBe('closed');
    fail();
    expect(breaker.state()).toBe('open');
    expect(breaker.tryAcquire()).toBeNull();
  });

  test('at half of ten calls within a minute; older ones are forgotten', () => {
    const { breaker, call, fail, pass } = setUp();
    const mixed = () => {
      call().succeed();
      fail();
    };
    for (let i = 0; i < 4; i++) mixed();
    pass(61_000);
    for (let i = 0; i < 4; i++) mixed();
    expect(breaker.state()).toBe('closed');
    mixed();
    expect(breaker.state()).toBe('open');
  });

  test('allowed_fails: n are allowed, n + 1 are not', () => {
    const { breaker, fail } = setUp({ allowedFails: 2 });
    fail(2);
    expect(breaker.state()).toBe('closed');
    fail();
    expect(breaker.state()).toBe('open');
  });

  test.each(['auth', 'not_found'] as const)('at once for %s', (failure) => {
    const { breaker, call } = setUp();
    call().fail(failure, null, false);
    expect(breaker.state()).toBe('open');
  });

  test('for a 429 only when the group has others, for as long as it asks', () => {
    const { breaker, call, pass } = setUp();
    for (let i = 0; i < 20; i++) call().fail('rate_limit', 30_000, false);
    expect(breaker.state()).toBe('closed');
    call().fail('rate_limit', 30_000, true);
    expect(breaker.opensInMs()).toBe(30_000);
    pass(29_999);
    expect(breaker.state()).toBe('open');
    pass(1);
    expect(breaker.state()).toBe('half_open');
  });

  test('never for the client’s faults, when disabled, or with a cooldown of 0', () => {
    const { breaker, call } = setUp();
    for (let i = 0; i < 20; i++) call().fail('bad_request', null, true);
    expect(breaker.state()).toBe('closed');
    for (const settings of [{ disabled: true }, { cooldownMs: 0 }]) {
      const off = setUp(settings);
      off.fail(20);
      expect(off.breaker.state()).toBe('closed');
    }
  });
});

describe('half open', () => {
  function halfOpen() {
    const all = setUp();
    all.fail(5);
    all.pass(15_000);
    return all;
  }

  test('lets exactly one probe through', () => {
    const { breaker, call } = halfOpen();
    call();
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([null, null]);
  });

  test.each([
    ['succeeds', (probe: Permit) => probe.succeed()],
    ['is refused for the client’s fault', (probe: Permit) => probe.fail('bad_request', null, true)],
  ])('closes when the probe %s, and starts counting anew', (_how, end) => {
    const { breaker, call, fail } = halfOpen();
    end(call());
    fail(4);
    expect(breaker.state()).toBe('closed');
  });

  test('opens again when the probe fails', () => {
    const { breaker, fail } = halfOpen();
    fail();
    expect(breaker.state()).toBe('open');
  });

  test('a probe whose client left gives its right back', () => {
    const { breaker, call } = halfOpen();
    call().cancel();
    expect(breaker.tryAcquire()).not.toBeNull();
  });

  test('a cooldown of 0 asks again at once after a failed probe', () => {
    const { breaker, call, pass } = setUp({ cooldownMs: 0 });
    call().fail('rate_limit', 1000, true);
    pass(1000);
    call().fail('server', null, true);
    expect(breaker.tryAcquire()).not.toBeNull();
  });
});

describe('a call that began before it opened', () => {
  const endings: [string, (early: Permit) => void][] = [
    ['succeeds', (early) => early.succeed()],
    ['fails', (early) => early.fail('server', null, true)],
    ['is refused for a key', (early) => early.fail('auth', null, true)],
    ['is limited', (early) => early.fail('rate_limit', 60_000, true)],
    ['is refused for the client’s fault', (early) => early.fail('bad_request', null, true)],
    ['loses its client', (early) => early.cancel()],
  ];

  test.each(endings)('and %s changes nothing while it is open', (_how, end) => {
    const { breaker, call, fail, pass } = setUp();
    const early = call();
    fail(5);
    pass(10_000);
    end(early);
    expect(breaker.opensInMs()).toBe(5_000);
  });

  test.each(endings)('and %s leaves the probe alone', (_how, end) => {
    const { breaker, call, fail, pass } = setUp();
    const early = call();
    fail(5);
    pass(15_000);
    const probe = call();
    end(early);
    expect(breaker.tryAcquire()).toBeNull();
    expect(breaker.state()).toBe('half_open');
    probe.succeed();
    expect(breaker.state()).toBe('closed');
  });
});
