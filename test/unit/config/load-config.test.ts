import { noDispatchLimits } from '../../../src/upstream/deployment.ts';
import { describe, expect, it } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../../src/config/load-config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { configInput } from '../../support/config-input.ts';

const pair = ['--strong-model', 'ollama/llama3:70b', '--weak-model', 'ollama/llama3:8b'];

function load(
  flags: readonly string[],
  file: string | null = null,
  env: NodeJS.ProcessEnv = {},
): Promise<LoadedConfig> {
  return loadConfig(configInput(flags, file, env), () =>
    Promise.reject(new Error('no models named')),
  );
}

async function failure(...args: Parameters<typeof load>): Promise<string> {
  const error = await load(...args).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message;
}

describe('defaults', () => {
  it('are those of the documentation', async () => {
    const { config, warnings } = await load(pair);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 6060,
      strongProfile: null,
      routers: ['mf'],
      threshold: null,
      targetStrongShare: null,
      cascade: null,
      defaultTier: 'strong',
      embedder: { kind: 'local' },
      weightsFile: null,
      routerParts: { neighboursFile: null, bertModel: null, causalLlm: null },
      db: 'pointsman.db',
      logPrompts: 'none',
      verbose: false,
      demo: false,
      timeouts: {
        connectMs: 5000,
        headersMs: 600_000,
        idleMs: 120_000,
        totalMs: 900_000,
        drainMs: 30_000,
      },
      limits: { bodyBytes: 10_485_760, jsonDepth: 200, answerBytes: 33_554_432, inFlight: 256 },
    });
  });

  it('wait for headers less long where both upstreams are remote', async () => {
    const { config } = await load([...pair, '--base-url', 'https://gpu.example.com/v1']);
    expect(config.timeouts.headersMs).toBe(120_000);
  });
});

