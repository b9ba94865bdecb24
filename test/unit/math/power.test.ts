import { expect, it } from 'vitest';
import { power } from '../../../src/math/power.ts';

// To the last digit, of which that of `**` depends on the version of V8.
it.each([
  [7, -0.5, 0.37796447300922725],
  [2948, -0.25, 0.13571196232128518],
  [0.999, 12345, 0.000004324661796025638],
  [0.9, 1, 0.9],
])('power(%d, %d) is %d on every Node', (base, exponent, expected) => {
  expect(power(base, exponent)).toBe(expected);
});
