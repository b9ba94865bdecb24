import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRules } from '../../src/config/create-rules.ts';
import { loadSettings } from '../../src/config/load-config.ts';
import type { Config } from '../../src/config/config.ts';
import type { Router } from '../../src/routing/router.ts';
import type { Rule } from '../../src/routing/rules.ts';
import type { Deployment } from '../../src/upstream/deployment.ts';
import { ask, post } from '../support/chat.ts';
import { configInput } from '../support/config-input.ts';
import { waitForDecision } from '../support/read-log.ts';
import { helloResponse } from '../support/responses.ts';
import {
  completion,
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import {
  scriptedRouter,
  startTestGateway,
  withTiers,
  type TestGateway,
} from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url });
});

beforeEach(() => {
  for (const upstream of [strong, weak]) {
    upstream.requests.length = 0;
    upstream.always(completion('Hello world'));
  }
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

interface Given {
  readonly strong?: Partial<Deployment>;
  readonly weak?: Partial<Deployment>;
  readonly rules?: readonly Rule[];
  readonly checksLength?: boolean;
  readonly exploration?: number;
}

/** The gateway as an operator has configured it. */
async function configure(
  given: Given,
  more: Partial<Config> = {},
  router: Router = scriptedRouter(),
): Promise<void> {
  const tiers = withTiers(gateway.config, given);
  const config = {
    ...tiers,
    dispatch: { ...tiers.dispatch, enablePreCallChecks: given.checksLength ?? true },
    rules: given.rules ?? [],
    exploration: given.exploration ?? 0,
    ...more,
  };
  const { embedderId } = gateway.parts;
  await gateway.replace(config, { embedderId, routers: new Map([['mf', router]]) });
}

function chat(body: unknown, headers: Record<string, string> = {}) {
  return post(`${gateway.url}/v1/chat/completions`, body, headers);
}

function decisionOf(headers: Headers): (string | null)[] {
  return ['tier', 'reason', 'reason-detail'].map((name) => headers.get(`x-pointsman-${name}`));
}

/** Rules as an operator writes them. */
function rulesOf(yaml: string): Rule[] {
  return createRules(loadSettings(configInput([], yaml)).settings);
}

const easy = '0.1 easy';
const image = {
  type: 'image_url',
  image_url: { url: `data:image/png;base64,${'A'.repeat(9000)}` },
};
const withImage = ask([{ type: 'text', text: easy }, image]);
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const schema = { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } };

describe('a guard', () => {
  test.each([
    ['images', withImage],
    ['tools', ask(easy, { tools })],
    ['schema', ask(easy, { response_format: schema })],
    ['schema', ask(easy, { response_format: { type: 'json_object' } })],
  ] as const)(
    '%s: what weak is marked unable to do goes to strong, unscored',
    async (guard, body) => {
      await configure({ weak: { cannot: [guard] }, exploration: 0.5 });
      const reply = await chat(body);
      expect(reply.status).toBe(200);
      expect(decisionOf(reply.headers)).toEqual(['strong', 'guard', guard]);
      const row = await waitForDecision(gateway.db, reply.headers);
      expect(row).toMatchObject({
        ...{ tier: 'strong', reason: 'guard', reason_detail: guard },
        ...{ score: null, propensity: null },
      });
      const plain = await chat(ask(easy, { model: 'router-mf-1' }));
      expect(['score', 'exploration']).toContain(plain.headers.get('x-pointsman-reason'));
    },
  );

  const picture = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
  test.each([
    ['images', { input: [{ role: 'user', content: [picture] }] }],
    ['tools', { input: easy, tools: [{ type: 'function', name: 'f' }] }],
    ['schema', { input: easy, text: { format: { type: 'json_schema', name: 's', schema: {} } } }],
  ] as const)('%s: the same for a response', async (guard, body) => {
    await configure({ weak: { cannot: [guard] } });
    strong.always(helloResponse);
    const reply = await post(`${gateway.url}/v1/responses`, { model: 'auto', ...body });
    expect(reply.status).toBe(200);
    expect(decisionOf(reply.headers)).toEqual(['strong', 'guard', guard]);
  });

  test('context_window: what is too long for weak goes to strong', async () => {
    await configure({ weak: { maxInputTokens: 500 } });
    const reply = await chat(ask(`${easy} ${'x'.repeat(2500)}`));
    expect(decisionOf(reply.headers)).toEqual(['strong', 'guard', 'context_window']);
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('0');
    const short = await chat(ask(easy));
    expect(decisionOf(short.headers)).toEqual(['weak', 'score', null]);
  });

  test('context_window: is off where the operator turned the check before a call off', async () => {
    await configure({ weak: { maxInputTokens: 500 }, checksLength: false });
    const reply = await chat(ask(`${easy} ${'x'.repeat(2500)}`));
    expect(decisionOf(reply.headers)).toEqual(['weak', 'score', null]);
  });

  test('context_window: the bytes of a picture are no text', async () => {
    await configure({ weak: { maxInputTokens: 2000 } });
    const reply = await chat(withImage);
    expect(decisionOf(reply.headers)).toEqual(['weak', 'score', null]);
  });

  test('a client that names a model gets it, or hears that it cannot', async () => {
    await configure({ weak: { cannot: ['tools'] }, strong: { cannot: ['tools'] } });
    const reply = await chat(ask(easy, { tools, model: 'weak' }));
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({
      error: { code: 'not_supported_by_model', param: 'tools' },
    });
    expect(decisionOf(reply.headers)).toEqual(['weak', 'bypass', null]);
    expect([...strong.requests, ...weak.requests]).toEqual([]);
  });

  test('a fallback that cannot is left out: the error is that of the model that can', async () => {
    await configure({ weak: { cannot: ['tools'] } });
    strong.always(failure(500));
    const reply = await chat(ask(easy, { tools }));
    expect(reply.json).toMatchObject({ error: { code: 'upstream_error' } });
    expect(weak.requests).toEqual([]);
  });
});

describe('a rule', () => {
  const rules = () =>
    rulesOf(`
rules:
  - { name: batch team, when: { header: { X-Team: batch } }, then: { tier: weak } }
  - { name: paying, when: { metadata: { plan: gold } }, then: { tier: strong } }
  - { name: contracts, when: { text: '\\bcontract\\b' }, then: { tier: strong } }
  - { name: one client, when: { keys: [sk-of-the-one] }, then: { tier: strong } }`);

  test.each([
    ['batch team', 'weak', '0.9 hard', { 'x-team': 'batch' }, {}],
    ['paying', 'strong', easy, {}, { metadata: { plan: 'gold' } }],
    ['contracts', 'strong', '0.1 read this Contract', {}, {}],
    ['one client', 'strong', easy, { authorization: 'Bearer sk-of-the-one' }, {}],
  ])('%s: decides before any score', async (name, tier, text, headers, rest) => {
    await configure({ rules: rules() });
    const reply = await chat(ask(text, rest), headers);
    expect(decisionOf(reply.headers)).toEqual([tier, 'rule', name]);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ reason: 'rule', reason_detail: name, score: null });
    const other = await chat(ask(easy));
    expect(decisionOf(other.headers)).toEqual(['weak', 'score', null]);
  });

  test('makes no model do what it cannot', async () => {
    await configure({ rules: rules(), weak: { cannot: ['tools'] } });
    const reply = await chat(ask(easy, { tools }), {
      'x-team': 'batch',
    });
    expect(decisionOf(reply.headers)).toEqual(['strong', 'guard', 'tools']);
  });

  test('on text holds for the whole conversation: all of it goes upstream', async () => {
    await configure({ rules: rules() });
    const messages = [
      { role: 'user', content: 'read this contract' },
      { role: 'assistant', content: 'Done.' },
      { role: 'user', content: '0.1 thanks' },
    ];
    const reply = await chat({ model: 'auto', messages });
    expect(decisionOf(reply.headers)).toEqual(['strong', 'rule', 'contracts']);
  });

  const call = (name: string, args: string) => [
    { id: 'c', type: 'function', function: { name, arguments: args } },
  ];

  test.each([
    ['behind an open thought', { role: 'user', content: '<think> the contract' }],
    ['in a thought', { role: 'assistant', content: '<think>a contract</think>Yes.' }],
    ['after a thought', { role: 'assistant', content: '<think>no</think>A contract.' }],
    ['in a text part', { role: 'user', content: [{ type: 'text', text: 'a contract' }] }],
    ['in arguments', { role: 'assistant', tool_calls: call('f', '{"a":"the contract"}') }],
    ['in a called name', { role: 'assistant', tool_calls: call('read-contract', '{}') }],
    [
      'in a legacy call',
      { role: 'assistant', function_call: { name: 'f', arguments: 'contract' } },
    ],
    ['in reasoning', { role: 'assistant', content: 'Yes.', reasoning: 'a contract' }],
    ['in reasoning_content', { role: 'assistant', content: '', reasoning_content: 'contract' }],
    ['in a refusal', { role: 'assistant', content: null, refusal: 'no contract' }],
    ['in a tool result', { role: 'tool', tool_call_id: 'c', content: 'contract' }],
  ])('on text finds it %s', async (_where, message) => {
    await configure({ rules: rules() });
    const messages = [message, { role: 'user', content: '0.1 go on' }];
    const reply = await chat({ model: 'auto', messages });
    expect(decisionOf(reply.headers)).toEqual(['strong', 'rule', 'contracts']);
  });

  test('on text finds it in prompt and suffix of a text completion', async () => {
    await configure({ rules: rules() });
    for (const rest of [
      { prompt: ['0.1 <think>contract'] },
      { prompt: '0.1', suffix: 'contract' },
    ]) {
      const reply = await post(`${gateway.url}/v1/completions`, { model: 'auto', ...rest });
      expect(decisionOf(reply.headers)).toEqual(['strong', 'rule', 'contracts']);
    }
  });

  test('on text does not find the words of the format, nor the bytes of a picture', async () => {
    await configure({
      rules: rulesOf(`
rules:
  - { name: words, when: { text: 'user|text|image|function|AAAA|wav' }, then: { tier: strong } }`),
    });
    const sound = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } };
    const messages = [
      { role: 'assistant', content: null, tool_calls: call('f', '{}') },
      { role: 'user', content: [{ type: 'text', text: easy }, image, sound] },
    ];
    const reply = await chat({ model: 'auto', messages });
    expect(decisionOf(reply.headers)).toEqual(['weak', 'score', null]);
  });
});

