import { pino } from 'pino';
import { expect, test } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { failureFields } from '../../../src/http/error-handler.ts';

const logger = pino({ level: 'silent' });

test('of a bug of ours the log has the stack, verbose or not', () => {
  const { code, cause } = failureFields(new TypeError('x is not a function'), logger);
  expect(code).toBe('internal_error');
  expect(cause).toMatch(/^TypeError: x is not a function\n +at /);
});

test('a cause without a message of its own is told by its name', () => {
  // What node throws when each address of a name refuses.
  const cause = new AggregateError([], '');
  const error = new UpstreamError('It refuses connections.', { code: 'x', cause });
  expect(failureFields(error, logger).cause).toBe('AggregateError');
});
