import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { runCli } from '../../src/cli/run-cli.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { startServer } from '../../src/main.ts';
import { seededRandom, type Random } from '../../src/math/random.ts';
import type { KnownPrompt } from './population.ts';
import { rating, truthOf, type Behaviour } from './traffic.ts';

export interface HttpRun {
  readonly requests: number;
  readonly ratings: number;
  readonly comparisons: number;
  /** Thresholds that the server used, one after the other. */
  readonly thresholds: readonly number[];
  readonly calibrations: readonly HttpCalibration[];
  readonly elapsedMs: number;
}

export interface HttpCalibration {
  readonly after: number;
  readonly threshold: number | null;
  readonly isTakenUp: boolean;
  /** Null when refused. */
  readonly kept: readonly [number, number] | null;
  readonly trulyKept: number | null;
  readonly stillNeeded: number | null;
}

export interface HttpOptions {
  readonly strong: string;
  readonly weak: string;
  readonly requests: number;
  readonly every: number;
  readonly target: number;
  readonly behaviour: Behaviour;
  readonly seed: number;
  /** Further flags of `calibrate`. */
  readonly flags?: readonly string[];
  readonly onRequest: () => void;
}

/**
 * The whole loop with nothing replaced but the models: a server as `pointsman serve` starts it, models and
 * judge behind HTTP, ratings by POST /v1/router/feedback from the answer's text alone, shadow comparisons,
 * and `pointsman calibrate --apply`, which the running server takes up. What chance decides in the server is not
 * seeded, so that no two runs are the same.
 */
export async function runOverHttp(
  prompts: readonly KnownPrompt[],
  options: HttpOptions,
): Promise<HttpRun> {
  const { requests, every, behaviour } = options;
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-simulate-'));
  const random = seededRandom(options.seed);
  const models = await startModels(prompts, options, random);
  const started = performance.now();
  try {
    const configFile = join(folder, 'pointsman.yaml');
    const db = join(folder, 'log.db');
    writeFileSync(configFile, configOf(models.url, db, options));
    const { config } = await loadConfig(
      { configFile, flags: { kind: 'flags', values: {}, locate: String }, env: {} },
      () => Promise.reject(new Error('the models are named')),
    );
    const server = await startServer(config, { logger: pino({ level: 'silent' }) });
    try {
      const late: { readonly at: number; readonly send: () => Promise<void> }[] = [];
      const thresholds = new Set<number>();
      const calibrations: HttpCalibration[] = [];
      let ratings = 0;
      for (let i = 1; i <= requests; i++) {
        const { prompt } = prompts[Math.floor(random() * prompts.length)]!;
        const answer = await chat(server.url, prompt);
        thresholds.add(answer.threshold);
        if (random() < behaviour.rated[answer.tier] * (0.6 + 0.8 * answer.score)) {
          const value = rating(qualityIn(answer.text), behaviour.noise, random);
          const at = i + Math.ceil(-behaviour.delay * Math.log(1 - random()));
          late.push({ at, send: () => rate(server.url, answer.decisionId, value) });
        }
        for (const due of late.filter(({ at }) => at === i)) {
          await due.send();
          ratings++;
        }
        options.onRequest();
        if (i % every !== 0) continue;
        await sleep(300); // the last rows and comparisons are on their way to the file
        calibrations.push(await calibrate(db, i, options, prompts));
      }
      return {
        ...{ requests, ratings, calibrations, thresholds: [...thresholds] },
        comparisons: models.judged(),
        elapsedMs: performance.now() - started,
      };
    } finally {
      await server.close();
    }
  } finally {
    await models.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(url: string, db: string, { strong, weak, behaviour }: HttpOptions): string {
  const model = (path: string, name: string, price: number): string =>
    `{ model: openai/${name}, base_url: ${url}/${path}/v1, input_per_mtok: ${price}, output_per_mtok: ${price} }`;
  return [
    `strong: ${model('strong', strong, 0.88)}`,
    `weak: ${model('weak', weak, 0.18)}`,
    `judge: ${model('judge', 'judge', 1)}`,
    `shadow: { share: ${behaviour.compared}, max_cost_per_day: 1000, max_per_hour: 1000000 }`,
    `exploration: ${behaviour.exploration}`,
    `db: ${db}`,
    'port: 0',
    '',
  ].join('\n');
}

interface Answered {
  readonly decisionId: string;
  readonly tier: 'strong' | 'weak';
  readonly score: number;
  readonly threshold: number;
  readonly text: string;
}

async function chat(url: string, content: string): Promise<Answered> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content }] }),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  const header = (name: string): string => response.headers.get(`x-pointsman-${name}`) ?? '';
  return {
    decisionId: header('decision-id'),
    tier: header('tier') === 'strong' ? 'strong' : 'weak',
    score: Number(header('score')),
    threshold: Number(header('threshold')),
    text: body.choices[0]!.message.content,
  };
}

