import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/errors.ts';
import {
  knownProviders,
  missingBaseUrl,
  parseModelString,
} from '../../src/upstream/model-string.ts';
import { configInput } from '../support/config-input.ts';

describe('any model string', () => {
  const part = fc.oneof(
    fc.constantFrom(...knownProviders, 'bedrock', 'azure', 'invoke', 'converse', 'eu', 'us-gov'),
    fc.constantFrom(
      '/',
      ':',
      '.',
      '-',
      'arn:aws:bedrock:',
      'eu-west-1/',
      '__proto__',
      ' ',
      '\u0000',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
  );

  test('AT-16: is a model whose id is its end, or a ConfigError', () => {
    const property = fc.property(anyText, (text) => {
      let model;
      try {
        model = parseModelString(text);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      expect(model.id).not.toBe('');
      expect(text.endsWith(model.id)).toBe(true);
      if (model.kind === 'openai') missingBaseUrl(text, model, '--base-url');
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

describe('any configuration file', () => {
  const keys = [
    ...['strong', 'weak', 'model', 'base_url', 'api_key', 'api_key_env', 'model_list', 'timeouts'],
    ...['model_name', 'litellm_params', 'router_settings', 'fallbacks', 'num_retries', 'limits'],
    ...['litellm_settings', 'general_settings', 'environment_variables', 'model_group_alias'],
    ...['headers', 'body_bytes', 'routers', 'threshold', 'embedder', 'host', 'port', '__proto__'],
    ...[
      'routing_strategy',
      'retry_after',
      'timeout',
      'stream_timeout',
      'cooldown_time',
      'api_base',
    ],
    ...['client_keys', 'admin_keys', 'model_info', 'id', 'price', 'aliases', 'default_fallbacks'],
    ...['constructor', 'toString', 'unknown_key'],
  ];
  const leaf = fc.oneof(
    fc.constantFrom('ollama/llama3', 'openai/gpt-4.1', 'bedrock/x', 'os.environ/NOPE', '5s', 'mf'),
    fc.constantFrom(
      'http://h:1',
      'http://[',
      'strong',
      'weak',
      '',
      -1,
      0,
      1.5,
      NaN,
      Infinity,
      null,
    ),
    fc.string({ maxLength: 12 }),
    fc.boolean(),
    fc.double(),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const document = fc.dictionary(fc.constantFrom(...keys), tree, { maxKeys: 6 });
  const found = () =>
    Promise.resolve({
      strong: { model: 'ollama/big' },
      weak: { model: 'ollama/small' },
      demo: false,
    });

  async function expectConfigOrError(text: string): Promise<void> {
    try {
      const { config } = await loadConfig(configInput([], text), found);
      expect(config.groups.length).toBeGreaterThan(0);
    } catch (error) {
      expect(error, `${(error as Error).stack}\n${text}`).toBeInstanceOf(ConfigError);
    }
  }

  test('of our keys with any values is a configuration, or a ConfigError', async () => {
    const property = fc.asyncProperty(document, (value) =>
      expectConfigOrError(JSON.stringify(value)),
    );
    // Values that cannot be made a text, where one is expected: each was a crash.
    const examples: [Record<string, unknown>][] = [
      [{ timeouts: { headers: [{ toString: 'x' }] } }],
      [{ router_settings: { routing_strategy: { toString: 'x' } } }],
    ];
    await fc.assert(property, { numRuns: 400, examples });
  });

  test('of any text is a configuration, or a ConfigError', async () => {
    const yaml = fc.constantFrom(
      ': ',
      '- ',
      '\n',
      '  ',
      '&a',
      '*a',
      '{',
      '}',
      '[',
      '!!js',
      '|',
      '#',
      '<<',
    );
    const text = fc
      .array(fc.oneof(yaml, fc.constantFrom(...keys), fc.string({ maxLength: 5 })), {
        maxLength: 20,
      })
      .map((parts) => parts.join(''));
    await fc.assert(fc.asyncProperty(text, expectConfigOrError), { numRuns: 300 });
  });
});
