import { performance } from 'node:perf_hooks';
import type { Embedder } from '../embedding/embedder.ts';
import type { Router } from '../routing/router.ts';

/** Counts and ratios of one run, in one process, on the same prompts: no absolute times. */
export interface SpeedRatios {
  readonly prompts: number;
  /** Decisions of a router whose vectors are known, in the time of one run of the encoder. */
  readonly decisionsPerEncoding: readonly { readonly router: string; readonly decisions: number }[];
  /** Time of the encoder for the longest tenth of the prompts, over that for the shortest. */
  readonly longOverShort: number;
  readonly tokens: { readonly median: number; readonly p95: number };
}

/** Rounds over the prompts; the fastest counts, since other work only ever adds. */
const rounds = 3;

export async function measureSpeed(
  embedder: Embedder,
  routers: ReadonlyMap<string, Pick<Router, 'score'>>,
  prompts: readonly string[],
): Promise<SpeedRatios> {
  const embed = async (text: string) => embedder.embed([text]);
  const embedding = await fastest(prompts, embed);
  const decisionsPerEncoding = [];
  for (const [name, router] of routers) {
    const scoring = await fastest(prompts, (text) => router.score(text));
    decisionsPerEncoding.push({ router: name, decisions: embedding / scoring });
  }
  const byLength = [...prompts].sort((a, b) => a.length - b.length);
  const tenth = Math.max(1, Math.floor(prompts.length / 10));
  const [short, long] = [byLength.slice(0, tenth), byLength.slice(-tenth)];
  const tokens = (await embedder.embed(prompts)).map(({ tokens }) => tokens ?? NaN);
  tokens.sort((a, b) => a - b);
  return {
    prompts: prompts.length,
    decisionsPerEncoding,
    longOverShort: (await fastest(long, embed)) / (await fastest(short, embed)),
    tokens: {
      median: tokens[Math.floor(tokens.length / 2)] ?? NaN,
      p95: tokens[Math.floor(tokens.length * 0.95)] ?? NaN,
    },
  };
}

async function fastest(
  prompts: readonly string[],
  work: (text: string) => Promise<unknown>,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (const prompt of prompts) await work(prompt);
    times.push(performance.now() - started);
  }
  return Math.min(...times);
}
