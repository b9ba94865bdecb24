import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configInput } from '../../support/config-input.ts';

const env = { JUDGE_KEY: 'sk-judge-0123456789', STRONG_KEY: 'sk-strong-0123456789' };
const local = ['--strong-model', 'ollama/llama3:70b', '--weak-model', 'ollama/llama3:8b'];
const hosted = ['--judge-model', 'openai/gpt-4.1', '--judge-api-key-env', 'JUDGE_KEY'];

const load = (flags: readonly string[], file: string | null = null) =>
  loadConfig(configInput(flags, file, env), () => Promise.reject(new Error('models are named')));

test('nothing is compared by default', async () => {
  const { config } = await load(local);
  expect([config.judge, config.shadow]).toEqual([null, null]);
});

test('a judge has a place, a key and a price of its own', async () => {
  const file =
    'judge: { input_per_mtok: 2, output_per_mtok: 8, timeout: 30s }\nshadow: { share: 0.02 }';
  const { config, warnings } = await load([...local, '--judge-model', 'ollama/qwen3'], file);
  expect(config.judge).toMatchObject({
    ...{ id: 'judge', model: 'qwen3', baseUrl: 'http://localhost:11434/v1', apiKey: null },
    ...{ timeoutMs: 30_000, price: null },
  });
  expect(config.shadow).toEqual({ share: 0.02, maxNanoUsdPerDay: 1e9, maxPerHour: 60 });
  expect(warnings).toEqual([]);
});

test('a price is kept where the flag names no other model', async () => {
  const file =
    'judge: { model: openai/gpt-4.1, input_per_mtok: 2, cached_input_per_mtok: 0.5, output_per_mtok: 8 }';
  const { config } = await load([...local, ...hosted, '--shadow-share', '1'], file);
  expect(config.judge?.apiKey?.reveal()).toBe(env.JUDGE_KEY);
  expect(config.judge?.price).toEqual({
    ...{ inputPerMtok: 2, outputPerMtok: 8, cachedInputPerMtok: 0.5 },
  });
  expect(config.shadow?.share).toBe(1);
});

test.each<[string, string[], string | null, RegExp]>([
  [
    'a share without a judge',
    ['--shadow-share', '0.1'],
    null,
    /--shadow-share .*needs a judge.*--judge-model/,
  ],
  [
    'a judge without a model',
    [],
    'judge: { base_url: "http://127.0.0.1:1" }',
    /--judge-model .*is missing/,
  ],
  [
    'a hosted judge without a key',
    ['--judge-model', 'openai/gpt-4.1'],
    null,
    /needs a key.*--judge-api-key-env/,
  ],
  ['a judge without a place', ['--judge-model', 'hosted_vllm/wise'], null, /--judge-base-url/],
  [
    'a key that is not set',
    ['--judge-model', 'openai/x', '--judge-api-key-env', 'NO_KEY'],
    null,
    /NO_KEY, which is not set/,
  ],
  [
    'half a price',
    hosted,
    'judge: { model: openai/gpt-4.1, input_per_mtok: 2 }',
    /judge\.output_per_mtok is missing/,
  ],
  ['a share over 1', ['--shadow-share', '30'], null, /--shadow-share .*must be a share/],
  [
    'a price that is not known',
    [...hosted, '--shadow-share', '0.1'],
    null,
    /a price is missing for judge/,
  ],
])('%s stops the start', async (_, flags, file, message) => {
  await expect(load([...local, ...flags], file)).rejects.toThrow(message);
});

test('what is wrong with a judge is told once', async () => {
  const flags = ['--judge-model', 'openai/gpt-4.1', '--shadow-share', '0.1'];
  const failure = await load([...local, ...flags]).catch((error: Error) => error.message);
  expect(failure).toMatch(/needs a key/);
  expect(failure).not.toMatch(/needs a judge/);
});

test('a model that judges itself is told', async () => {
  const { warnings } = await load([...local, '--judge-model', 'ollama/llama3:70b']);
  expect(warnings).toEqual([expect.stringMatching(/judge is the strong model itself/)]);
});