describe('deployments', () => {
  it('keep model strings for clients and send the id', async () => {
    const { config } = await load(pair);
    expect(config.strong).toEqual({
      ...noDispatchLimits,
      id: 'strong',
      group: 'strong',
      name: 'ollama/llama3:70b',
      model: 'llama3:70b',
      wire: 'ollama',
      baseUrl: 'http://localhost:11434/v1',
      apiKey: null,
      price: null,
      headersTimeoutMs: 600_000,
      isLocal: true,
    });
  });

  it('let each tier have its own base URL and key', async () => {
    const flags = [
      ...['--strong-model', 'openai/gpt-4.1', '--strong-api-key-env', 'STRONG_KEY'],
      ...['--weak-model', 'llama3:8b', '--weak-base-url', 'http://gpu:11434'],
    ];
    const { config } = await load(flags, null, { STRONG_KEY: 'sk-strong' });
    expect(config.strong.apiKey?.reveal()).toBe('sk-strong');
    expect(config.strong.baseUrl).toBe('https://api.openai.com/v1');
    expect(config.weak).toMatchObject({
      baseUrl: 'http://gpu:11434',
      apiKey: null,
      model: 'llama3:8b',
    });
  });

  it('AT-12, AT-13: need no key for a hosted provider at another base URL', async () => {
    const flags = [
      '--strong-model',
      'openai/deepseek-r1:8b',
      '--weak-model',
      'llama3',
      '--base-url',
      'http://h:11434',
    ];
    const { config } = await load(flags, null, { OPENAI_API_KEY: 'dummy-key' });
    expect(config.strong).toMatchObject({
      model: 'deepseek-r1:8b',
      apiKey: null,
      baseUrl: 'http://h:11434',
    });
  });

  it('never read OPENAI_* or proxy variables on their own (AT-07)', async () => {
    const garbage = 'http://garbage.invalid';
    const env = {
      OPENAI_API_KEY: garbage,
      OPENAI_BASE_URL: garbage,
      OPENAI_API_BASE: garbage,
      HTTP_PROXY: garbage,
    };
    expect(await load(pair, null, env)).toEqual(await load(pair));
  });

  it('need a key for a hosted default base', async () => {
    const message = await failure(
      ['--strong-model', 'openai/gpt-4.1', '--weak-model', 'ollama/llama3'],
      null,
      {
        OPENAI_API_KEY: 'sk-x',
      },
    );
    expect(message).toMatch(
      /"openai\/gpt-4\.1" goes to https:\/\/api\.openai\.com\/v1, which needs a key.*--strong-api-key-env/,
    );
  });

  it('take prices from the file, both or none', async () => {
    const file = (output: string) =>
      `strong: { model: ollama/a, input_per_mtok: 2, ${output} }\nweak: { model: ollama/b }\n`;
    const { config } = await load([], file('output_per_mtok: 8.5'));
    const price = { inputPerMtok: 2, outputPerMtok: 8.5 };
    expect(config.strong.price).toEqual({ ...price, cachedInputPerMtok: null });
    const cached = await load([], file('output_per_mtok: 8.5, cached_input_per_mtok: 0.5'));
    expect(cached.config.strong.price).toEqual({ ...price, cachedInputPerMtok: 0.5 });
    const alone =
      'weak: { model: ollama/b, cached_input_per_mtok: 1 }\nstrong: { model: ollama/a }';
    expect(await failure([], alone)).toMatch(/weak\.input_per_mtok is missing/);
    expect(await failure([], file(''))).toMatch(/strong\.output_per_mtok is missing/);
  });

  it('refuse a bare name without a base URL, for both tiers at once', async () => {
    const message = await failure(['--strong-model', 'gpt-4.1', '--weak-model', 'foo/x']);
    expect(message).toMatch(/write openai\/gpt-4\.1/);
    expect(message).toMatch(/unknown provider "foo"/);
  });

  it('refuse a name that means routing, and do not ask to write a provider before it', async () => {
    const message = await failure(['--strong-model', 'strong', '--weak-model', 'router-mf']);
    expect(message).toMatch(/strong\.model "strong": clients ask for routing by the name "strong"/);
    expect(message).toMatch(/weak\.model "router-mf": clients ask for routing by/);
    expect(message).not.toContain('openai/');
  });

  it('refuse Bedrock until it is built, with what was read', async () => {
    const message = await failure([
      '--strong-model',
      'bedrock/eu-west-1/anthropic.x',
      '--weak-model',
      'ollama/b',
    ]);
    expect(message).toMatch(
      /Bedrock \(converse, model id anthropic\.x, region eu-west-1\), which is not supported yet/,
    );
  });

  it('warn of a user name in a URL without showing it', async () => {
    const { warnings } = await load([...pair, '--strong-base-url', 'http://canary:canary@h:1/v1']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/holds a user name or password/);
    expect(warnings[0]).not.toMatch(/canary/);
  });
});

describe('keys', () => {
  it('come from the variable that the config names, either way', async () => {
    const env = { MY_KEY: 'k1' };
    const byName = await load(pair, 'api_key_env: MY_KEY', env);
    const byValue = await load(pair, 'weak: { api_key: os.environ/MY_KEY }', env);
    expect(byName.config.strong.apiKey?.reveal()).toBe('k1');
    expect(byValue.config.weak.apiKey?.reveal()).toBe('k1');
    expect(byValue.config.strong.apiKey).toBeNull();
    expect([...byName.warnings, ...byValue.warnings]).toEqual([]);
  });

  it.each([
    ['api_key_env: NOT_THERE', 'not set'],
    ['api_key_env: EMPTY', 'empty'],
    ['api_key: os.environ/NOT_THERE', 'not set'],
    ['strong: { api_key: os.environ/EMPTY }', 'empty'],
  ])('AT-15: stop the start when the variable of %j is missing', async (file, state) => {
    const message = await failure(pair, file, { EMPTY: '' });
    expect(message).toMatch(
      new RegExp(`environment variable (NOT_THERE|EMPTY), which is ${state}: set it`),
    );
  });

  it('may be literal; one that looks real gets a warning that does not show it', async () => {
    const dummy = await load(pair, 'api_key: ollama');
    expect(dummy.config.weak.apiKey?.reveal()).toBe('ollama');
    expect(dummy.warnings).toEqual([]);
    const real = await load(pair, 'api_key: sk-canary-123');
    expect(real.warnings).toEqual([expect.stringMatching(/line 1\) looks like a real key/)]);
    expect(JSON.stringify(real)).not.toMatch(/canary/);
  });

  it('on the command line get a warning about the process list', async () => {
    const { warnings } = await load([...pair, '--alt-api-key', 'canary']);
    expect(warnings).toEqual([expect.stringMatching(/^--api-key: the process list shows the key/)]);
  });

  it('given in two ways are an error', async () => {
    expect(await failure(pair, 'strong: { api_key: a, api_key_env: B }', { B: 'b' })).toMatch(
      /both give a key/,
    );
  });

  it('written where the name of a variable belongs are refused and not shown', async () => {
    const message = await failure(pair, 'api_key_env: sk-canary');
    expect(message).toMatch(/api_key_env .* must be the name of an environment variable/);
    expect(message).not.toMatch(/canary/);
  });

  it('that no header can carry are refused and not shown', async () => {
    const message = await failure(pair, 'api_key_env: KEY', { KEY: 'canary key\n' });
    expect(message).toMatch(/variable KEY holds a space/);
    expect(message).not.toMatch(/canary/);
  });
});

