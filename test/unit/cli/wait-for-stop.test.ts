import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { waitForStop } from '../../../src/cli/wait-for-stop.ts';

function waiting() {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const clock = { ms: 0 };
  const stopped = waitForStop({
    signals,
    exit: (exitCode) => exits.push(exitCode),
    now: () => clock.ms,
  });
  return { signals, exits, clock, stopped };
}

it.each(['SIGTERM', 'SIGINT'])('stops at the first %s and does not exit', async (name) => {
  const { signals, exits, stopped } = waiting();
  signals.emit(name);
  expect(await stopped).toBe(name);
  expect(exits).toEqual([]);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('F34: exits at once at a second signal, for %s with %d', (name, exitCode) => {
  const { signals, exits, clock } = waiting();
  signals.emit('SIGTERM');
  clock.ms = 1000;
  signals.emit(name);
  expect(exits).toEqual([exitCode]);
});

it('takes the copy of a Ctrl-C that npm hands on for the same key press', () => {
  const { signals, exits, clock } = waiting();
  signals.emit('SIGINT');
  clock.ms = 20;
  signals.emit('SIGINT');
  expect(exits).toEqual([]);
});
