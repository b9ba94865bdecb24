// npm run bench: our server beside two floors in one run, and each goal as held or missed. Every
// figure that is compared is a ratio or a difference within this run; see docs/performance.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { request } from 'undici';
import { decisionP50Ms, encoderFigures, logUsPerRow } from './parts.ts';
import { cpuMsOf, peakRssMb, script, startNode, untilReady } from './processes.ts';
import { readFlags } from '../read-flags.ts';

const { values } = readFlags('npm run bench --', {
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

const ports = { upstream: 9180, undici: 9181, 'express-lean': 9182, ours: 9183 };
type Target = 'undici' | 'express-lean' | 'ours';
const targets: readonly Target[] = ['undici', 'express-lean', 'ours'];
const upstreamUrl = `http://127.0.0.1:${ports.upstream}`;
const folder = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
const children: ChildProcess[] = [];

interface Cell {
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly firstP50Ms: number;
  readonly wrong: number;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function startAll(): Promise<Map<Target, number>> {
  const upstream = startNode(1, [...script('./upstream.ts'), String(ports.upstream)]);
  children.push(upstream);
  await untilReady(upstream, () => false);
  const pids = new Map<Target, number>();
  for (const target of targets) {
    const port = String(ports[target]);
    const models = ['--strong-model', 'mock-large', '--weak-model', 'mock-small'];
    const profiles = ['--strong-profile', 'llama-3-70b-instruct'];
    const rest = ['--weak-profile', 'llama-3-8b-instruct', '--base-url', upstreamUrl];
    const args =
      target === 'ours'
        ? ['dist/cli.js', 'serve', '--port', port, '--db', join(folder, 'log.db')].concat(
            ...[models, profiles, rest],
          )
        : [...script('./floors.ts'), target, port, upstreamUrl];
    const child = startNode(0, args);
    children.push(child);
    await untilReady(child, (text) => text.includes('Try it'));
    pids.set(target, child.pid ?? 0);
  }
  return pids;
}

async function configure(events: number, delayMs: number): Promise<void> {
  const body = JSON.stringify({ events, delayMs });
  const reply = await request(`${upstreamUrl}/__config`, { method: 'POST', body });
  await reply.body.dump();
}

async function measure(
  target: Target,
  pid: number,
  connections: number,
  mode: 'chat' | 'stream',
): Promise<Cell> {
  const url = `http://127.0.0.1:${ports[target]}/v1`;
  const load = startNode(1, [
    ...script('./load.ts'),
    url,
    String(connections),
    String(seconds),
    mode,
  ]);
  let text = '';
  load.stdout?.on('data', (chunk: Buffer) => (text += String(chunk)));
  const before = cpuMsOf(pid);
  await new Promise((resolve) => load.once('close', resolve));
  const cpu = cpuMsOf(pid) - before;
  const result = JSON.parse(text) as Omit<Cell, 'cpuMs'> & { requests: number };
  return { ...result, cpuMs: cpu / Math.max(1, result.requests) };
}

/** The least of the rounds, interleaved, so that a noisy moment hits all alike. */
async function cell(
  pids: ReadonlyMap<Target, number>,
  connections: number,
  mode: 'chat' | 'stream',
  only: readonly Target[] = targets,
): Promise<Map<Target, Cell>> {
  const best = new Map<Target, Cell>();
  for (let round = 0; round < rounds; round++) {
    for (const target of only) {
      note(`  ${mode}, ${connections} connections, round ${round + 1}: ${target}`);
      const now = await measure(target, pids.get(target) ?? 0, connections, mode);
      const old = best.get(target) ?? now;
      best.set(target, {
        cpuMs: Math.min(old.cpuMs, now.cpuMs),
        p50Ms: Math.min(old.p50Ms, now.p50Ms),
        firstP50Ms: Math.min(old.firstP50Ms, now.firstP50Ms),
        wrong: old.wrong + (old === now ? 0 : now.wrong),
      });
    }
  }
  return best;
}

let missed = 0;
function goal(name: string, value: number, unit: string, limit: number, atLeast = false): void {
  const isHeld = atLeast ? value >= limit : value <= limit;
  if (!isHeld) missed++;
  const bound = `${atLeast ? '>=' : '<='} ${limit} ${unit}`;
  process.stdout.write(
    `${isHeld ? 'held  ' : 'MISSED'}  ${name.padEnd(66)} ${value.toFixed(2)} ${unit} (${bound})\n`,
  );
}

const at = (cells: ReadonlyMap<Target, Cell>, target: Target): Cell => {
  const found = cells.get(target);
  if (found === undefined) throw new Error(`${target} was not measured`);
  return found;
};

async function main(): Promise<void> {
  const pids = await startAll();
  const ourPid = pids.get('ours') ?? 0;
  await configure(50, 0);
  await cell(pids, 16, 'chat'); // warm up: code, connections, embedding cache
  const chat = await cell(pids, 64, 'chat');
  const single = await cell(pids, 1, 'chat');
  const stream = await cell(pids, 64, 'stream');
  await configure(500, 0);
  const long = await cell(pids, 16, 'stream', ['ours']);
  await configure(50, 0);
  const short = await cell(pids, 16, 'stream', ['ours']);
  await configure(20, 5);
  const paced = await cell(pids, 16, 'stream');
  const cells = [chat, single, stream, long, short, paced];
  const wrong = cells.reduce((sum, each) => sum + (each.get('ours')?.wrong ?? 0), 0);
  const rssMb = peakRssMb(ourPid);
  for (const child of children) child.kill('SIGKILL');

  note('  decision, encoder and log by themselves');
  const decisionMs = await decisionP50Ms();
  const encoder = await encoderFigures();
  const logUs = await logUsPerRow();

  const cpu = (cells: ReadonlyMap<Target, Cell>, target: Target) => at(cells, target).cpuMs;
  const ours = (cells: ReadonlyMap<Target, Cell>) => at(cells, 'ours');
  goal(
    '1 CPU a chat at 64 connections, of express-lean',
    cpu(chat, 'ours') / cpu(chat, 'express-lean'),
    'x',
    1.5,
  );
  goal(
    '3 CPU a 53-event stream, of the bare undici proxy',
    cpu(stream, 'ours') / cpu(stream, 'undici'),
    'x',
    1.5,
  );
  goal(
    '3 CPU of a 500-event stream, of a 50-event one',
    ours(long).cpuMs / ours(short).cpuMs,
    'x',
    10.5,
  );
  goal(
    '4 first word (5 ms pacing, 16 connections), after express-lean',
    ours(paced).firstP50Ms - at(paced, 'express-lean').firstP50Ms,
    'ms',
    1,
  );
  goal(
    '5 added p50 at 1 connection, over the bare undici proxy',
    ours(single).p50Ms - at(single, 'undici').p50Ms,
    'ms',
    0.5,
  );
  goal('6 decision without an encoder, 200 tokens, p50', decisionMs, 'ms', 0.2);
  goal('6 event-loop delay p99 at 50 cold prompts/s, above idle', encoder.delayOverIdleMs, 'ms', 2);
  goal('6 cold decisions with the default encoder', encoder.decisionsPerSecond, '/s', 310, true);
  goal('7 main-thread time to log a request', logUs, 'us', 10);
  goal('8 wrong answers', wrong, '', 0);
  goal('8 peak memory of the server without its encoder', rssMb, 'MB', 250);
  process.stdout.write(`${missed} missed\n`);
}

try {
  await main();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
