import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { ask, post } from '../support/chat.ts';
import { configInput } from '../support/config-input.ts';
import {
  completion,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always(completion('2'));
});

beforeEach(() => {
  upstream.requests.length = 0;
});

afterAll(() => upstream.close());

const deployment = (model: string, base: string) =>
  `{ model_name: "${model} ${base}", litellm_params: { model: "${model}", api_base: "${base}" } }`;

/** One gateway whose groups are these models at these bases, as a LiteLLM file has them. */
async function serve(
  targets: readonly (readonly [model: string, base: string])[],
  env: NodeJS.ProcessEnv = {},
): Promise<TestGateway> {
  const list = targets.map(([model, base]) => `  - ${deployment(model, base)}\n`).join('');
  const [name] = targets.map(([model, base]) => `${model} ${base}`);
  const other = `  - { model_name: other, litellm_params: { model: openai/other, api_base: "${upstream.url}" } }\n`;
  const file = `model_list:\n${list}${other}strong: { model: other }\nweak: { model: "${name}" }\n`;
  const { config } = await loadConfig(configInput([], file, env), () => {
    throw new Error('both tiers are named');
  });
  return startTestGateway({ strong: upstream.url }, (base) => ({
    ...base,
    ...{ strong: config.strong, weak: config.weak, groups: config.groups },
    ...{ tierGroups: config.tierGroups, groupAliases: config.groupAliases },
    dispatch: { ...config.dispatch, fallbacks: new Map() },
  }));
}

const messages = [
  { role: 'user', content: 'Hey, how are you?' },
  { role: 'assistant', content: 'Hey, Im fine, thanks!' },
  { role: 'user', content: 'What is 1+1?' },
];

test('AT-01, AT-02: one POST to the right path, with the messages as they were', async () => {
  const models = ['openai/llama3.3', 'ollama/llama3.3', 'ollama_chat/llama3.3'];
  const bases = ['', '/', '/v1', '/v1/'].map((path) => [path, '/v1/chat/completions']);
  const kept = ['/compatible-mode/v1', '/openai/deployments/d', '/v1beta/openai/'].map((path) => [
    path,
    `${path.replace(/\/$/, '')}/chat/completions`,
  ]);
  const targets = models.flatMap((model) =>
    [...bases, ...kept].map(([path, expected]) => [model, upstream.url + path, expected] as const),
  );
  const gateway = await serve(targets.map(([model, base]) => [model, base]));
  for (const [model, base, expected] of targets) {
    upstream.requests.length = 0;
    const body = { model: `${model} ${base}`, messages };
    const reply = await post(`${gateway.url}/v1/chat/completions`, body);
    expect(reply.status, model + base).toBe(200);
    expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST ${expected}`,
    ]);
    expect(upstream.requests[0]?.body).toEqual({ model: 'llama3.3', messages });
  }
  await gateway.close();
});

test('AT-12, AT-13, AT-14: with or without a provider, no key is needed, made up or taken', async () => {
  const env = { OPENAI_API_KEY: 'dummy-key', OPENAI_BASE_URL: 'http://garbage.invalid' };
  const models = ['openai/deepseek-r1:8b', 'deepseek-r1:8b'];
  for (const from of [{}, env]) {
    const gateway = await serve(
      models.map((model) => [model, upstream.url]),
      from,
    );
    for (const model of models) {
      const asked = ask('hi', { model: `${model} ${upstream.url}` });
      expect((await post(`${gateway.url}/v1/chat/completions`, asked)).status).toBe(200);
    }
    await gateway.close();
  }
  expect(upstream.requests.map(({ body }) => body['model'])).toEqual(
    Array(4).fill('deepseek-r1:8b'),
  );
  for (const { headers } of upstream.requests) expect(headers['authorization']).toBeUndefined();
});
