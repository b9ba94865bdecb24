import { expect, test } from 'vitest';
import { Cancellation } from '../../../src/cancellation.ts';
import type { Call } from '../../../src/http/call.ts';
import { createInFlight } from '../../../src/http/in-flight.ts';
import type { Serving } from '../../../src/http/serving.ts';

const newCall = (): Call => ({
  ...{ requestId: 'r', startedAtMs: 0, elapsedMs: () => 0 },
  signal: new Cancellation(),
});
const servingOf = (inFlight: number) => ({ limits: { inFlight } }) as Serving;

test('whoever leaves, and however often, the others are still running', () => {
  const inFlight = createInFlight();
  const calls = Array.from({ length: 4 }, newCall);
  const leave = calls.map((call) => inFlight.enter(call, servingOf(4)));
  calls.forEach((call, i) => inFlight.decided(call, `dec_${i}`));
  const running = () => calls.map((_, i) => inFlight.isRunning(`dec_${i}`));

  leave[1]!();
  leave[1]!();
  expect(running()).toEqual([true, false, true, true]);
  leave[3]!();
  leave[0]!();
  expect(running()).toEqual([false, false, true, false]);
  expect(inFlight.count()).toBe(1);
  inFlight.decided(calls[0]!, 'dec_late'); // it has left
  expect(inFlight.isRunning('dec_late')).toBe(false);
  leave[2]!();
  expect(inFlight.count()).toBe(0);
});

test('over the limit of its configuration a call is refused, until one has left', () => {
  const inFlight = createInFlight();
  const leave = inFlight.enter(newCall(), servingOf(1));
  expect(() => inFlight.enter(newCall(), servingOf(1))).toThrow(/limits.in_flight is 1/);
  leave();
  expect(() => inFlight.enter(newCall(), servingOf(1))).not.toThrow();
});

test('a configuration is idle when its own calls have left', async () => {
  const inFlight = createInFlight();
  const [old, present] = [servingOf(9), servingOf(9)];
  const leaves = [old, present, old].map((serving) => inFlight.enter(newCall(), serving));
  let isIdle = false;
  const idle = inFlight.idle(old).then(() => (isIdle = true));
  leaves[0]!();
  await Promise.resolve();
  expect(isIdle).toBe(false);
  leaves[2]!();
  await idle;
  expect(inFlight.count()).toBe(1);
});

test('what is left when draining is over is aborted, each call, also when one leaves meanwhile', async () => {
  const inFlight = createInFlight();
  const calls = Array.from({ length: 5 }, newCall);
  const aborted: number[] = [];
  calls.forEach((call, i) => {
    const leave = inFlight.enter(call, servingOf(9));
    call.signal.addEventListener('abort', () => {
      aborted.push(i);
      leave();
    });
  });
  await inFlight.drain(1);
  expect(aborted.sort()).toEqual([0, 1, 2, 3, 4]);
  expect(() => inFlight.enter(newCall(), servingOf(9))).toThrow(/shutting down/);
});