describe('flags over the file', () => {
  it('win key by key', async () => {
    const file = 'port: 7000\nthreshold: 0.2\ndb: a.db\nrouters: [random]';
    const { config } = await load([...pair, '--port', '7001', '--routers', 'mf', 'random'], file);
    expect(config).toMatchObject({
      port: 7001,
      threshold: 0.2,
      db: 'a.db',
      routers: ['mf', 'random'],
    });
  });

  it.each([
    ['threshold: 0.2', '--target-strong-share', { threshold: null, targetStrongShare: 0.4 }],
    ['target_strong_share: 0.2', '--threshold', { threshold: 0.4, targetStrongShare: null }],
  ])("replace the file's %s by %s", async (file, flag, expected) => {
    const { config } = await load([...pair, flag, '0.4'], file);
    expect(config).toMatchObject(expected);
  });

  it('turn a cascade on, with what the file says of it', async () => {
    const file = 'cascade: { min_confidence: -1.5 }';
    expect((await load(pair, file)).config.cascade).toBeNull();
    const { config } = await load([...pair, '--cascade'], file);
    expect(config.cascade).toEqual({ minConfidence: -1.5, tokens: 32, minScore: 0 });
  });

  it('for both models win over what the file says of one', async () => {
    const file = 'strong: { base_url: "http://old:1", api_key: old }\napi_key_env: UNSET';
    const { config } = await load(
      [...pair, '--base-url', 'http://new:1', '--api-key', 'new'],
      file,
    );
    expect(config.strong).toMatchObject({ baseUrl: 'http://new:1' });
    expect(config.strong.apiKey?.reveal()).toBe('new');
    expect(config.weak.apiKey?.reveal()).toBe('new');
  });

  it('with another model drop what the file says about its own', async () => {
    const file =
      'strong: { model: ollama/a, profile: llama-3-70b-instruct, input_per_mtok: 1, output_per_mtok: 1 }';
    const kept = await load(['--weak-model', 'ollama/b'], file);
    expect(kept.config.strongProfile).toBe('llama-3-70b-instruct');
    const replaced = await load(pair, file);
    expect(replaced.config).toMatchObject({ strongProfile: null, strong: { price: null } });
  });

  it('with another place, and only then, drop whether it is local', async () => {
    const file =
      'base_url: http://gpu:1\nstrong: { model: big, local: false }\nweak: { model: small }';
    const strongIsLocal = async (...flags: string[]) =>
      (await load(flags, file)).config.strong.isLocal;
    expect(await strongIsLocal()).toBe(false);
    expect(await strongIsLocal('--strong-model', 'big')).toBe(false);
    expect(await strongIsLocal('--strong-base-url', 'http://gpu:1')).toBe(false);
    expect(await strongIsLocal('--base-url', 'http://gpu:1')).toBe(false);
    expect(await strongIsLocal('--strong-model', 'other')).toBe(true);
    expect(await strongIsLocal('--base-url', 'http://gpu:2')).toBe(true);
  });

  it('may have two spellings, which must agree', async () => {
    const { config } = await load([...pair, '--alt-base-url', 'http://h:1']);
    expect(config.weak.baseUrl).toBe('http://h:1');
    expect(() => configInput(['--base-url', 'http://h:1', '--alt-base-url', 'http://h:2'])).toThrow(
      /--base-url and --alt-base-url mean the same/,
    );
  });
});

