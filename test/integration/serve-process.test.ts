import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, get, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { twoHalves } from '../support/two-halves.ts';

// The real thing: the command line in a process of its own, the shipped encoder and weights.
let folder: string;
let upstream: ScriptedUpstream;
let server: { child: ChildProcess; url: string; db: string };

/** Variables that other gateways obey; ours must not. */
const garbage = {
  OPENAI_API_KEY: 'sk-garbage',
  OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
  OPENAI_API_BASE: 'http://127.0.0.1:9/v1',
  HTTP_PROXY: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
};

/** @param wrap the command line into one that runs it */
async function serve(
  db: string,
  wrap: (command: string[]) => string[] = (command) => command,
): Promise<typeof server> {
  const args = ['serve', '--port', '0', '--db', db, '--log-prompts', 'full'];
  const models = ['--strong-model', 'llama3:70b', '--weak-model', 'llama3'];
  const cli = [process.execPath, '--import', 'tsx', 'src/cli.ts'];
  const asked = upstream.requests.length;
  const [program, ...rest] = wrap([...cli, ...args, ...models, '--base-url', upstream.url]);
  const child = spawn(program!, rest, {
    env: { ...process.env, ...garbage },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  let url: string | undefined;
  for await (const line of lines) {
    url ??= /listens on (\S+)/.exec(line)?.[1];
    if (!line.startsWith('Try it') || url === undefined) continue;
    // It asks for the models' names: not to be answered by what a test has for its own requests.
    await vi.waitUntil(() => upstream.requests.length > asked);
    return { child, url, db };
  }
  throw new Error('the server ended before it listened');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pointsman-'));
  upstream = await startScriptedUpstream();
  server = await serve(join(folder, 'log.db'));
});

afterAll(async () => {
  server.child.kill('SIGKILL');
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

test('AT-06, AT-07: embeds, routes and answers offline, whatever the environment says', async () => {
  const reply = await post(
    `${server.url}/v1/chat/completions`,
    ask('Prove that the square root of two is irrational.'),
  );
  expect(reply.status).toBe(200);
  const score = Number(reply.headers.get('x-pointsman-score'));
  expect(score).toBeGreaterThan(0);
  expect(score).toBeLessThan(1);
  expect(upstream.requests.at(-1)?.headers['authorization']).toBeUndefined();
  const row = await waitForDecision(server.db, reply.headers);
  expect(row).toMatchObject({ router: 'mf', reason: 'score' });
  expect(row['score']).toBeCloseTo(score, 6);
  expect(row['prompt_text']).toContain('square root');
});

test('the same prompt scores the same by chat, by score and by the command line', async () => {
  const prompt = 'How many r are in strawberry?';
  const chat = await post(`${server.url}/v1/chat/completions`, ask(prompt));
  const scored = await post(`${server.url}/v1/router/score`, { prompt });
  expect(Number(chat.headers.get('x-pointsman-score'))).toBeCloseTo(
    Number(scored.json['score']),
    6,
  );
  const reasons = scored.json['reasons'] as { name: string; contribution: number }[];
  expect(reasons.length).toBeGreaterThan(0);

  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'src/cli.ts',
      'score',
      '--strong-model',
      'llama3:70b',
      '--weak-model',
      'llama3',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin?.end(`${JSON.stringify({ id: 'a', prompt })}\n`);
  let out = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) out += String(chunk);
  const line = JSON.parse(out) as { id: string; win_rate: number; tier: string };
  expect(line).toMatchObject({ id: 'a', tier: scored.json['tier'] });
  expect(line.win_rate).toBeCloseTo(Number(scored.json['score']), 9);
});

test('F27: a megabyte, emoji, NUL and lone surrogates give a score, and the next request is fine', async () => {
  const megabyte = 1024 * 1024;
  const long = ['a'.repeat(megabyte), 'x '.repeat(megabyte / 2), '€'.repeat(megabyte / 3)];
  const texts = [...long, '😀', '\u0000', '\\ud800', 'שלום'];
  for (const text of texts) {
    const body = `{"model":"auto","messages":[{"role":"user","content":"${text.replace('\u0000', '\\u0000')}"}]}`;
    const reply = await post(`${server.url}/v1/chat/completions`, body);
    expect(reply.status).toBe(200);
    const score = reply.headers.get('x-pointsman-score');
    expect(score).toMatch(/^(?:0(?:\.\d+)?|1)$/);
  }
  expect((await get(`${server.url}/readyz`)).status).toBe(200);
});

/** The next request is answered by half of a stream, the rest of which comes when it is told to. */
function holdStream() {
  const { text, script } = twoHalves('llama3');
  let goOn = () => {};
  upstream.enqueue(script(new Promise((resolve) => (goOn = resolve))));
  return { text, goOn: () => goOn() };
}

test('F34: SIGTERM lets a live stream finish, writes its row and ends with 0', async () => {
  const { text, goOn } = holdStream();
  const body = JSON.stringify(ask('say hi', { stream: true }));
  const reply = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
  const ended = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  await expect.poll(() => get(`${server.url}/livez`).catch(() => 'closed')).toBe('closed');
  goOn();
  expect(await reply.text()).toBe(text);
  expect(await ended).toEqual([0, null]);
  expect(await waitForDecision(server.db, reply.headers)).toMatchObject({ outcome: 'done' });
});

// util-linux's `script` runs a command in a terminal of its own, which is closed when `script` is killed.
test.skipIf(process.platform !== 'linux')(
  'F34: when its terminal is closed a server stops, and lets a live stream finish',
  async () => {
    const inTerminal = await serve(join(folder, 'terminal.db'), (command) => [
      'script',
      '--quiet',
      '--flush',
      '--command',
      command.join(' '),
      '/dev/null',
    ]);
    const { text, goOn } = holdStream();
    const body = JSON.stringify(ask('say hi', { stream: true }));
    const reply = await fetch(`${inTerminal.url}/v1/chat/completions`, { method: 'POST', body });
    inTerminal.child.kill('SIGKILL');
    await expect.poll(() => get(`${inTerminal.url}/livez`).catch(() => 'closed')).toBe('closed');
    goOn();
    expect(await reply.text()).toBe(text);
    expect(await waitForDecision(inTerminal.db, reply.headers)).toMatchObject({ outcome: 'done' });
  },
);
