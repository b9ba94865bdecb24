import { describe, expect, test } from 'vitest';
import { createBreaker, type BreakerSettings } from '../../../src/dispatch/breaker.ts';

function setUp(settings: Partial<BreakerSettings> = {}) {
  let nowMs = 1_000_000;
  const breaker = createBreaker(
    { allowedFails: null, cooldownMs: 15_000, disabled: false, ...settings },
    () => nowMs,
  );
  const fail = (times = 1) => {
    for (let i = 0; i < times; i++) breaker.onFailure('server', null, false);
  };
  return { breaker, fail, pass: (ms: number) => void (nowMs += ms) };
}

describe('opening', () => {
  test('at five failures in a row, not at four', () => {
    const { breaker, fail } = setUp();
    fail(4);
    expect(breaker.state()).toBe('closed');
    fail();
    expect(breaker.state()).toBe('open');
    expect(breaker.tryAcquire()).toBe(false);
  });

  test('at half of ten calls within a minute; older ones are forgotten', () => {
    const { breaker, fail, pass } = setUp();
    const mixed = () => {
      breaker.onSuccess();
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
    const { breaker } = setUp();
    breaker.onFailure(failure, null, false);
    expect(breaker.state()).toBe('open');
  });

  test('for a 429 only when the group has others, for as long as it asks', () => {
    const { breaker, pass } = setUp();
    for (let i = 0; i < 20; i++) breaker.onFailure('rate_limit', 30_000, false);
    expect(breaker.state()).toBe('closed');
    breaker.onFailure('rate_limit', 30_000, true);
    expect(breaker.opensInMs()).toBe(30_000);
    pass(29_999);
    expect(breaker.state()).toBe('open');
    pass(1);
    expect(breaker.state()).toBe('half_open');
  });

  test('never for the client’s faults, when disabled, or with a cooldown of 0', () => {
    const { breaker } = setUp();
    for (let i = 0; i < 20; i++) breaker.onFailure('bad_request', null, true);
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
    const { breaker } = halfOpen();
    expect([breaker.tryAcquire(), breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([
      ...[true, false, false],
    ]);
  });

  test('closes when the probe succeeds, and starts counting anew', () => {
    const { breaker, fail } = halfOpen();
    breaker.tryAcquire();
    breaker.onSuccess();
    fail(4);
    expect(breaker.state()).toBe('closed');
  });

  test('opens again when the probe fails', () => {
    const { breaker, fail } = halfOpen();
    breaker.tryAcquire();
    fail();
    expect(breaker.state()).toBe('open');
  });

  test('a probe whose client left gives its right back', () => {
    const { breaker } = halfOpen();
    breaker.tryAcquire();
    breaker.onCancel();
    expect(breaker.tryAcquire()).toBe(true);
  });
});
