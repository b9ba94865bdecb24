import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import {
  WriteQueue,
  type LogWrite,
  type WriteQueueOptions,
} from '../../../src/store/write-queue.ts';
import { requestRecord } from '../../support/request-record.ts';

const row = (fields: Partial<RequestRecord> = {}): LogWrite => ({
  kind: 'request',
  record: requestRecord(fields),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue whose batches land in `sent`; the test answers for the writer. */
function queueWith(options: Partial<WriteQueueOptions> = {}) {
  const sent: (readonly LogWrite[])[] = [];
  const failures: (string | null)[] = [];
  const queue = new WriteQueue({
    flushMs: 50,
    flushRows: 3,
    maxRows: 10,
    maxBytes: 1e9,
    retryMs: 200,
    keepMs: 30_000,
    send: (writes) => sent.push(writes),
    onFailure: (failure) => failures.push(failure),
    ...options,
  });
  queue.resume();
  const append = (rows: number) => {
    for (let i = 0; i < rows; i++) queue.append(row());
  };
  return { queue, sent, failures, append, sizes: () => sent.map(({ length }) => length) };
}

test('a batch goes out when it is full or its first row has waited long enough', () => {
  const { append, sizes, queue } = queueWith();
  append(2);
  vi.advanceTimersByTime(49);
  expect(sizes()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sizes()).toEqual([2]);
  queue.confirm(0);
  append(3);
  expect(sizes()).toEqual([2, 3]);
});

test('one batch is out at a time, and counts as queued until it is confirmed', () => {
  const { queue, append, sizes } = queueWith();
  append(8);
  expect(sizes()).toEqual([3]);
  expect(queue.state()).toEqual({ queued: 8, written: 0, dropped: 0, failure: null });
  queue.confirm(1);
  expect(sizes()).toEqual([3, 3]);
  expect(queue.state()).toEqual({ queued: 5, written: 2, dropped: 1, failure: null });
});

test('over its bound new rows are dropped and counted', () => {
  const { queue, append } = queueWith();
  append(25);
  expect(queue.state()).toMatchObject({ queued: 10, dropped: 15 });
});

test('long prompts are bounded by their size', () => {
  const { queue } = queueWith({ maxBytes: 3_000_000 });
  for (let i = 0; i < 4; i++) queue.append(row({ promptText: 'x'.repeat(600_000) }));
  expect(queue.state()).toMatchObject({ queued: 2, dropped: 2 });
});

test('a batch of long prompts is short', () => {
  const { queue, sizes } = queueWith();
  for (let i = 0; i < 3; i++) queue.append(row({ promptText: 'x'.repeat(600_000) }));
  expect(sizes()).toEqual([1]);
});

test('a failed batch is tried again after a pause, and the failure clears itself', () => {
  const { queue, append, sent, failures, sizes } = queueWith();
  append(4);
  queue.fail('the disk is full');
  append(1);
  expect(queue.state()).toEqual({
    queued: 5,
    written: 0,
    dropped: 0,
    failure: 'the disk is full',
  });
  vi.advanceTimersByTime(199);
  expect(sizes()).toEqual([3]);
  vi.advanceTimersByTime(1);
  expect(sent[1]).toEqual(sent[0]);
  queue.fail('the disk is full');
  vi.advanceTimersByTime(200);
  queue.confirm(0);
  expect(queue.state()).toMatchObject({ queued: 2, written: 3, failure: null });
  expect(failures).toEqual(['the disk is full', null]);
});

test('rows that could not be written for long are dropped; younger ones stay', () => {
  const { queue, append } = queueWith();
  append(2);
  vi.advanceTimersByTime(50);
  queue.fail('locked');
  vi.advanceTimersByTime(29_900);
  append(1);
  vi.advanceTimersByTime(100);
  queue.fail('locked');
  expect(queue.state()).toMatchObject({ queued: 1, dropped: 2 });
});

test('with nothing left to write it asks whether writing works again', () => {
  const { queue, append, sizes } = queueWith({ keepMs: 100 });
  append(1);
  vi.advanceTimersByTime(150);
  queue.fail('read-only');
  expect(queue.state()).toMatchObject({ queued: 0, dropped: 1, failure: 'read-only' });
  vi.advanceTimersByTime(200);
  expect(sizes()).toEqual([1, 0]);
  queue.confirm(0);
  expect(queue.state()).toMatchObject({ written: 0, failure: null });
});

test('without a writer rows are kept and go out when there is one again', () => {
  const { queue, append, sizes } = queueWith();
  append(3);
  queue.hold('the writer stopped');
  append(3);
  vi.advanceTimersByTime(1_000);
  expect(sizes()).toEqual([3]);
  queue.resume();
  expect(sizes()).toEqual([3, 3]);
  expect(queue.state()).toMatchObject({ queued: 6, failure: 'the writer stopped' });
});

test('a writer that is silent for long counts as a failure', () => {
  const { queue, append } = queueWith();
  append(3);
  vi.advanceTimersByTime(10_001);
  expect(queue.state().failure).toBe('the log writer has not answered for 10 s');
  queue.confirm(0);
  expect(queue.state().failure).toBeNull();
});

test('flush resolves for the rows appended so far, not for later ones', async () => {
  const { queue, append, sizes } = queueWith();
  append(2);
  const flushed = vi.fn();
  void queue.flush().then(flushed);
  expect(sizes()).toEqual([2]);
  append(1);
  queue.confirm(0);
  await Promise.resolve();
  expect(flushed).toHaveBeenCalled();
  expect(queue.state().queued).toBe(1);
  await expect(queueWith().queue.flush()).resolves.toBeUndefined();
});

test('what is abandoned is counted, and nothing is taken after it', async () => {
  const { queue, append } = queueWith();
  append(5);
  const flushed = queue.flush();
  queue.abandon();
  await flushed;
  append(1);
  expect(queue.state()).toMatchObject({ queued: 0, written: 0, dropped: 6 });
});

test('a batch that cannot be handed over never throws into the request', () => {
  const { queue, append, failures } = queueWith({
    send() {
      throw new Error('could not be cloned');
    },
  });
  append(3);
  expect(queue.state()).toMatchObject({ queued: 0, dropped: 3, failure: null });
  expect(failures[0]).toMatch(/3 rows could not be handed over: Error: could not be cloned/);
});
