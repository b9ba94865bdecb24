import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configInput } from '../../support/config-input.ts';

const models = `
strong: { model: openai/gpt-4.1, api_key: sk-x }
weak: { model: ollama/llama3:8b, supports: { images: false, tools: true } }
`;

async function load(yaml: string) {
  const { config } = await loadConfig(configInput([], yaml), () =>
    Promise.reject(new Error('it names models')),
  );
  return config;
}

async function failure(yaml: string): Promise<string> {
  return load(yaml).then(
    () => 'it loads',
    (error: unknown) => String(error),
  );
}

describe('rules', () => {
  it('are read with every condition and effect', async () => {
    const { rules } = await load(`${models}
rules:
  - name: one
    when: { header: { X-Team: batch }, metadata: { paid: true }, keys: [sk-of-the-one] }
    then: { tier: strong, private: true }
  - name: two
    when: { text: 'Pati(ent)?', private: true }
    then: { local_only: true }
  - name: three
    when: { text: '/Patient \\d+/s' }
    then: { tier: weak }`);
    const [one, two, three] = rules;
    expect(one).toEqual({
      name: 'one',
      when: {
        headers: [['x-team', 'batch']],
        metadata: [['paid', 'true']],
        text: null,
        keyHashes: new Set(['26a9a90e38a79936c07fdef6f65559d11cc46549847463e820aad9ea304ac7de']),
        isPrivate: false,
      },
      then: { tier: 'strong', isPrivate: true, isLocalOnly: false },
    });
    expect(two?.when).toMatchObject({ text: /Pati(ent)?/iu, isPrivate: true });
    expect(two?.then).toEqual({ tier: null, isPrivate: false, isLocalOnly: true });
    expect(three?.when.text).toEqual(/Patient \d+/s);
  });

  it.each([
    ['{ when: { text: x }, then: { tier: weak } }', /rules\[0\]\.name is missing/],
    ['{ name: a, then: { tier: weak } }', /rules\[0\] \("a"\)\.when is missing/],
    ['{ name: a, when: { text: x } }', /\.then is missing: give tier, private or local_only/],
    ['{ name: a, when: { text: "(" }, then: { tier: weak } }', /must be a regular expression/],
    ['{ name: a, when: { text: x }, then: { tier: best } }', /must be one of strong, weak/],
    ['{ name: a, when: { private: false }, then: { tier: weak } }', /must be true, or left out/],
    ['{ name: a, when: { headers: { x: y } }, then: { tier: weak } }', /did you mean .*header\?/],
    ['{ name: a, when: { header: { x: [y] } }, then: { tier: weak } }', /section of NAME: value/],
    ['{ name: "\\u00fc", when: { text: x }, then: { tier: weak } }', /printable ASCII/],
    ['{ name: a, when: { keys: [short] }, then: { tier: weak } }', /keys .*8 or more printable/],
  ])('that cannot work stop the start: %s', async (rule, message) => {
    expect(await failure(`${models}rules: [${rule}]`)).toMatch(message);
  });

  it('have names of their own', async () => {
    const rule = '{ name: a, when: { text: x }, then: { tier: weak } }';
    expect(await failure(`${models}rules: [${rule}, ${rule}]`)).toMatch(/another rule's/);
  });

  it('that keep requests local need a local deployment in a tier', async () => {
    const rules = 'rules: [{ name: a, when: { private: true }, then: { local_only: true } }]';
    const away = models.replace('llama3:8b,', 'llama3:8b, base_url: "https://models.example.com",');
    expect(await failure(`${away}${rules}`)).toMatch(/"a" keeps requests on local deployments/);
    expect(await failure(`${away.replace('supports', 'local: true, supports')}${rules}`)).toBe(
      'it loads',
    );
    expect(
      await failure(`${models.replace('supports', 'local: false, supports')}${rules}`),
    ).toMatch(/neither tier has one/);
  });
});

describe('what a model cannot do', () => {
  it('is said of a tier', async () => {
    const { strong, weak } = await load(models);
    expect([strong.cannot, weak.cannot]).toEqual([[], ['images']]);
    expect([strong.isLocal, weak.isLocal]).toEqual([false, true]);
  });

  it('is said in model_info, in LiteLLM’s words', async () => {
    const { groups } = await load(`
model_list:
  - model_name: strong
    litellm_params: { model: openai/gpt-4.1, api_key: sk-x }
    model_info: { supports_vision: true, supports_prompt_caching: true }
  - model_name: weak
    litellm_params: { model: ollama/llama3:8b, api_base: http://gpu-1:11434 }
    model_info:
      { supports_vision: false, supports_function_calling: false, supports_response_schema: false }
  - model_name: weak
    litellm_params: { model: ollama/llama3:8b, api_base: http://gpu-2:11434 }
    model_info: { local: false }`);
    const members = groups.flatMap(({ deployments }) => deployments);
    expect(members.map(({ cannot }) => cannot)).toEqual([[], ['images', 'tools', 'schema'], []]);
    expect(members.map(({ isLocal }) => isLocal)).toEqual([false, true, false]);
  });

  it('goes when a flag names another model', async () => {
    const load = async (flags: string[]) =>
      (
        await loadConfig(configInput(flags, models), () =>
          Promise.reject(new Error('it names models')),
        )
      ).config.weak;
    expect((await load(['--weak-model', 'ollama/llava'])).cannot).toEqual([]);
    expect((await load(['--weak-base-url', 'http://gpu:1'])).cannot).toEqual(['images']);
  });
});

it('docs/configuration.md has rules that load', async () => {
  const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const yaml = [...text.matchAll(/```yaml\n([^]*?)```/g)].find(([, found]) =>
    /^rules:/m.test(found!),
  );
  const { config } = await loadConfig(
    configInput([], yaml?.[1] ?? '', { OPENAI_API_KEY: 'sk-x' }),
    () => Promise.reject(new Error('it names models')),
  );
  expect(config.rules.map(({ name }) => name)).toEqual([
    'patient data',
    'private stays here',
    'batch jobs',
  ]);
});
