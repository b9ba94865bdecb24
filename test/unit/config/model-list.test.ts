import { describe, expect, it } from 'vitest';
import { describeGroups } from '../../../src/config/describe-groups.ts';
import { loadConfig, type LoadedConfig } from '../../../src/config/load-config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { configInput } from '../../support/config-input.ts';

const list = `
model_list:
  - model_name: fast
    litellm_params: { model: ollama/llama3:8b, api_base: http://a:11434 }
  - model_name: fast
    litellm_params: { model: ollama/llama3:8b, api_base: http://b:11434 }
    model_info: { id: second }
  - model_name: large
    litellm_params: { model: openai/gpt-4.1, api_key: os.environ/KEY }
`;
const tiers = 'strong: { model: large }\nweak: { model: fast }\n';
const env = { KEY: 'sk-1' };

async function load(file: string, flags: string[] = []): Promise<LoadedConfig> {
  return loadConfig(configInput(flags, file, env), () => Promise.reject(new Error('not asked')));
}

async function failure(file: string, flags: string[] = []): Promise<string> {
  const error = await load(file, flags).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

/** One more entry for the list. */
const entry = (name: string, params: string, more = '') =>
  `  - model_name: ${name}\n    litellm_params: { ${params} }\n${more === '' ? '' : `    model_info: { ${more} }\n`}`;
const local = (id: string) => `model: ollama/${id}, api_base: "http://c:1"`;
const router = (settings: string) => `${list}${tiers}router_settings: { ${settings} }\n`;
const dispatchOf = async (file: string) => (await load(file)).config.dispatch;
const tableOf = (table: ReadonlyMap<string, readonly string[]>) => Object.fromEntries(table);

describe('model_list', () => {
  it('AT-05: equal model_name with different targets is a group; its members are told', async () => {
    const { config, warnings } = await load(list + tiers);
    expect(warnings).toEqual([]);
    expect(config.groups.map(({ name, deployments }) => [name, deployments.length])).toEqual([
      ['fast', 2],
      ['large', 1],
    ]);
    expect(config.tierGroups).toEqual({ strong: 'large', weak: 'fast' });
    expect(config.weak).toMatchObject({ name: 'ollama/llama3:8b', model: 'llama3:8b' });
    expect(config.strong.apiKey?.reveal()).toBe('sk-1');
    expect(describeGroups(config)).toEqual([
      'strong  group large',
      'weak    group fast',
      'group fast: 2 deployments',
      expect.stringMatching(/^ {2}fast-\w{12} {2}ollama\/llama3:8b at http:\/\/a:11434\/, without/),
      '  second  ollama/llama3:8b at http://b:11434/, without a key',
      'group large: 1 deployment',
      expect.stringContaining('openai/gpt-4.1 at https://api.openai.com/v1, with a key'),
    ]);
  });

  it('gives ids that stay the same, whatever else changes', async () => {
    const one = await load(list + tiers);
    const two = await load(list.replace('model: ollama', 'weight: 3, model: ollama') + tiers);
    const idsOf = ({ config }: LoadedConfig) => config.groups.flatMap((g) => g.deployments);
    expect(idsOf(two).map(({ id }) => id)).toEqual(idsOf(one).map(({ id }) => id));
  });

  it('makes tiers of groups by flags, by an alias, or beside a deployment of its own', async () => {
    const flags = ['--strong-model', 'large', '--weak-model', 'small'];
    const aliased = `${list}router_settings: { model_group_alias: { small: fast } }`;
    expect((await load(aliased, flags)).config.tierGroups).toMatchObject({ weak: 'fast' });
    const { config } = await load(`${list}strong: { model: large }\nweak: { model: ollama/x }`);
    expect(config.tierGroups).toEqual({ strong: 'large', weak: 'weak' });
    expect(config.groups.map(({ name }) => name)).toEqual(['weak', 'fast', 'large']);
  });

  it('needs to know which group is which tier', async () => {
    expect(await failure(list)).toMatch(/no strong and no weak model .* groups .*: fast, large/);
    const named = list.replaceAll('fast', 'weak').replace('large', 'strong');
    expect((await load(named)).config.tierGroups).toEqual({ strong: 'strong', weak: 'weak' });
  });

  it('reads limits and waits: of the deployment, then of the router', async () => {
    const params = `${local('x')}, order: 2, weight: 3, rpm: 60, tpm: 1000, timeout: 90s, max_retries: 2, cooldown_time: 0`;
    const more = 'router_settings: { timeout: 5, stream_timeout: 500ms }\n';
    const { config } = await load(`${list}${entry('fast', params, 'id: 7')}${tiers}${more}`);
    const deployments = config.groups[0]?.deployments ?? [];
    expect(deployments[2]).toMatchObject({
      ...{ id: '7', order: 2, weight: 3, rpm: 60, tpm: 1000, timeoutMs: 90_000 },
      ...{ streamTimeoutMs: 500, numRetries: 2, cooldownMs: 0, headersTimeoutMs: 90_000 },
    });
    expect(deployments[0]).toMatchObject({ timeoutMs: 5000, headersTimeoutMs: 5000 });
  });

  it('waits longer for the headers of a local deployment than of a remote one', async () => {
    const { config } = await load(list + tiers);
    expect([config.strong.headersTimeoutMs, config.weak.headersTimeoutMs]).toEqual([
      120_000, 600_000,
    ]);
  });

  it('AT-27: an unknown price is null, a price for each token becomes one for a million', async () => {
    const priced = entry(
      'p',
      `${local('p')}, input_cost_per_token: 3.0e-7, output_cost_per_token: 0, cache_read_input_token_cost: 7.5e-8`,
    );
    const half = entry('h', local('h'), 'input_cost_per_token: 1.0e-6');
    const cached = entry('c', local('c'), 'cache_read_input_token_cost: 1.0e-6');
    const { config, warnings } = await load(`${list}${priced}${half}${cached}${tiers}`);
    const prices = config.groups.map(({ deployments }) => deployments[0]?.price);
    const known = { inputPerMtok: 0.3, outputPerMtok: 0, cachedInputPerMtok: 0.075 };
    expect(prices).toEqual([null, null, known, null, null]);
    expect(warnings).toEqual([
      expect.stringMatching(/model_list\[4\].*both prices/),
      expect.stringMatching(/model_list\[5\].*both prices/),
    ]);
  });

  it.each(['5 apples', '-1', '.nan', '0'])('AT-28: refuses a timeout of %s', async (value) => {
    const message = await failure(
      `${list}${entry('x', `${local('x')}, timeout: ${value}`)}${tiers}`,
    );
    expect(message).toMatch(
      /model_list\[3\]\.litellm_params\.timeout .*line 11\).*must be a duration/,
    );
  });

  it.each([
    ['AT-15', 'model: openai/x, api_key: os.environ/NOPE', /model_list\[3\]\..*variable NOPE/],
    ['AT-17', 'model: nope/x', /model_list\[3\] .*unknown provider "nope".*known providers/],
    ['AT-17', 'model: bedrock/anthropic.x', /Bedrock/],
    ['no key', 'model: openai/gpt-5', /needs a key: add litellm_params\.api_key/],
    ['no model', 'api_base: "http://c:1"', /litellm_params\.model .* is missing/],
    ['a slip', `${local('x')}, api_bse: x`, /api_bse .*did you mean .*\.api_base\?/],
    ['a wildcard', 'model: openai/*, api_key: k', /names with \* are not supported yet/],
    ['two bases', `${local('x')}, base_url: "http://d:1"`, /mean the same/],
  ])('%s: %j is an error at load, or left out and told', async (_, params, expected) => {
    const file = `${list}${entry('bad', params)}${tiers}`;
    expect(await failure(file)).toMatch(expected);
    const skipping = `${file}router_settings: { ignore_invalid_deployments: true }`;
    const { config, warnings } = await load(skipping);
    expect(config.groups.map(({ name }) => name)).toEqual(['fast', 'large']);
    expect(warnings.join('\n')).toMatch(/^left out of its group: /);
    expect(warnings.join('\n')).toMatch(expected);
  });
});

