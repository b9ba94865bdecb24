import OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashOfSentKey } from '../../src/access/key-set.ts';
import { namedSessionHash } from '../../src/routing/sessions.ts';
import { waitForDecision } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

/** Clients never share a conversation: a key of its own keeps each test apart. */
let client = 0;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url });
});

beforeEach(async () => {
  client++;
  await gateway.replace(gateway.config, gateway.parts);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Asked {
  readonly model?: string;
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

/** What the openai client gets, and what the headers say of the decision. */
async function ask(messages: readonly ChatCompletionMessageParam[], asked: Asked = {}) {
  const apiKey = `${asked.key ?? 'key'}-${client}`;
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey });
  const { data, response } = await openai.chat.completions
    .create(
      { model: asked.model ?? 'auto', messages: [...messages], ...asked.body },
      { headers: asked.headers },
    )
    .withResponse();
  const header = (name: string) => response.headers.get(`x-pointsman-${name}`);
  return {
    answer: data.choices[0]!.message,
    headers: response.headers,
    decision: [header('tier'), header('reason'), header('reason-detail')],
    id: header('decision-id'),
  };
}

const user = (content: string) => ({ role: 'user' as const, content });
const said = { role: 'assistant' as const, content: 'Done.' };
/** Long enough to be scored without what stands before. */
const easy = user(`0.1 ${'an easy question of some length '.repeat(3)}`);
const hard = user('0.9 prove it');

describe('a conversation that a score sent up', () => {
  test('stays strong; the score is made and logged all the same', async () => {
    const first = await ask([hard]);
    expect(first.decision).toEqual(['strong', 'score', null]);
    const next = await ask([hard, said, easy]);
    expect(next.decision).toEqual(['strong', 'session', first.id]);
    const row = await waitForDecision(gateway.db, next.headers);
    expect(row).toMatchObject({
      ...{ tier: 'strong', reason: 'session', reason_detail: first.id },
      ...{ score: 0.1, threshold: 0.5, propensity: 1 },
    });
    const firstRow = await waitForDecision(gateway.db, first.headers);
    expect(row['session_hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(row['session_hash']).toBe(firstRow['session_hash']);
  });

  test('may be sent up by any of its turns', async () => {
    const opening = user('0.2 hello');
    await ask([opening]);
    const turned = await ask([opening, said, user(`0.8 ${'x'.repeat(70)}`)]);
    expect(turned.decision).toEqual(['strong', 'score', null]);
    const next = await ask([opening, said, user('0.8 x'), said, easy]);
    expect(next.decision).toEqual(['strong', 'session', turned.id]);
  });

  test('stays strong where it cannot be scored', async () => {
    const first = await ask([hard]);
    const failing = user(`embedding fails ${'x'.repeat(60)}`);
    const next = await ask([hard, said, failing]);
    expect(next.decision).toEqual(['strong', 'session', first.id]);
  });

  test('stays strong over a reload', async () => {
    const first = await ask([hard]);
    await gateway.replace(
      { ...gateway.config, sessions: { maxSessions: 7, ttlMs: 30_000 } },
      gateway.parts,
    );
    expect((await ask([hard, said, easy])).decision).toEqual(['strong', 'session', first.id]);
  });

  test('is that of one client: another with the same words is not drawn up', async () => {
    await ask([hard], { key: 'one' });
    const other = await ask([hard, said, easy], { key: 'two' });
    expect(other.decision).toEqual(['weak', 'score', null]);
    const { decision } = await ask([hard, said, easy], { key: 'one', body: { user: 'ann' } });
    expect(decision).toEqual(['weak', 'score', null]);
  });

  test.each(['x-pointsman-session', 'x-session-id', 'x-openwebui-chat-id'])(
    'is named by the header %s or by metadata, whatever its words',
    async (name) => {
      const headers = { [name]: 'chat-1' };
      const first = await ask([hard], { headers });
      expect((await ask([easy], { headers })).decision).toEqual(['strong', 'session', first.id]);
      expect(
        (await ask([easy], { body: { metadata: { session_id: 'chat-1' } } })).decision,
      ).toEqual(['strong', 'session', first.id]);
      const other = await ask([easy], { headers: { [name]: 'chat-2' } });
      expect(other.decision).toEqual(['weak', 'score', null]);
      const row = await waitForDecision(gateway.db, first.headers);
      expect(row['session_hash']).toBe(namedSessionHash('chat-1', hashOfSentKey(`key-${client}`)));
    },
  );

  test('has the name of the first of its headers, before that of metadata', async () => {
    const names = { 'x-openwebui-chat-id': 'c', 'x-session-id': 'b', 'x-pointsman-session': 'a' };
    const body = { metadata: { session_id: 'd' } };
    const hashOf = async (headers: Record<string, string>) => {
      const reply = await ask([easy], { headers, body });
      return (await waitForDecision(gateway.db, reply.headers))['session_hash'];
    };
    const expected = (name: string) => namedSessionHash(name, hashOfSentKey(`key-${client}`));
    expect(await hashOf(names)).toBe(expected('a'));
    expect(await hashOf({ ...names, 'x-pointsman-session': '' })).toBe(expected('b'));
    expect(await hashOf({ 'x-openwebui-chat-id': 'c' })).toBe(expected('c'));
    expect(await hashOf({})).toBe(expected('d'));
  });

  test('does not move what the client asks for by name', async () => {
    await ask([hard]);
    const { decision } = await ask([hard, said, easy], { model: 'weak' });
    expect(decision).toEqual(['weak', 'bypass', null]);
  });
});

test('asking the same prompt again is no conversation', async () => {
  const prompt = [{ role: 'system' as const, content: 'be brief' }, easy];
  await ask(prompt, { model: 'router-mf-0.05' });
  expect((await ask(prompt)).decision).toEqual(['weak', 'score', null]);
});

test('a short turn is scored with what the user said before', async () => {
  await ask([user('0.7 prove it')], { model: 'router-mf-0.9' });
  const next = await ask([user('0.7 prove it'), said, user('commit it')]);
  expect(next.decision).toEqual(['strong', 'score', null]);
  const row = await waitForDecision(gateway.db, next.headers);
  expect(row).toMatchObject({ score: 0.7, prompt_chars: '0.7 prove it\n\ncommit it'.length });
});

describe('a tool turn', () => {
  const call = {
    role: 'assistant' as const,
    content: null,
    tool_calls: [
      { id: 'call_1', type: 'function' as const, function: { name: 'weather', arguments: '{}' } },
    ],
  };
  const result = { role: 'tool' as const, tool_call_id: 'call_1', content: '{"degrees":3}' };

  test.each([
    ['weak', easy],
    ['strong', hard],
  ])('goes to the model that called the tool: %s', async (tier, question) => {
    // A threshold of its own, so that scoring the turn by itself would say the other tier.
    const model = tier === 'weak' ? 'router-mf-0.5' : 'auto';
    const first = await ask([question], { model });
    const turn = await ask([question, call, result], {
      model: tier === 'weak' ? 'router-mf-0' : 'router-mf-1',
    });
    expect(turn.decision).toEqual([tier, 'tool_turn', first.id]);
    const again = await ask([question, call, result, call, result]);
    expect(again.decision).toEqual([tier, 'tool_turn', first.id]);
    const row = await waitForDecision(gateway.db, again.headers);
    expect(row).toMatchObject({ score: null, propensity: null, reason_detail: first.id });
  });

  test('of an unknown conversation is scored by what the user asked', async () => {
    const { decision } = await ask([hard, call, result]);
    expect(decision).toEqual(['strong', 'score', null]);
  });
});

test('a conversation is remembered for its time only', async () => {
  await gateway.replace(
    { ...gateway.config, sessions: { maxSessions: 10, ttlMs: 1 } },
    gateway.parts,
  );
  await ask([hard]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await ask([hard, said, easy])).decision).toEqual(['weak', 'score', null]);
});

test('chance does not send a conversation up, nor down once it is up', async () => {
  await gateway.replace({ ...gateway.config, exploration: 0.5 }, gateway.parts);
  const headers = (i: number) => ({ headers: { 'x-pointsman-session': `s${i}` } });
  let drawn = 0;
  for (let i = 0; i < 60 && drawn === 0; i++) {
    const first = await ask([easy], headers(i));
    if (first.decision[1] !== 'exploration') continue;
    drawn++;
    // Were it sent up, this would be certain; by chance it is strong once in 4.
    const reasons = new Set<string | null>();
    for (let j = 0; j < 60; j++) reasons.add((await ask([easy], headers(i))).decision[1]!);
    expect([...reasons].sort()).toEqual(['exploration', 'score']);
  }
  expect(drawn).toBe(1);
  await ask([hard], headers(1000));
  for (let j = 0; j < 30; j++) {
    expect((await ask([hard], headers(1000))).decision[0]).toBe('strong');
  }
});