describe('a private request', () => {
  const stays = () =>
    rulesOf(`
rules:
  - { name: stays here, when: { private: true }, then: { local_only: true } }
  - { name: patients, when: { text: patient }, then: { private: true } }`);
  const local = { isLocal: true };
  const mark = { 'x-pointsman-private': 'true' };
  const privately = (body: unknown) => chat(body, mark);

  test.each([
    ['by a header', ask('0.9 hard'), mark],
    ['by metadata', ask('0.9 hard', { metadata: { private: 'true' } }), {}],
    ['by a rule', ask('0.9 hard patient'), {}],
  ])('marked %s is answered by the local tier, whatever its score', async (_how, body, headers) => {
    await configure({ weak: local, rules: stays() });
    const reply = await chat(body, headers);
    expect(reply.status).toBe(200);
    expect(decisionOf(reply.headers)).toEqual(['weak', 'rule', 'stays here']);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ is_private: 1, reason: 'rule', propensity: null });
    expect(strong.requests).toEqual([]);
  });

  test('never falls back to a deployment that is not local', async () => {
    await configure({ weak: local, rules: stays() });
    weak.always(failure(500));
    const reply = await privately(ask('0.9 hard', { fallbacks: ['strong'] }));
    expect(reply.json).toMatchObject({ error: { code: 'upstream_error' } });
    expect(weak.requests.length).toBeGreaterThan(0);
    const tooLong = failure(400, { error: { message: 'x', code: 'context_length_exceeded' } });
    weak.always(tooLong);
    expect((await privately(ask('0.9 hard'))).status).toBe(400);
    expect(strong.requests).toEqual([]);
  });

  test('is refused where the client names a model elsewhere, and goes to the local one if it may', async () => {
    await configure({ weak: local, rules: stays() });
    const named = ask('0.9 hard', { model: 'strong' });
    const reply = await privately({ ...named, disable_fallbacks: true });
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { code: 'no_local_deployment', param: 'model' } });
    const fallen = await privately(named);
    expect(fallen.json['model']).toBe('weak-model:7b');
    expect(fallen.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(strong.requests).toEqual([]);
  });

  test('does not leave when the local tier cannot do what it asks', async () => {
    await configure({ weak: { ...local, cannot: ['tools'] }, rules: stays() });
    const reply = await privately(ask('0.9 hard', { tools }));
    expect(reply.json).toMatchObject({ error: { code: 'not_supported_by_model' } });
    expect([...strong.requests, ...weak.requests]).toEqual([]);
  });

  test.each(['auto', 'weak'])(
    'stays so for the rest of the conversation, begun with the model %s',
    async (model) => {
      await configure({ weak: local, rules: stays() });
      const messages = [{ role: 'user' as const, content: `a secret told to ${model}` }];
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any' });
      await client.chat.completions.create({ model, messages }, { headers: mark });
      const { response } = await client.chat.completions
        .create({
          model: 'auto',
          messages: [
            ...messages,
            { role: 'assistant', content: 'Done.' },
            { role: 'user', content: `0.9 ${'and a hard question about it '.repeat(3)}` },
          ],
        })
        .withResponse();
      expect(decisionOf(response.headers)).toEqual(['weak', 'rule', 'stays here']);
      expect(strong.requests).toEqual([]);
    },
  );

  test('is scored where no rule keeps it, and never explores', async () => {
    await configure({ exploration: 0.5 });
    for (let i = 0; i < 20; i++) {
      const reply = await privately(ask('0.9 hard'));
      expect(decisionOf(reply.headers)).toEqual(['strong', 'score', null]);
    }
    const reply = await privately(ask('0.9 hard'));
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ is_private: 1, score: 0.9, propensity: null });
  });

  test('is not shown to an encoder on another machine', async () => {
    const scored: string[] = [];
    const router = scriptedRouter();
    const watched = scriptedRouter({
      score: (text, signal) => {
        scored.push(text);
        return router.score(text, signal);
      },
    });
    const embedder = {
      ...{ kind: 'endpoint' as const, baseUrl: 'https://embeddings.example.com/v1' },
      ...{ model: 'm', timeoutMs: 1000 },
    };
    await configure({}, { embedder, defaultTier: 'weak' }, watched);
    const reply = await privately(ask('0.9 hard'));
    expect(decisionOf(reply.headers)).toEqual(['weak', 'guard', 'private']);
    expect(scored).toEqual([]);
    await chat(ask('0.9 hard'), { 'x-pointsman-private': 'false' });
    expect(scored).toEqual(['0.9 hard']);
  });

  test('with a mark that is neither true nor false is refused', async () => {
    await configure({});
    const reply = await chat(ask('hi'), { 'x-pointsman-private': 'yes' });
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { param: 'x-pointsman-private' } });
  });
});