describe('AT-05: names that clash', () => {
  it.each([
    [
      'the same deployment twice',
      entry('fast', 'model: llama3:8b, api_base: "http://a:11434/v1"'),
      /model_list\[0\] \(.*line 3\) and model_list\[3\] \(.*line 10\) are the same deployment/,
    ],
    [
      'an id twice',
      entry('x', local('x'), 'id: second'),
      /model_list\[1\] .* and model_list\[3\] .* the same model_info\.id "second"/,
    ],
    ['a router', entry('auto', local('x')), /model_list\[3\].*"auto" already means a router/],
    ['a tier', entry('strong', local('x')), /"strong" already means the strong tier/],
    [
      'an id that is a group',
      entry('x', local('x'), 'id: large'),
      /model_info\.id "large" is also the name of a group \(model_list\[2\]/,
    ],
  ])('%s', async (_, more, expected) => {
    expect(await failure(`${list}${more}${tiers}`)).toMatch(expected);
  });

  it.each([
    [
      'model_group_alias: { fast: large }',
      /model_group_alias\.fast \(.*line 12\) is also the model_name of model_list\[0\]/,
    ],
    ['model_group_alias: { router-x: large }', /already means a router/],
    ['model_group_alias: { x: nope }', /"nope" is no group: known groups: fast, large/],
  ])('alias: %s', async (settings, expected) => {
    expect(await failure(router(settings))).toMatch(expected);
  });

  it("one group for both tiers, a key beside a group, a group called like a tier's model", async () => {
    expect(await failure(`${list}strong: { model: fast }\nweak: { model: fast }`)).toMatch(
      /same group/,
    );
    expect(
      await failure(`${list}strong: { model: large, base_url: "http://x" }\nweak: { model: fast }`),
    ).toMatch(/strong\.base_url.*is a group of model_list/);
    expect(
      await failure(
        `${list}${entry('m', local('y'))}strong: { model: large }\nweak: { model: ollama/m }`,
      ),
    ).toMatch(/model_name "m" is also a name of weak\.model/);
  });
});

describe('router_settings', () => {
  it('win over litellm_settings', async () => {
    const dispatch = await dispatchOf(
      `${router('num_retries: 3, retry_after: 5, routing_strategy: least-busy, max_fallbacks: 7')}litellm_settings: { num_retries: 1, allowed_fails: 2, cooldown_time: 30 }`,
    );
    expect(dispatch).toMatchObject({
      ...{ numRetries: 3, retryAfterMs: 5000, routingStrategy: 'least-busy', maxFallbacks: 7 },
      ...{ allowedFails: 2, cooldownMs: 30_000, disableCooldowns: false },
    });
  });

  it('let the tiers stand in for each other where nothing else is said', async () => {
    expect(tableOf((await dispatchOf(list + tiers)).fallbacks)).toEqual({
      large: ['fast'],
      fast: ['large'],
    });
    expect(tableOf((await dispatchOf(router('fallbacks: []'))).fallbacks)).toEqual({});
    const other = entry('other', local('o'));
    const own = await dispatchOf(
      `${list}${other}${tiers}router_settings: { fallbacks: [{ fast: [other] }] }`,
    );
    expect(tableOf(own.fallbacks)).toEqual({ fast: ['other'], large: ['fast'] });
    expect(tableOf(own.contextWindowFallbacks)).toEqual({ fast: ['large', 'other'] });
  });

  it('AT-19: a text is one name; a target may be an alias, a tier or an id', async () => {
    const { config } = await load(
      router(
        'model_group_alias: { big: { model: large, hidden: true } }, fallbacks: [{ fast: big }], default_fallbacks: second, content_policy_fallbacks: [{ big: [weak] }]',
      ),
    );
    expect(tableOf(config.dispatch.fallbacks)).toEqual({ fast: ['large'], large: ['fast'] });
    expect(tableOf(config.dispatch.contentPolicyFallbacks)).toEqual({ large: ['fast'] });
    expect(config.dispatch.defaultFallbacks).toEqual(['second']);
    expect(config.groups.at(-1)).toMatchObject({ name: 'second', deployments: [{ id: 'second' }] });
    expect([...config.hiddenNames]).toEqual(['big', 'second']);
  });

  it.each([
    [
      'fallbacks: [{ fast: [lagre] }]',
      /router_settings\.fallbacks .*"fast" falls back to "lagre", .*did you mean "large"\?/,
    ],
    ['fallbacks: [{ fsat: [large] }]', /"fsat" is no group or alias: did you mean "fast"\?/],
    ['default_fallbacks: [nope]', /every group falls back to "nope"/],
    ['fallbacks: [{ fast: [large] }, { large: [fast] }]', /circle: fast -> large -> fast/],
    ['fallbacks: [{ fast: [fast] }]', /circle: fast -> fast/],
    ['fallbacks: [fast]', /must be a list of \{group: \[names\]\}/],
  ])('AT-20: %s', async (settings, expected) => {
    expect(await failure(router(settings))).toMatch(expected);
  });

  it.each([
    [
      'routing_strategy: latency-based-routing',
      /it is not supported yet: write simple-shuffle or least-busy/,
    ],
    ['routing_strategy: least-bsy', /did you mean least-busy\?/],
    ['num_retires: 1', /did you mean router_settings\.num_retries\?/],
    ['retry_polcy: {}', /did you mean router_settings\.retry_policy\?/],
    ['timeout: 5 apples', /must be a duration/],
  ])('refuse %s', async (settings, expected) => {
    expect(await failure(router(settings))).toMatch(expected);
  });

  it.each([
    'model_list: [null]',
    'model_list: [5, text, []]',
    'model_list: { a: 1 }',
    'model_list: [{ model_name: a }]',
    'model_list: [{ model_name: a, litellm_params: 5, model_info: [] }]',
    'model_list: [{ __proto__: { a: 1 }, constructor: 1 }]',
    'router_settings: { model_group_alias: { a: null } }',
    'router_settings: { model_group_alias: { a: [b] } }',
    'router_settings: { fallbacks: { a: [b] }, default_fallbacks: [null] }',
    'litellm_settings: []',
    'environment_variables: 5',
    'constructor: { a: 1 }',
  ])('are told, not thrown over, when they are no shape at all: %s', async (file) => {
    expect(await failure(file, ['--strong-model', 'ollama/a', '--weak-model', 'ollama/b'])).toMatch(
      /must|is not a known key|is missing/,
    );
  });

  it('check context windows before a call where any is known', async () => {
    expect((await dispatchOf(list + tiers)).enablePreCallChecks).toBe(false);
    const known = `${list}${entry('x', local('x'), 'max_input_tokens: 8192')}${tiers}`;
    expect((await dispatchOf(known)).enablePreCallChecks).toBe(true);
    const off = `${known}router_settings: { enable_pre_call_checks: false }`;
    expect((await dispatchOf(off)).enablePreCallChecks).toBe(false);
  });
});

describe("LiteLLM's other keys", () => {
  const foreign = `${list}${entry('x', `${local('x')}, temperature: 0.2`, 'mode: chat, team: blue')}${tiers}litellm_settings: { drop_params: true }
general_settings: { master_key: sk-canary, database_url: os.environ/NOT_SET, global_max_parallel_requests: 9 }
`;

  it('are told with their places and change nothing; strict makes them errors', async () => {
    const { config, warnings } = await load(foreign);
    const told = warnings.join('\n');
    expect(told).toMatch(/model_list\[3\]\.litellm_params\.temperature \(.*line 11\) is LiteLLM's/);
    expect(told).toMatch(/litellm_settings\.drop_params/);
    expect(told).toMatch(/general_settings\.master_key .*no client is asked for it/);
    expect(warnings).toHaveLength(6);
    expect(told).not.toMatch(/canary/);
    expect(config.limits.inFlight).toBe(9);
    expect(await failure(`strict: true\n${foreign}`)).toMatch(/^6 things are wrong:/);
  });

  it('environment_variables answer os.environ/NAME in this file alone', async () => {
    const file = `environment_variables: { KEY: from-file }\n${list}${tiers}`;
    expect((await load(file)).config.strong.apiKey?.reveal()).toBe('from-file');
    expect(process.env['KEY']).toBeUndefined();
  });

  it('AT-25: two configurations share nothing', async () => {
    const [one, two] = await Promise.all([load(list + tiers), load(list + tiers)]);
    expect(one).toEqual(two);
    expect(one.config.groups[0]?.deployments[0]).not.toBe(two.config.groups[0]?.deployments[0]);
    expect(one.config.dispatch.fallbacks).not.toBe(two.config.dispatch.fallbacks);
  });

  it('warn of a literal key that looks real without showing it', async () => {
    const { warnings } = await load(
      `${list}${entry('x', `${local('x')}, api_key: sk-canary-1`)}${tiers}`,
    );
    expect(warnings).toEqual([expect.stringMatching(/model_list\[3\].*looks like a real key/)]);
    expect(warnings.join()).not.toMatch(/canary/);
  });
});