async function rate(url: string, decisionId: string, value: number): Promise<void> {
  const response = await fetch(`${url}/v1/router/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ decision_id: decisionId, value: value === 1 }),
  });
  if (!response.ok) throw new Error(`the feedback was answered with ${response.status}`);
  await response.arrayBuffer();
}

async function calibrate(
  db: string,
  after: number,
  { target, flags = [] }: HttpOptions,
  prompts: readonly KnownPrompt[],
): Promise<HttpCalibration> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const goal = ['--target-quality', String(target), ...flags];
  const args = ['calibrate', '--db', db, ...goal, '--apply', '--json'];
  await runCli(args, { stdin, stdout, stderr, env: {} });
  const text = String(stdout.read() ?? '');
  if (text === '') throw new Error(`calibrate failed: ${String(stderr.read())}`);
  const result = JSON.parse(text) as {
    threshold: number | null;
    taken_up: boolean | null;
    chosen: { pgr: { interval_95: [number, number] } } | null;
    refused: { have: number; needed: number | null } | null;
  };
  const { threshold, chosen, refused } = result;
  return {
    ...{ after, threshold },
    isTakenUp: result.taken_up === true,
    kept: chosen?.pgr.interval_95 ?? null,
    trulyKept: threshold === null ? null : truthOf(prompts).pgrOf(threshold),
    stillNeeded: refused?.needed == null ? null : refused.needed - refused.have,
  };
}

/** Both models and the judge: an answer says how good it is, and the judge reads that. */
async function startModels(
  prompts: readonly KnownPrompt[],
  { behaviour }: HttpOptions,
  random: Random,
) {
  const known = new Map(prompts.map((prompt) => [prompt.prompt, prompt]));
  let judged = 0;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
        model: string;
        messages: { content: string }[];
      };
      const asked = body.messages.at(-1)!.content;
      const path = req.url ?? '';
      let content: string;
      if (path.startsWith('/judge/')) {
        judged++;
        content = verdictOn(asked, behaviour.noise, random);
      } else {
        const tier = path.startsWith('/strong/') ? 'strong' : 'weak';
        content = `${tier} answer of quality ${known.get(asked)?.[tier] ?? 0}.`;
      }
      const message = { role: 'assistant', content };
      res.setHeader('content-type', 'application/json');
      res.end(
        JSON.stringify({
          ...{ id: 'simulated', object: 'chat.completion', created: 0, model: body.model },
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: { prompt_tokens: Math.ceil(asked.length / 4), completion_tokens: 264 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Each comparison is judged twice. */
    judged: () => Math.floor(judged / 2),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function verdictOn(asked: string, noise: number, random: Random): string {
  const [a, b] = [...asked.matchAll(/answer of quality ([0-9.]+)\./g)].map(([, q]) => Number(q));
  if (a === undefined || b === undefined || a === b) return 'No difference. [[C]]';
  return a > b !== random() < noise ? 'The first. [[A]]' : 'The second. [[B]]';
}

function qualityIn(text: string): number {
  return Number(/of quality ([0-9.]+)\.$/.exec(text)?.[1] ?? 0);
}
