import { request, type Agent } from 'undici';
import type { UpstreamKind } from './messages.ts';

export interface Tally {
  readonly requests: Map<string, number>;
  readonly wrong: string[];
}

interface Asked {
  readonly status: number;
  readonly text: string;
}

interface Scenario {
  readonly name: string;
  readonly run: (target: Target) => Promise<string | null>;
}

interface Target {
  readonly url: string;
  readonly agent: Agent;
}

/** Each tells what was wrong with the answer; null: it was right. */
const scenarios: readonly Scenario[] = [
  { name: 'plain', run: (to) => expectWhole(to, 'ok', false, 'auto') },
  { name: 'stream', run: (to) => expectWhole(to, 'ok', true, 'auto') },
  { name: 'failing model', run: (to) => expectWhole(to, 'fail', true, 'weak') },
  { name: 'reset before headers', run: (to) => expectWhole(to, 'reset', false, 'weak') },
  { name: 'silent model', run: (to) => expectWhole(to, 'stall', false, 'weak') },
  { name: 'cut before content', run: (to) => expectWhole(to, 'early-cut', true, 'weak') },
  { name: 'cut after content', run: (to) => expectBroken(to, 'cut', 'stream_truncated') },
  { name: 'stalled stream', run: (to) => expectBroken(to, 'stall', 'stream_idle_timeout') },
  { name: 'aborted stream', run: (to) => abort(to, 'long', true) },
  { name: 'aborted call', run: (to) => abort(to, 'stall', false) },
  { name: 'slow reader', run: readSlowly },
  { name: 'bad request', run: expectRefused },
];

/** Keeps `parallel` clients busy until the time is over. */
export async function runLoad(
  to: Target,
  ms: number,
  parallel: number,
  tally: Tally,
): Promise<void> {
  const end = Date.now() + ms;
  let turn = 0;
  const client = async () => {
    while (Date.now() < end) {
      const scenario = scenarios[turn++ % scenarios.length];
      if (scenario === undefined) return;
      const wrong = await scenario.run(to).catch((error: unknown) => String(error));
      tally.requests.set(scenario.name, (tally.requests.get(scenario.name) ?? 0) + 1);
      if (wrong !== null) tally.wrong.push(`${scenario.name}: ${wrong}`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
}

async function expectWhole(to: Target, kind: UpstreamKind, stream: boolean, model: string) {
  const { status, text } = await ask(to, kind, { stream, model });
  if (status !== 200) return `status ${status}: ${text.slice(0, 200)}`;
  if (!stream) return text.includes('"choices"') ? null : text.slice(0, 200);
  const isWhole = text.endsWith('data: [DONE]\n\n') && !text.includes('"error"');
  return isWhole && text.split('\n\n').length === 23
    ? null
    : `no whole stream: ${text.slice(-200)}`;
}

async function expectBroken(to: Target, kind: UpstreamKind, code: string) {
  const { status, text } = await ask(to, kind, { stream: true, model: 'weak' });
  const isRight = status === 200 && text.includes(`"${code}"`) && !text.includes('[DONE]');
  return isRight ? null : `status ${status}: ${text.slice(-200)}`;
}

async function expectRefused(to: Target) {
  const { status, text } = await ask(to, 'ok', { messages: [] });
  return status === 400 && text.includes('"param":"messages"') ? null : `status ${status}: ${text}`;
}

async function abort(to: Target, kind: UpstreamKind, stream: boolean) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5 + Math.random() * 50);
  const seen = await ask(to, kind, { stream, model: 'weak' }, controller.signal).catch(() => null);
  return seen === null ? null : `was not aborted: ${seen.status}`;
}

/** Reads a long stream with a pause after each piece, so that the gateway has to wait. */
async function readSlowly(to: Target) {
  const { body } = await send(to, 'long', { stream: true, model: 'weak' });
  let last = '';
  let reads = 0;
  for await (const chunk of body) {
    last = (last + String(chunk)).slice(-100);
    if (reads++ % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return last.endsWith('data: [DONE]\n\n') ? null : `ended with ${last}`;
}

async function ask(
  to: Target,
  kind: UpstreamKind,
  fields: object,
  signal?: AbortSignal,
): Promise<Asked> {
  const { statusCode, body } = await send(to, kind, fields, signal);
  return { status: statusCode, text: await body.text() };
}

function send({ url, agent }: Target, kind: UpstreamKind, fields: object, signal?: AbortSignal) {
  const messages = [{ role: 'user', content: `${kind} please` }];
  return request(`${url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher: agent,
    body: JSON.stringify({ model: 'weak', messages, ...fields }),
    ...(signal === undefined ? {} : { signal }),
  });
}
