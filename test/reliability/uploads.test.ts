import { afterAll, beforeAll, expect, test } from 'vitest';
import { post } from '../support/chat.ts';
import { openRaw, rawPost, type RawClient } from '../support/raw-client.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let slow: RawClient;

/** Room for 2000 bytes of bodies, of which a client that stops sending has taken 1500. */
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    limits: { ...config.limits, bodyBytes: 2000, inFlight: 1 },
  }));
  slow = await openRaw(gateway.url);
  slow.send(rawPost(gateway.url, ' '.repeat(1600)).slice(0, -100));
});

afterAll(async () => {
  slow.destroy();
  await gateway.close();
  await upstream.close();
});

test.each(['chat/completions', 'completions', 'embeddings', 'router/score', 'router/feedback'])(
  'F23: /v1/%s is refused while bodies that are still arriving take the room',
  async (path) => {
    const large = { prompt: 'x'.repeat(1000) };
    await expect
      .poll(async () => (await post(`${gateway.url}/v1/${path}`, large)).json)
      .toMatchObject({ error: { code: 'overloaded' } });
  },
);
