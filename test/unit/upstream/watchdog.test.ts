import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createWatchdog } from '../../../src/upstream/watchdog.ts';

const silence = new Error('silence');

function start(ms: number) {
  const aborted = vi.fn();
  const parent = new AbortController();
  const watchdog = createWatchdog(parent.signal, 60_000, () => new Error('total'), aborted);
  watchdog.expect(ms, () => silence);
  onTestFinished(() => watchdog.stop());
  return { watchdog, aborted };
}

/** Stands still, as a process does that gets no processor. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function socketPair() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [far] = (await accepted) as [typeof near];
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

test('silence ends the call, once', async () => {
  const { watchdog, aborted } = start(5);
  await expect.poll(() => aborted.mock.calls).not.toEqual([]);
  expect(aborted.mock.calls).toEqual([[silence]]);
  expect(watchdog.reason()).toBe(silence);
});

test('what came while the process stood still is read before it is called silence', async () => {
  const { near, far } = await socketPair();
  const { watchdog, aborted } = start(20);
  near.on('data', () => watchdog.refresh());
  far.write('here');
  await turn(); // it is on its way
  standStill(60);
  await turn();
  await turn();
  expect(aborted).not.toHaveBeenCalled();
});

test('a pause is no silence, also when the time was just up', async () => {
  const { watchdog, aborted } = start(20);
  standStill(40);
  await new Promise<void>((resolve) =>
    setImmediate(() => {
      watchdog.pause();
      resolve();
    }),
  );
  await turn();
  await turn();
  expect(aborted).not.toHaveBeenCalled();
  watchdog.refresh();
  await expect.poll(() => watchdog.reason()).toBe(silence);
});
