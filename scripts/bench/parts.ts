// What a decision, the encoder and the log cost by themselves, measured in this process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEmbedder } from '../../src/embedding/create-embedder.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { quantile } from '../../src/math/quantile.ts';
import { createRouters } from '../../src/routing/create-router.ts';
import type { Router } from '../../src/routing/router.ts';
import { openRequestLog } from '../../src/store/request-log.ts';
import { requestRecord } from '../../test/support/request-record.ts';

const pair = {
  ...{ strongName: 'llama3:70b', weakName: 'llama3', strongProfile: null, weakProfile: null },
  weightsFile: null,
};

function mfRouter(embedder: Embedder): Router {
  const router = createRouters(['mf'], { ...pair, embedder }).routers.get('mf');
  if (router === undefined) throw new Error('mf is missing');
  return router;
}

const median = (values: number[]) => quantile(Float64Array.from(values).sort(), 0.5);

/** Features and head on about 200 tokens, without an encoder: p50 in milliseconds. */
export async function decisionP50Ms(): Promise<number> {
  const vector = new Float32Array(384).fill(1 / Math.sqrt(384));
  const embedding = { vector, tokens: 200, unknownShare: 0 };
  const router = mfRouter({
    ...{ id: 'minilm-384-v1', dimensions: 384, close: () => Promise.resolve() },
    embed: (texts) => Promise.resolve(texts.map(() => embedding)),
  });
  const sentence = 'Explain how a compiler turns loops into vector instructions, with an example. ';
  const text = (i: number) => `${i} ${sentence.repeat(13)}`;
  for (let i = 0; i < 300; i++) await router.score(text(i));
  const times: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const startMs = performance.now();
    await router.score(text(i));
    times.push(performance.now() - startMs);
  }
  return median(times);
}

export interface EncoderFigures {
  /** Event-loop delay p99 while 50 prompts a second are embedded, less that when idle. */
  readonly delayOverIdleMs: number;
  /** Cold decisions a second, 16 callers. */
  readonly decisionsPerSecond: number;
}

export async function encoderFigures(): Promise<EncoderFigures> {
  const embedder = await createEmbedder({ kind: 'local' });
  const router = mfRouter(embedder);
  let count = 0;
  const fresh = () =>
    `Question ${count++}: how do I plan a week in Rome with two children and a dog, on a small budget, in late autumn?`;
  for (let i = 0; i < 100; i++) await router.score(fresh());

  const idle = await loopDelayP99Ms(() => sleep(3000));
  const busy = await loopDelayP99Ms(async () => {
    const running: Promise<unknown>[] = [];
    for (let i = 0; i < 150; i++) {
      running.push(router.score(fresh()));
      await sleep(20);
    }
    await Promise.all(running);
  });
  const endMs = performance.now() + 3000;
  const before = count;
  const caller = async () => {
    while (performance.now() < endMs) await router.score(fresh());
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  const decisionsPerSecond = (count - before) / 3;
  await embedder.close();
  return { delayOverIdleMs: Math.max(0, busy - idle), decisionsPerSecond };
}

async function loopDelayP99Ms(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.percentile(99) / 1e6;
}

/** Main-thread time per logged row at 1,000 rows a second, in microseconds. */
export async function logUsPerRow(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
  const log = await openRequestLog({ file: join(folder, 'log.db') });
  const embedding = new Float32Array(384).fill(0.1);
  let row = 0;
  const run = async (rows: number) => {
    const start = performance.eventLoopUtilization();
    for (let i = 0; i < 200; i++) {
      for (let k = 0; k < rows; k++) {
        log.append(requestRecord({ decisionId: `dec_${row++}`, embedding }));
      }
      await sleep(10);
    }
    return performance.eventLoopUtilization(start).active;
  };
  await run(10);
  // The least of three, as everywhere: what else runs on the machine only adds.
  let [idleMs, busyMs] = [Infinity, Infinity];
  for (let round = 0; round < 3; round++) {
    idleMs = Math.min(idleMs, await run(0));
    busyMs = Math.min(busyMs, await run(11));
  }
  await log.close();
  rmSync(folder, { recursive: true, force: true });
  return (Math.max(0, busyMs - idleMs) / (200 * 11)) * 1000;
}
