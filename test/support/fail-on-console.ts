import { afterEach, beforeEach, expect, vi, type MockInstance } from 'vitest';

/** Stray console output fails a test: the product logs through its logger, never the console. */
let spies: MockInstance[] = [];

beforeEach(() => {
  spies = (['log', 'info', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method));
});

afterEach(() => {
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