describe('wrong settings', () => {
  it('are named with key, place and the nearest known key', async () => {
    const message = await failure(
      pair,
      'port: 1\nstrong:\n  modle: x\ntimeouts:\n  idel: 5\nmodel: x',
    );
    expect(message).toMatch(
      /strong\.modle \(.*pointsman\.yaml, line 3\) is not a known key: did you mean strong\.model\?/,
    );
    expect(message).toMatch(
      /timeouts\.idel \(.*line 5\) is not a known key: did you mean timeouts\.idle\?/,
    );
    expect(message).toMatch(
      /model \(.*line 6\) is not a known key: did you mean strong\.model or weak\.model/,
    );
  });

  it('of another router are explained', async () => {
    expect(await failure(pair, 'mf: { checkpoint_path: x }')).toMatch(/name a weights file/);
  });

  it.each([
    ['port: 70000', /port \(.*line 1\) is 70000: it must be a whole number from 0 to 65535/],
    ['port: 1.5', /whole number/],
    [
      'target_strong_share: 1',
      /target_strong_share .* is 1: it must be a share over 0 and under 1/,
    ],
    ['cascade: { min_confidence: 0.5 }', /min_confidence .* must be a mean log-probability/],
    ['cascade: { tokens: 0 }', /cascade.tokens/],
    ['cascade: true', /cascade/],
    ['target_strong_share: 0', /target_strong_share/],
    [
      'threshold: 0.5\ntarget_strong_share: 0.3',
      /--threshold .* is 0.5 and --target-strong-share .* is 0.3: .* leave one of them out/,
    ],
    ['threshold: 1.5', /threshold .* is 1.5: it must be a number from 0/],
    ['threshold: .nan', /threshold/],
    ['exploration: 0.6', /exploration .* must be a share from 0 \(none\) to 0\.5/],
    ['log_prompts: all', /must be one of none, hash, full/],
    ['verbose: "yes"', /must be true or false/],
    ['routers: []', /must be a list of router names/],
    ['routers: [mf, best]', /there is no router "best": name one or more of mf, .*random/],
    ['strong: 5', /strong .* must be a section/],
    ['timeouts: { total: "5 apples" }', /timeouts\.total .* is "5 apples": it must be a duration/],
    ['timeouts: { total: -1 }', /timeouts\.total/],
    ['timeouts: { idle: .nan }', /timeouts\.idle/],
    ['timeouts: { connect: 0 }', /duration over 0/],
    ['base_url: localhost:11434', /must be an http or https URL/],
    ['base_url: http://h/v1/chat/completions', /must end before \/chat\/completions/],
    ['embedding: { base_url: http://h/v1/embeddings/ }', /must end before \/embeddings/],
    ['embedder: remote', /"remote"; choose local/],
    ['- a', /must hold keys and values/],
    ['port: 1\nport: 2', /not valid YAML: .*unique/],
    ['a: [', /not valid YAML/],
    ['__proto__: { port: 1 }', /__proto__ .*is not a known key/],
    ['constructor: 1', /constructor .*is not a known key/],
  ])('%j', async (file, expected) => {
    expect(await failure(pair, file)).toMatch(expected);
  });

  it('are all told at once, from the file and the flags', async () => {
    const message = await failure([...pair, '--threshold', '2'], 'port: x\nhots: y');
    expect(message).toMatch(/^3 things are wrong:/);
    expect(message).toMatch(/--threshold is "2"/);
    expect(message).toMatch(/did you mean host\?/);
  });

  it('include a file that is not there', async () => {
    const input = { ...configInput(pair), configFile: '/nowhere/x.yaml' };
    await expect(loadConfig(input, () => Promise.reject(new Error()))).rejects.toThrow(
      /--config \/nowhere\/x\.yaml cannot be read \(ENOENT/,
    );
  });
});

describe('durations of the file', () => {
  it('AT-28: are seconds or have a unit', async () => {
    const { config } = await load(
      pair,
      'timeouts: { connect: 5, headers: "5s", idle: 500ms, total: 2m, drain: 0 }',
    );
    expect(config.timeouts).toEqual({
      connectMs: 5000,
      headersMs: 5000,
      idleMs: 500,
      totalMs: 120_000,
      decisionMs: 2000,
      drainMs: 0,
    });
  });
});

describe('names (AT-05)', () => {
  it.each([
    'auto',
    'router',
    'strong',
    'weak',
    'router-mf',
    'router-mf-0.5',
    'router@0.3',
    'openrouter/auto',
  ])('refuses a model called %s', async (name) => {
    const message = await failure([
      '--strong-model',
      name,
      '--weak-model',
      'b',
      '--base-url',
      'http://h:1',
    ]);
    expect(message).toMatch(/clients ask for routing by the name/);
  });

  it.each([
    ['ollama/llama3', 'ollama/llama3'],
    ['ollama/llama3', 'ollama_chat/llama3:latest'],
    ['ollama/llama3', 'openai_like/llama3', '--weak-base-url', 'http://127.0.0.1:11434'],
  ])('refuses one deployment for both tiers: %s and %s', async (strong, weak, ...more) => {
    expect(await failure(['--strong-model', strong, '--weak-model', weak, ...more])).toMatch(
      /same deployment/,
    );
  });

  it('takes one name at two places, with a warning', async () => {
    const flags = [
      '--strong-model',
      'm',
      '--weak-model',
      'm',
      '--strong-base-url',
      'http://a:1',
      '--weak-base-url',
      'http://b:1',
    ];
    const { warnings } = await load(flags);
    expect(warnings).toEqual([expect.stringMatching(/"m" names the strong and the weak model/)]);
  });
});

describe('models nobody named', () => {
  const found = {
    strong: {
      model: 'demo-strong',
      base_url: 'http://127.0.0.1:1',
      profile: 'llama-3-70b-instruct',
    },
    weak: { model: 'demo-weak', base_url: 'http://127.0.0.1:1', profile: 'llama-3-8b-instruct' },
    demo: true,
  };

  it('are looked for, and the rest of the settings holds', async () => {
    const { config } = await loadConfig(configInput(['--port', '1']), () => Promise.resolve(found));
    expect(config).toMatchObject({
      demo: true,
      port: 1,
      strong: { name: 'demo-strong' },
      weakProfile: 'llama-3-8b-instruct',
    });
  });

  it.each([
    [['--strong-model', 'ollama/a'], /no weak model is named: give it by --weak-model/],
    [['--weak-model', 'ollama/a'], /no strong model is named/],
    [['--base-url', 'http://h:1'], /no strong and no weak model is named/],
    [['--api-key-env', 'X'], /no strong and no weak model is named/],
  ])('are not looked for when %j says that there are some', async (flags, expected) => {
    expect(await failure(flags)).toMatch(expected);
  });
});

describe('embedders', () => {
  it('may be a hub model', async () => {
    const { config } = await load([...pair, '--embedder', 'hub:Xenova/all-MiniLM-L6-v2']);
    expect(config.embedder).toEqual({ kind: 'hub', model: 'Xenova/all-MiniLM-L6-v2' });
  });

  it('may be an endpoint with its own address and key', async () => {
    const flags = [
      ...['--embedder', 'endpoint', '--embedding-base-url', 'http://127.0.0.1:11434'],
      ...['--embedding-model', 'nomic-embed-text', '--embedding-api-key-env', 'E_KEY'],
    ];
    const { config } = await load(
      [...pair, ...flags],
      'embedding: { timeout: 500ms, dimensions: 768 }',
      {
        E_KEY: 'k',
      },
    );
    expect(config.embedder).toMatchObject({
      kind: 'endpoint',
      baseUrl: 'http://127.0.0.1:11434',
      model: 'nomic-embed-text',
      timeoutMs: 500,
      dimensions: 768,
    });
    expect(JSON.stringify(config)).not.toMatch(/"k"/);
  });

  it('that are an endpoint need an address and a model', async () => {
    expect(await failure([...pair, '--embedder', 'endpoint'])).toMatch(
      /--embedding-base-url .* is missing/,
    );
  });

  it('that are none make an endpoint setting a mistake', async () => {
    expect(await failure([...pair, '--embedding-model', 'x'])).toMatch(
      /only for an embedding endpoint/,
    );
  });
});
