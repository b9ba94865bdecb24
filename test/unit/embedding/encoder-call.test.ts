import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { callEncoder, type EncoderJob } from '../../../src/embedding/encoder-call.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const embedding = { vector: Float32Array.of(1), tokens: 1, unknownShare: 0 };

it('waits as long as one text after the other is done, and no longer', async () => {
  const jobs: EncoderJob[] = [];
  const call = (texts: string[]) =>
    callEncoder(texts, { enqueue: (some) => jobs.push(...some), timeoutMs: 100 });

  const slow = call(['a', 'b', 'c']);
  for (const job of jobs.splice(0)) {
    await vi.advanceTimersByTimeAsync(80);
    job.settle(embedding);
  }
  expect(await slow).toHaveLength(3);

  const stuck = expect(call(['a', 'b'])).rejects.toThrow('no answer within 100 ms');
  await vi.advanceTimersByTimeAsync(80);
  jobs[0]!.settle(embedding);
  await vi.advanceTimersByTimeAsync(101);
  await stuck;
  expect(jobs[1]!.isDropped).toBe(true);
});
