// A closed loop over keep-alive connections: load.ts URL CONNECTIONS SECONDS chat|stream. Prints JSON.
import { Pool } from 'undici';
import { quantile } from '../../src/math/quantile.ts';

const [url = '', connections = '1', seconds = '1', mode = 'chat'] = process.argv.slice(2);
if (new URL(url).hostname !== '127.0.0.1') throw new Error('only 127.0.0.1 is put under load');
const pool = new Pool(new URL(url).origin, { connections: Number(connections), pipelining: 1 });
const path = `${new URL(url).pathname}/chat/completions`;
const isStream = mode === 'stream';
const hasWord = /"content":"[^"]/;

const topics = [
  'sort a list',
  'the French revolution',
  'a haiku',
  'prime numbers',
  'a bug in my code',
];
const bodies = Array.from({ length: 20 }, (_, i) =>
  JSON.stringify({
    ...{ model: 'auto', stream: isStream },
    messages: [
      { role: 'system', content: 'You are a helpful assistant. '.repeat(4) },
      { role: 'user', content: `Question ${i}: tell me about ${topics[i % 5]} in detail, please.` },
    ],
  }),
);

const endMs = performance.now() + Number(seconds) * 1000;
const totals: number[] = [];
const firsts: number[] = [];
let wrong = 0;
const wrongKinds = new Map<string, number>();

async function loop(offset: number): Promise<void> {
  for (let i = offset; performance.now() < endMs; i++) {
    const startMs = performance.now();
    const headers = { 'content-type': 'application/json' };
    const body = bodies[i % bodies.length] ?? '';
    const reply = await pool.request({ path, method: 'POST', headers, body });
    let firstMs: number | null = null;
    let tail = '';
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      tail = (tail + chunk.toString('latin1')).slice(-400);
      // An answer's first word: before it a stream may name the role, which tells a reader nothing.
      if (firstMs === null && (!isStream || hasWord.test(tail))) firstMs = performance.now();
    }
    const isRight = reply.statusCode === 200 && tail.includes(isStream ? '[DONE]' : 'total_tokens');
    if (!isRight) {
      wrong++;
      const kind = `${reply.statusCode} ${tail.slice(-160)}`;
      wrongKinds.set(kind, (wrongKinds.get(kind) ?? 0) + 1);
    }
    totals.push(performance.now() - startMs);
    firsts.push((firstMs ?? performance.now()) - startMs);
  }
}

await Promise.all(Array.from({ length: Number(connections) }, (_, i) => loop(i)));
const p50 = (values: number[]) => quantile(Float64Array.from(values).sort(), 0.5);
const result = { requests: totals.length, wrong, p50Ms: p50(totals), firstP50Ms: p50(firsts) };
process.stdout.write(`${JSON.stringify(result)}\n`);
for (const [kind, count] of wrongKinds) process.stderr.write(`${count} wrong: ${kind}\n`);
await pool.destroy();
