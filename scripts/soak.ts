/*
 * npm run soak [-- --seconds N]: loads a gateway with answers, faults, aborts and slow readers, and
 * fails when it gives a wrong answer, or when sockets, timers or memory do not come back.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Agent } from 'undici';
import { readFlags } from './read-flags.ts';
import { runLoad, type Tally } from './soak/load.ts';
import type { FromProcess, Resources, ToProcess } from './soak/messages.ts';

const { values } = readFlags('npm run soak --', {
  options: { seconds: { type: 'string', default: '300' } },
});
const seconds = Number(values.seconds);
if (!(seconds >= 5)) throw new Error('--seconds must be at least 5');

/** Growth from after the warm-up to the end that is no leak yet. */
const allowed = { sockets: 2, timers: 2, rssBytes: 64 * 1024 * 1024, heapBytes: 8 * 1024 * 1024 };
const parallel = 24;
/** Idle connections to upstreams are closed after 4 s. */
const settleMs = 6000;

const upstream = start('upstream.ts');
const gateway = start('gateway.ts');
const upstreamUrl = await listening(upstream);
tell(gateway, { kind: 'upstream', url: upstreamUrl });
const url = await listening(gateway);

await load(Math.max(5, seconds / 10), { requests: new Map(), wrong: [] });
const before = await settled();
const tally: Tally = { requests: new Map(), wrong: [] };
await load(seconds, tally);
const after = await settled();
tell(gateway, { kind: 'stop' });
tell(upstream, { kind: 'stop' });

const grown = report(before, after, tally);
process.exitCode = grown || tally.wrong.length > 0 ? 1 : 0;

async function load(forSeconds: number, into: Tally): Promise<void> {
  const agent = new Agent();
  await runLoad({ url, agent }, forSeconds * 1000, parallel, into);
  await agent.close();
}

async function settled(): Promise<Resources> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  tell(gateway, { kind: 'resources' });
  return hear(gateway, 'resources');
}

function report(before: Resources, after: Resources, { requests, wrong }: Tally): boolean {
  const lines = [...requests].map(([name, count]) => `  ${name.padEnd(24)}${count}`);
  const rows = (Object.keys(allowed) as (keyof Resources)[]).map((name) => {
    const growth = after[name] - before[name];
    const isTooMuch = growth > allowed[name];
    const numbers = [before[name], after[name], allowed[name]].map((value) => show(name, value));
    const verdict = isTooMuch ? 'GROWN' : 'ok';
    return { isTooMuch, text: `  ${name.padEnd(12)}${numbers.join(' ')}  ${verdict}` };
  });
  const total = [...requests.values()].reduce((sum, count) => sum + count, 0);
  write(`${total} requests in ${seconds} s, ${wrong.length} wrong answers`);
  write(lines.join('\n'));
  write(
    `  ${''.padEnd(12)}${['before', 'after', 'may grow'].map((name) => name.padStart(10)).join(' ')}`,
  );
  write(rows.map(({ text }) => text).join('\n'));
  for (const line of wrong.slice(0, 20)) write(`  WRONG ${line}`);
  return rows.some(({ isTooMuch }) => isTooMuch);
}

function show(name: keyof Resources, value: number): string {
  const text = name.endsWith('Bytes') ? `${(value / 1024 / 1024).toFixed(1)} MB` : String(value);
  return text.padStart(10);
}

function start(file: string): ChildProcess {
  const child = fork(join(import.meta.dirname, 'soak', file), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  });
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`${file} ended with ${code}`);
  });
  return child;
}

async function listening(child: ChildProcess): Promise<string> {
  return (await hear(child, 'listening')).url;
}

async function hear<Kind extends FromProcess['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromProcess, { kind: Kind }>> {
  const [message] = (await once(child, 'message')) as [FromProcess];
  if (message.kind !== kind) throw new Error(`expected ${kind}, heard ${message.kind}`);
  return message as Extract<FromProcess, { kind: Kind }>;
}

function tell(child: ChildProcess, message: ToProcess): void {
  child.send(message);
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}
