import { expect, test, vi } from 'vitest';
import { Cancellation, type CancelSignal } from '../../src/cancellation.ts';

/** Both are used in one place or another, and must behave alike. */
const kinds: [string, () => { signal: CancelSignal; abort: (reason: Error) => void }][] = [
  [
    'a Cancellation',
    () => {
      const signal = new Cancellation();
      return { signal, abort: (reason) => signal.abort(reason) };
    },
  ],
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
    },
  ],
];

test.each(kinds)('%s tells its listeners once, in their order, with its reason set', (_, make) => {
  const { signal, abort } = make();
  const told: unknown[] = [];
  const removed = vi.fn();
  signal.addEventListener('abort', () => told.push(['first', signal.aborted, signal.reason]), {
    once: true,
  });
  signal.addEventListener('abort', removed, { once: true });
  signal.addEventListener('abort', () => told.push('second'), { once: true });
  signal.removeEventListener('abort', removed);
  expect(signal.aborted).toBe(false);
  expect(signal.reason).toBeUndefined();
  expect(() => signal.throwIfAborted()).not.toThrow();

  const reason = new Error('gone');
  abort(reason);
  abort(new Error('again'));
  expect(told).toEqual([['first', true, reason], 'second']);
  expect(removed).not.toHaveBeenCalled();
  expect(() => signal.throwIfAborted()).toThrow(reason);
});

test.each(kinds)('%s tells nothing to who listens too late', (_, make) => {
  const { signal, abort } = make();
  abort(new Error('gone'));
  const late = vi.fn();
  signal.addEventListener('abort', late, { once: true });
  abort(new Error('again'));
  expect(late).not.toHaveBeenCalled();
});

test.each(kinds)('a listener of %s may take another one away before it is told', (_, make) => {
  const { signal, abort } = make();
  const other = vi.fn();
  signal.addEventListener('abort', () => signal.removeEventListener('abort', other), {
    once: true,
  });
  signal.addEventListener('abort', other, { once: true });
  abort(new Error('gone'));
  expect(other).not.toHaveBeenCalled();
});

test('the platform gets a signal of its own, with the same reason, whenever it asks', () => {
  const asked = new Cancellation();
  const early = asked.toAbortSignal();
  expect(asked.toAbortSignal()).toBe(early);
  expect(early.aborted).toBe(false);
  const reason = new Error('gone');
  asked.abort(reason);
  expect(early.reason).toBe(reason);

  const over = new Cancellation();
  over.abort(reason);
  expect(over.toAbortSignal().reason).toBe(reason);
});
