// npx tsx scripts/measure-cascade.ts [--requests 200] [--escalate 0.3]
// What a cascade costs in time and tokens, against simulated models of a fixed speed: the table in
// docs/live-traffic.md. Which answers are unsure is drawn here, so it says nothing about quality.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { CascadeSettings } from '../src/config/config.ts';
import { startGateway } from '../src/gateway.ts';
import { quantile, sorted } from '../src/math/quantile.ts';
import { readLog } from '../test/support/read-log.ts';
import { scriptedRouter, testConfig, withTiers } from '../test/support/start-gateway.ts';
import { readFlags } from './read-flags.ts';

interface Speed {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}

const speeds: Readonly<Record<'strong' | 'weak', Speed>> = {
  strong: { firstTokenMs: 300, tokenMs: 12 },
  weak: { firstTokenMs: 60, tokenMs: 5 },
};
const answerTokens = 80;
// A token has four characters, as in our estimate of what was thrown away.
const atOnce = 8;

interface Mode {
  readonly name: string;
  readonly stream: boolean;
  /** Tokens that are waited for; null: no cascade. */
  readonly tokens: number | null;
}

const modes: readonly Mode[] = [
  { name: 'prompt only, stream', stream: true, tokens: null },
  ...[8, 16, 32, 64].map((tokens) => ({
    name: `cascade on ${tokens} tokens, stream`,
    stream: true,
    tokens,
  })),
  { name: 'prompt only, one piece', stream: false, tokens: null },
  { name: 'cascade on 32 tokens, one piece', stream: false, tokens: 32 },
];

/** Sends a token each `tokenMs`; the prompt says how sure the weak model is. */
async function startModels() {
  const server = createServer((req, res) => {
    let text = '';
    req.on('data', (part: Buffer) => (text += part.toString()));
    req.on('end', () => {
      const body = JSON.parse(text) as { stream?: boolean; logprobs?: boolean };
      const speed = req.url?.startsWith('/weak') === true ? speeds.weak : speeds.strong;
      const logprob = body.logprobs === true ? (text.includes('unsure') ? -1 : -0.1) : null;
      void play(res, body.stream === true, speed, logprob);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function play(res: ServerResponse, stream: boolean, speed: Speed, logprob: number | null) {
  const logprobs = logprob === null ? null : { content: [{ token: 'w', logprob }] };
  const choice = { index: 0, logprobs, finish_reason: null };
  const usage = { prompt_tokens: 20, completion_tokens: answerTokens, total_tokens: 100 };
  const send = (value: unknown) => res.write(`data: ${JSON.stringify(value)}\n\n`);
  const start = performance.now();
  const until = (ms: number) => sleep(Math.max(0, start + ms - performance.now()));
  const end = { index: 0, finish_reason: 'stop' };
  if (!stream) {
    await until(speed.firstTokenMs + (answerTokens - 1) * speed.tokenMs);
    const content = Array.from({ length: answerTokens }, () => ({ token: 'w', logprob }));
    const all = logprob === null ? null : { content };
    const message = { role: 'assistant', content: 'word'.repeat(answerTokens) };
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ choices: [{ ...end, message, logprobs: all }], usage }));
    return;
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let i = 0; i < answerTokens && !res.destroyed; i++) {
    await until(speed.firstTokenMs + i * speed.tokenMs);
    send({ choices: [{ ...choice, delta: { content: 'word' } }] });
  }
  send({ choices: [{ ...end, delta: {} }] });
  send({ choices: [], usage });
  res.end('data: [DONE]\n\n');
}

async function measure(mode: Mode, modelsUrl: string, requests: number, escalate: number) {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-cascade-'));
  const cascade: CascadeSettings | null =
    mode.tokens === null ? null : { minConfidence: -0.5, tokens: mode.tokens, minScore: 0 };
  const config = {
    ...withTiers(testConfig(modelsUrl, modelsUrl, join(folder, 'log.db')), {
      strong: { baseUrl: `${modelsUrl}/strong/v1` },
      // A dollar for a million tokens: the discarded cost in nano-dollars is 1000 a token.
      weak: { baseUrl: `${modelsUrl}/weak/v1`, price: { inputPerMtok: 0, outputPerMtok: 1 } },
    }),
    cascade,
  };
  const router = scriptedRouter();
  const parts = { routers: new Map([[router.name, router]]), embedderId: null };
  const gateway = await startGateway(config, parts, { logger: pino({ level: 'silent' }) });
  const prompts = Array.from({ length: requests }, (_, i) =>
    ((i * 7) % 10) / 10 < escalate ? '0.3 unsure' : '0.3 sure',
  );
  const ttfts: number[] = [];
  const totals: number[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let prompt = prompts.pop(); prompt !== undefined; prompt = prompts.pop()) {
        const start = performance.now();
        const messages = [{ role: 'user', content: prompt }];
        const response = await fetch(`${gateway.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'auto', stream: mode.stream, messages }),
        });
        const reader = response.body!.getReader();
        await reader.read();
        ttfts.push(performance.now() - start);
        while (!(await reader.read()).done);
        totals.push(performance.now() - start);
      }
    }),
  );
  await gateway.close(); // the rows are written
  const rows = readLog(join(folder, 'log.db'));
  rmSync(folder, { recursive: true, force: true });
  const discarded = rows.reduce((sum, row) => sum + Number(row['discarded_cost_nano_usd']), 0);
  return {
    ttfts: sorted(ttfts),
    totals: sorted(totals),
    escalated: rows.filter(({ reason }) => reason === 'cascade').length / rows.length,
    discardedTokens: discarded / 1000 / rows.length,
  };
}

async function main(): Promise<void> {
  const { values } = readFlags('npx tsx scripts/measure-cascade.ts', {
    options: {
      requests: { type: 'string', default: '200' },
      escalate: { type: 'string', default: '0.3' },
    },
  });
  const { server, url } = await startModels();
  const print = (...cells: readonly string[]) =>
    void process.stdout.write(`| ${cells.join(' | ')} |\n`);
  print(
    '',
    'TTFT p50',
    'TTFT p95',
    'whole p50',
    'whole p95',
    'escalated',
    'weak tokens thrown away',
  );
  print('---', '---', '---', '---', '---', '---', '---');
  for (const mode of modes) {
    const seen = await measure(mode, url, Number(values.requests), Number(values.escalate));
    const ms = (times: Float64Array, p: number) => `${quantile(times, p).toFixed(0)} ms`;
    print(
      mode.name,
      ...[ms(seen.ttfts, 0.5), ms(seen.ttfts, 0.95), ms(seen.totals, 0.5), ms(seen.totals, 0.95)],
      `${(100 * seen.escalated).toFixed(1)} %`,
      `${seen.discardedTokens.toFixed(1)} a request`,
    );
  }
  server.closeAllConnections();
  server.close();
}

await main();