describe('POST /v1/router/score', () => {
  const score = (body: object, headers: Record<string, string> = {}) =>
    post(`${gateway.url}/v1/router/score`, body, headers);

  test('tells the score, and the guard or rule that decides in its place', async () => {
    const rules = rulesOf(
      'rules: [{ name: batch, when: { header: { x-team: batch } }, then: { tier: weak } }]',
    );
    await configure({ weak: { cannot: ['tools'] }, rules });
    const byGuard = await score({ prompt: easy, tools });
    expect(byGuard.json).toMatchObject({
      ...{ tier: 'strong', model: 'strong-model:7b', reason: 'guard', reason_detail: 'tools' },
      score: 0.1,
    });
    const byRule = await score({ prompt: '0.9 hard' }, { 'x-team': 'batch' });
    expect(byRule.json).toMatchObject({ tier: 'weak', reason: 'rule', reason_detail: 'batch' });
    const byScore = await score({ prompt: '0.9 hard' });
    expect(byScore.json).toMatchObject({ tier: 'strong', reason: 'score' });
    expect(byScore.json).not.toHaveProperty('reason_detail');
  });

  test('does not show a private prompt to an encoder on another machine', async () => {
    const embedder = {
      ...{ kind: 'endpoint' as const, baseUrl: 'https://embeddings.example.com/v1' },
      ...{ model: 'm', timeoutMs: 1000 },
    };
    await configure({}, { embedder });
    const reply = await score({ prompt: easy }, { 'x-pointsman-private': 'true' });
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { param: 'model' } });
    expect((await score({ prompt: easy })).status).toBe(200);
  });
});
