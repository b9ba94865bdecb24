import { expect, onTestFinished, test, vi } from 'vitest';
import { createSchemaChecker } from '../../../src/judging/schema-checker.ts';

const number = JSON.stringify({ type: 'number' });
/** Backtracks for longer than anybody waits. */
const endless = JSON.stringify({ type: 'string', pattern: '^(a+)+$' });

function checker(options: Parameters<typeof createSchemaChecker>[0] = {}) {
  const schemas = createSchemaChecker(options);
  onTestFinished(() => schemas.close());
  const told: [string, boolean][] = [];
  const check = (answer: string, schema: string) =>
    schemas.check({ answer, schema }, (isValid) => told.push([answer, isValid]));
  return { schemas, told, check };
}

const until = (check: () => unknown) => vi.waitUntil(check, { timeout: 15_000, interval: 5 });

test('answers are checked in order; what cannot be told is left out', async () => {
  const { told, check } = checker();
  check('1', number);
  check('x', '{"type":"nonsense"}');
  check('"one"', number);
  await until(() => told.length === 2);
  expect(told).toEqual([
    ['1', true],
    ['"one"', false],
  ]);
});

test('a check that does not end costs its thread, and the next one is made', async () => {
  const { told, check } = checker({ limitMs: 100 });
  check('1', number); // the thread is ready after this
  await until(() => told.length === 1);
  check(JSON.stringify(`${'a'.repeat(60)}!`), endless);
  check('2', number);
  await until(() => told.length === 2);
  expect(told[1]).toEqual(['2', true]);
});

test('what comes while too many wait is not checked, and nothing is after closing', async () => {
  const { schemas, told, check } = checker({ maxWaiting: 2 });
  for (const answer of ['1', '2', '3', '4', '5']) check(answer, number);
  await until(() => told.length === 3);
  expect(told.map(([answer]) => answer)).toEqual(['1', '2', '3']);
  check('6', number);
  await schemas.close();
  check('7', number);
  expect(told).toHaveLength(3);
});
