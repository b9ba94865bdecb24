// Starts the server as `npm start` does, on a free port and with a log of its own, asks it once
// plainly and once by stream, stops it, and ends with 0 only when all of that worked.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { ensureReady, fail, root } from './ensure-ready.mjs';

const startMs = 120_000;

await ensureReady({ build: true });
const folder = mkdtempSync(join(tmpdir(), 'pointsman-smoke-'));
const start = join(root, 'scripts', 'start.mjs');
const server = spawn(process.execPath, [start, '--port', '0', '--db', join(folder, 'log.db')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise((resolve) =>
  server.on('exit', (code, signal) => resolve(signal ?? code)),
);
process.once('exit', () => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

let isDone = false;
const url = await listenUrl();
process.stdout.write(`smoke: serving on ${url}\n`);
const plain = await ask({ stream: false });
if (!JSON.parse(plain).choices[0].message.content) fail('smoke: an empty answer');
const streamed = await ask({ stream: true });
if (!streamed.trimEnd().endsWith('data: [DONE]')) fail('smoke: the stream did not end in [DONE]');
const page = await globalThis.fetch(`${url}/dashboard/page/main.js`);
if (page.status !== 200) fail(`smoke: the dashboard's files are not there: ${page.status}`);
isDone = true;
server.kill('SIGTERM');
const result = await ended;
if (result !== 0) fail(`smoke: the server ended with ${result} after SIGTERM`);
process.stdout.write('smoke: answered, streamed and stopped\n');

function listenUrl() {
  return new Promise((resolve) => {
    let said = '';
    const timer = setTimeout(() => fail(`smoke: no start in ${startMs} ms: ${said}`), startMs);
    void ended.then((how) => isDone || fail(`smoke: the server ended with ${how}: ${said}`));
    server.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const match = /listens on (http:\S+)\n/.exec(said);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1]);
    });
  });
}

async function ask({ stream }) {
  const response = await globalThis.fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'auto',
      stream,
      messages: [{ role: 'user', content: 'What is 17 times 23?' }],
    }),
  });
  const text = await response.text();
  if (response.status !== 200) fail(`smoke: status ${response.status}: ${text}`);
  const header = (name) => response.headers.get(`x-pointsman-${name}`);
  process.stdout.write(
    `smoke: ${header('model')} answered, tier ${header('tier')}, score ${header('score')}\n`,
  );
  return text;
}
