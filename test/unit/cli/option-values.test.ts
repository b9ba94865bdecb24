import { expect, test } from 'vitest';
import { wholeNumber } from '../../../src/cli/option-values.ts';

test.each([
  [['1', 1], 1],
  [['64', 1, 64], 64],
  [[200, 1, 300], 200],
  [['0', 0], 0],
] as const)('%j is a whole number', ([value, least, most], expected) => {
  expect(wholeNumber('--n', value, least, most)).toBe(expected);
});

test.each([
  [['0', 1], '--n 0 is not a whole number of at least 1.'],
  [['65', 1, 64], '--n 65 is not a whole number from 1 to 64.'],
  [['1.5', 0], '--n 1.5 is not a whole number.'],
  [['', 0], '--n  is not a whole number.'],
  [['Infinity', 0], '--n Infinity is not a whole number.'],
] as const)('%j is none, and the message says what is', ([value, least, most], message) => {
  expect(() => wholeNumber('--n', value, least, most)).toThrow(message);
});
