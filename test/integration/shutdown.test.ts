import { expect, test } from 'vitest';
import { ask, get } from '../support/chat.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';
import { twoHalves } from '../support/two-halves.ts';

const { text, half, script: inTwoHalves } = twoHalves('weak-model:7b');

test('closing lets a running stream finish and takes no new connection', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url });
  let goOn = () => {};
  upstream.enqueue(inTwoHalves(new Promise((resolve) => (goOn = resolve))));
  const body = JSON.stringify(ask('hi', { stream: true }));
  const reply = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body });

  const closed = gateway.close();
  await expect(get(`${gateway.url}/livez`)).rejects.toThrow();
  goOn();
  expect(await reply.text()).toBe(text);
  await closed;
  await upstream.close();
});

test('a stream that outlasts the drain time ends in an error event', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    timeouts: { ...config.timeouts, drainMs: 50 },
  }));
  upstream.enqueue(inTwoHalves(new Promise(() => {})));
  const body = JSON.stringify(ask('hi', { stream: true }));
  const reply = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body });
  await gateway.close();
  const got = await reply.text();
  expect(got.startsWith(half)).toBe(true);
  expect(got).toContain('"shutting_down"');
  expect(got).not.toContain('[DONE]');
  await upstream.close();
});

test('over the in-flight limit: 503 with retry-after, and the next one is served again', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    limits: { ...config.limits, inFlight: 1 },
  }));
  let goOn = () => {};
  upstream.enqueue(inTwoHalves(new Promise((resolve) => (goOn = resolve))));
  const send = () =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(ask('hi', { stream: true })),
    });
  const first = await send();
  const second = await send();
  expect(second.status).toBe(503);
  expect(second.headers.get('retry-after')).toBe('1');
  expect(await second.json()).toMatchObject({ error: { code: 'overloaded' } });
  goOn();
  await first.text();
  expect((await send()).status).toBe(200);
  await gateway.close();
  await upstream.close();
});
