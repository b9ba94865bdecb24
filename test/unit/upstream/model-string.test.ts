import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import {
  knownProviders,
  missingBaseUrl,
  parseModelString,
  type OpenAiModel,
} from '../../../src/upstream/model-string.ts';

describe('parseModelString', () => {
  it.each([
    ['openai/gpt-4.1', 'gpt-4.1', 'openai', 'https://api.openai.com/v1', true],
    ['openai/org/model:tag', 'org/model:tag', 'openai', 'https://api.openai.com/v1', true],
    [
      'groq/llama-3.1-8b-instant',
      'llama-3.1-8b-instant',
      'openai',
      'https://api.groq.com/openai/v1',
      true,
    ],
    ['deepinfra/a/b', 'a/b', 'openai', 'https://api.deepinfra.com/v1/openai', true],
    ['openrouter/auto', 'auto', 'openai', 'https://openrouter.ai/api/v1', true],
    ['ollama/llama3:70b', 'llama3:70b', 'ollama', 'http://localhost:11434/v1', false],
    [
      'ollama_chat/hf.co/x/y:Q4_K_M',
      'hf.co/x/y:Q4_K_M',
      'ollama',
      'http://localhost:11434/v1',
      false,
    ],
    ['hosted_vllm/meta/llama', 'meta/llama', 'openai', null, false],
  ])('AT-16: cuts %s at the first slash', (text, id, wire, defaultBaseUrl, hosted) => {
    expect(parseModelString(text)).toMatchObject({
      kind: 'openai',
      id,
      wire,
      defaultBaseUrl,
      hosted,
    });
  });

  it.each([
    'hf.co/x/y:Q4_K_M',
    'a.b/c',
    'gpt-4.1',
    'deepseek-r1:8b',
    'OpenAI/x',
    'eu.amazon.nova',
    'constructor/x',
  ])('takes the whole of %s as the id', (text) => {
    expect(parseModelString(text)).toEqual({
      kind: 'openai',
      provider: null,
      id: text,
      wire: 'openai',
      defaultBaseUrl: null,
      hosted: false,
    });
  });

  it.each([
    ['bedrock/invoke/eu.amazon.nova-micro-v1:0', 'invoke', null, 'eu.amazon.nova-micro-v1:0'],
    ['bedrock/eu.amazon.nova-micro-v1:0', 'converse', null, 'eu.amazon.nova-micro-v1:0'],
    ['bedrock/converse/us.anthropic.claude-x-v1:0', 'converse', null, 'us.anthropic.claude-x-v1:0'],
    ['bedrock/ap-northeast-1/anthropic.x', 'converse', 'ap-northeast-1', 'anthropic.x'],
    ['bedrock/invoke/us-gov-west-1/anthropic.x', 'invoke', 'us-gov-west-1', 'anthropic.x'],
    ['bedrock/us-gov.anthropic.x', 'converse', null, 'us-gov.anthropic.x'],
    ['bedrock/apac.anthropic.x', 'converse', null, 'apac.anthropic.x'],
    [
      'bedrock/arn:aws:bedrock:us-east-1:1:application-inference-profile/ab',
      'converse',
      'us-east-1',
      'arn:aws:bedrock:us-east-1:1:application-inference-profile/ab',
    ],
  ])('AT-16: reads %s', (text, api, region, id) => {
    expect(parseModelString(text)).toEqual({ kind: 'bedrock', api, region, id });
  });

  it.each([
    '',
    '/x',
    '/',
    'openai/',
    'ollama/',
    'bedrock/',
    'bedrock/invoke/',
    'bedrock/eu-west-1/',
    'x/',
    ' gpt',
    'a\nb',
  ])('refuses %j, which holds no usable id', (text) => {
    expect(() => parseModelString(text)).toThrow(ConfigError);
  });

  it('refuses azure, which has no client yet', () => {
    expect(() => parseModelString('azure/gpt-4')).toThrow(/azure is not supported yet/);
  });

  it('never changes what stands after a known provider', () => {
    const provider = fc.constantFrom(...knownProviders);
    const id = fc.stringMatching(/^[\w.:/@-]+$/);
    fc.assert(
      fc.property(provider, id, (name, rest) => {
        expect(parseModelString(`${name}/${rest}`)).toMatchObject({ provider: name, id: rest });
      }),
    );
  });
});

describe('missingBaseUrl', () => {
  const say = (text: string) =>
    missingBaseUrl(text, parseModelString(text) as OpenAiModel, '--base-url');

  it('tells a bare name to take a provider', () => {
    expect(say('gpt-4.1')).toMatch(/write openai\/gpt-4\.1 .*--base-url/);
  });

  it('names an unknown provider, the nearest and all known ones', () => {
    expect(say('opnai/gpt')).toMatch(
      /unknown provider "opnai" \(did you mean "openai\/gpt"\?\) and no base URL: give one by --base-url .*known providers: openai, /,
    );
    expect(say('foo/x')).toMatch(/unknown provider "foo" and no base URL: give one by --base-url/);
  });

  it('points a provider with another wire format to its OpenAI-compatible URL', () => {
    expect(say('anthropic/claude-x')).toMatch(/write openai\/claude-x/);
  });

  it('asks a self-hosted provider for its address', () => {
    expect(say('hosted_vllm/x')).toMatch(/hosted_vllm has no default base URL/);
  });
});
