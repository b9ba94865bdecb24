import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Config } from '../../src/config/config.ts';
import { configInput } from '../support/config-input.ts';
import { ask, get, post } from '../support/chat.ts';
import {
  completion,
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let a: ScriptedUpstream;
let b: ScriptedUpstream;
let hosted: ScriptedUpstream;
let gateway: TestGateway | null = null;

beforeEach(async () => {
  [a, b, hosted] = await Promise.all([
    startScriptedUpstream(),
    startScriptedUpstream(),
    startScriptedUpstream(),
  ]);
});

afterEach(async () => {
  await gateway?.close();
  await Promise.all([a.close(), b.close(), hosted.close()]);
});

/** A file with a weak group of two hosts and a hosted strong model, as an operator writes it. */
const file = (routerSettings = '') => `
model_list:
  - model_name: fast
    litellm_params: { model: ollama/llama3:8b, api_base: ${a.url}, order: 1 }
  - model_name: fast
    litellm_params: { model: ollama/llama3:8b, api_base: ${b.url}, order: 2 }
    model_info: { id: spare, max_input_tokens: 100000 }
  - model_name: large
    litellm_params: { model: openai/gpt-4.1, api_base: ${hosted.url}/v1, api_key: os.environ/KEY }
    model_info: { id: hosted-one, max_input_tokens: 200000 }
  - model_name: tiny
    litellm_params: { model: ollama/tiny, api_base: ${b.url} }
    model_info: { max_input_tokens: 50 }
strong: { model: large }
weak: { model: fast }
router_settings: { ${routerSettings} }
`;

async function start(routerSettings?: string): Promise<TestGateway> {
  const input = configInput([], file(routerSettings), { KEY: 'sk-test' });
  const { config } = await loadConfig(input, () => Promise.reject(new Error('not asked')));
  const change = ({ db, timeouts, port }: Config): Config => ({ ...config, db, timeouts, port });
  gateway = await startTestGateway({ strong: hosted.url }, change);
  return gateway;
}

const chat = async (text: string, extra: Record<string, unknown> = {}) =>
  post(`${gateway?.url}/v1/chat/completions`, ask(text, extra), {
    'x-pointsman-debug': 'true',
  });

describe('a model_list', () => {
  test('serves its groups by order, with the key of each deployment alone', async () => {
    await start();
    expect((await chat('hi')).headers.get('x-pointsman-tier')).toBe('weak');
    expect((await chat('0.9 prove it')).headers.get('x-pointsman-tier')).toBe('strong');
    expect([a.requests.length, b.requests.length, hosted.requests.length]).toEqual([1, 0, 1]);
    expect(a.requests[0]?.body['model']).toBe('llama3:8b');
    expect(a.requests[0]?.headers.authorization).toBeUndefined();
    expect(hosted.requests[0]?.headers.authorization).toBe('Bearer sk-test');
  });

  test('asks the next host of the group, then the other tier', async () => {
    await start();
    a.always(failure(500));
    const second = await chat('hi');
    expect(second.status).toBe(200);
    expect(second.headers.get('x-pointsman-deployment-id')).toBe('spare');
    expect(second.headers.get('x-pointsman-fallbacks')).toBe('0');
    b.always(failure(500));
    hosted.enqueue(completion('from large'));
    const third = await chat('hi');
    expect(third.text).toContain('from large');
    expect(third.headers.get('x-pointsman-fallbacks')).toBe('1');
  });

  test('AT-19: a fallback that is one text is one group', async () => {
    await start('fallbacks: [{ large: tiny }], num_retries: 0');
    hosted.always(failure(500));
    const reply = await chat('0.9 prove it');
    expect(reply.status).toBe(200);
    expect(b.requests[0]?.body['model']).toBe('tiny');
  });

  test('a fallback may be one deployment by its id, and is not listed', async () => {
    await start('fallbacks: [{ tiny: [spare] }], num_retries: 0');
    b.enqueue(failure(500));
    const reply = await chat('hi', { model: 'tiny' });
    expect(reply.headers.get('x-pointsman-deployment-id')).toBe('spare');
    const { json } = await get(`${gateway?.url}/v1/models`);
    const ids = (json['data'] as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['fast', 'large', 'tiny']));
    expect(ids).not.toContain('spare');
  });

  test.each(['large', 'strong', 'gpt', 'hosted-one', 'spare'])(
    'a client may name its fallback as the file may: %s',
    async (name) => {
      await start('fallbacks: [], model_group_alias: { gpt: large }, num_retries: 0');
      b.enqueue(failure(500));
      const reply = await chat('hi', { model: 'tiny', fallbacks: [name] });
      expect(reply.status).toBe(200);
      const id = name === 'spare' ? 'spare' : 'hosted-one';
      expect(reply.headers.get('x-pointsman-deployment-id')).toBe(id);
      const { json } = await get(`${gateway?.url}/health`);
      expect(json['deployments']).toHaveLength(4);
    },
  );

  test('a fallback of a client that is none is told with those that are', async () => {
    await start('model_group_alias: { gpt: large, old: { model: large, hidden: true } }');
    const reply = await chat('hi', { fallbacks: ['router-mf'] });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('known: strong, weak, fast, large, tiny, gpt.');
  });

  test('with fallbacks: [] a tier has none', async () => {
    await start('fallbacks: [], num_retries: 0');
    hosted.always(failure(500));
    expect((await chat('0.9 prove it')).status).toBe(502);
    expect(a.requests).toHaveLength(0);
  });

  test('an alias is its group, with its fallbacks; a hidden one is not listed', async () => {
    await start(
      'model_group_alias: { gpt-4o: { model: tiny, hidden: true } }, fallbacks: [{ tiny: [large] }], num_retries: 0',
    );
    b.enqueue(failure(500));
    expect((await chat('hi', { model: 'gpt-4o' })).json['model']).toBe('gpt-4.1');
    const { text } = await get(`${gateway?.url}/v1/models`);
    expect(text).not.toContain('gpt-4o');
  });

  test('a prompt too long for a group goes on without a call to it', async () => {
    await start('context_window_fallbacks: [{ tiny: [large] }]');
    const reply = await chat('word '.repeat(200), { model: 'tiny' });
    expect(reply.json['model']).toBe('gpt-4.1');
    expect(b.requests).toHaveLength(0);
  });

  test('AT-21: there is no wait after the last attempt', async () => {
    // A wait would outlast the test.
    await start('num_retries: 0, retry_after: 1h, fallbacks: [], disable_cooldowns: true');
    a.always(failure(500));
    const reply = await chat('hi');
    expect(reply.status).toBe(502);
    expect(a.requests).toHaveLength(1);
  });

  test('AT-22: attempts are those that the upstreams saw', async () => {
    await start('num_retries: 2, retry_after: 0, fallbacks: [], disable_cooldowns: true');
    a.always(failure(500));
    b.always(failure(500));
    const reply = await chat('hi');
    expect(reply.headers.get('x-pointsman-attempts')).toBe('3');
    expect(a.requests.length + b.requests.length).toBe(3);
  });
});
