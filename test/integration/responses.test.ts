import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { get, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  eventText,
  functionCall,
  helloResponse,
  message,
  response,
  responseEvents,
} from '../support/responses.ts';
import {
  failure,
  sendStream,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  strong.always(helloResponse);
  weak.always(helloResponse);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url });
});

beforeEach(() => {
  strong.requests.length = 0;
  weak.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const respond = (body: Record<string, unknown>, headers = {}) =>
  post(`${gateway.url}/v1/responses`, { model: 'auto', ...body }, headers);

const user = (content: unknown) => ({ role: 'user', content });

describe('POST /v1/responses', () => {
  test('routes the input and passes the request on as it came', async () => {
    const request =
      '{"model":"auto", "instructions":"Be brief.","input":"0.9 prove it","top_k":12345678901234567890}';
    const reply = await post(`${gateway.url}/v1/responses`, request);
    expect(reply.status).toBe(200);
    expect(reply.json['output']).toMatchObject([{ content: [{ text: 'Hello world' }] }]);
    expect(reply.headers.get('x-pointsman-tier')).toBe('strong');
    expect(reply.headers.get('x-pointsman-model')).toBe('strong-model:7b');
    expect(strong.requests).toMatchObject([{ path: '/v1/responses' }]);
    expect(strong.requests[0]?.text).toBe(request.replace('"auto"', '"strong-model:7b"'));
    expect(await waitForDecision(gateway.db, reply.headers)).toMatchObject({
      ...{ endpoint: 'responses', tier: 'strong', score: 0.9, outcome: 'done' },
      ...{ prompt_tokens: 11, completion_tokens: 7, cached_tokens: 3, finish_reason: 'stop' },
      ...{ is_usage_estimated: 0, upstream_url: `${strong.url}/v1/responses` },
    });
  });

  test('relays a stream byte for byte, and adds nothing to what is asked', async () => {
    const stream_options = { include_obfuscation: false };
    const reply = await respond({ input: '0.1 hi', stream: true, stream_options });
    expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reply.text).toBe(responseEvents('weak-model:7b', ['Hello', ' world']).join(''));
    expect(weak.requests[0]?.body['stream_options']).toEqual(stream_options);
    expect(await waitForDecision(gateway.db, reply.headers)).toMatchObject({
      ...{ endpoint: 'responses', tier: 'weak', outcome: 'done', finish_reason: 'stop' },
      ...{ prompt_tokens: 11, completion_tokens: 7, is_usage_estimated: 0 },
    });
  });

  test('takes a last event with a whole long answer in it', async () => {
    const words = Array.from({ length: 300 }, () => 'x'.repeat(1024));
    strong.enqueue((res, { body }) =>
      sendStream(res, responseEvents(body['model'], words).join('')),
    );
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.text).toBe(responseEvents('strong-model:7b', words).join(''));
  });

  test('scores what the user said last, whatever tools have said since', async () => {
    const input = [
      user([{ type: 'input_text', text: '0.9 what is the weather in Köln?' }]),
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: '0.3' },
      functionCall,
      { type: 'function_call_output', call_id: 'call_1', output: '0.2 rain' },
    ];
    const reply = await respond({ instructions: '0.3 be brief', input });
    expect(reply.headers.get('x-pointsman-score')).toBe('0.9');
  });

  test("keeps a tool's turn where the conversation is, by its name or its opening", async () => {
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'rain' };
    for (const headers of [{ 'thread-id': 'codex-1' }, { 'session-id': 'codex-2' }, {}]) {
      const isNamed = Object.keys(headers).length > 0;
      const question = user(`0.9 is it raining? ${JSON.stringify(headers)}`);
      await respond({ instructions: isNamed ? 'first' : null, input: [question] }, headers);
      const input = [question, functionCall, output];
      const reply = await respond({ input }, headers);
      expect(reply.headers.get('x-pointsman-reason')).toBe('tool_turn');
      expect(reply.headers.get('x-pointsman-tier')).toBe('strong');
    }
  });

  test.each([
    [{}, 'input', /must be a string or a list/],
    [{ input: [] }, 'input', /at least one item/],
    [{ input: ['hi'] }, 'input[0]', /must be an object/],
    [{ input: [{ role: 'pirate', content: 'hi' }] }, 'input[0].role', /one of system/],
    [{ input: [user('hi'), user(7)] }, 'input[1].content', /a string or a list/],
    [{ input: 'hi', messages: [user('hi')] }, 'messages', /chat\/completions/],
    [{ input: 'hi', previous_response_id: 'resp_1' }, 'previous_response_id', /"store": false/],
    [{ input: 'hi', conversation: { id: 'conv_1' } }, 'conversation', /whole conversation/],
    [{ input: 'hi', background: true }, 'background', /whole conversation/],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt', /"input"/],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0]', /"store": false/],
    [{ input: 'hi', stream_options: {} }, 'stream_options', /"stream": true/],
    [{ input: 'hi', base_url: 'http://elsewhere' }, 'base_url', /not accepted/],
  ])('refuses %j and names the field', async (body, param, why) => {
    const reply = await respond(body);
    expect(reply.status).toBe(400);
    expect(reply.json['error']).toMatchObject({ type: 'invalid_request_error', param });
    expect((reply.json['error'] as { message: string }).message).toMatch(why);
    expect([...strong.requests, ...weak.requests]).toEqual([]);
  });

  test('takes null, false and a schema with any names for what they are', async () => {
    const schema = { type: 'object', properties: { base_url: { type: 'string' } } };
    const reply = await respond({
      ...{ input: '0.1 hi', previous_response_id: null, background: false },
      text: { format: { type: 'json_schema', name: 'x', schema } },
    });
    expect(reply.status).toBe(200);
  });

  test.each([
    ['Ollama before 0.13.3', 404, '404 page not found'],
    ['vLLM', 404, '{"detail":"Not Found"}'],
    ['LM Studio', 200, '{"error":"Unexpected endpoint or method. (POST /v1/responses)"}'],
  ])(
    'F10: %s without it is named, with what to do, and stays in service',
    async (_, status, said) => {
      const input = '0.9 prove it';
      for (const stream of [false, true, false, true]) {
        strong.enqueue(failure(status, said));
        weak.enqueue(failure(status, said));
        const reply = await respond({ input, stream });
        expect(reply.json['error']).toMatchObject({ code: 'upstream_endpoint_not_found' });
        expect(reply.text).toMatch(
          /has no \/responses for .* use \/v1\/chat\/completions\. Ollama/,
        );
      }
      expect((await respond({ input })).headers.get('x-pointsman-fallbacks')).toBe('0');
    },
  );

  test("an item that the upstream does not have is the request's fault, in its words", async () => {
    const error = { message: "Item with id 'rs_1' not found.", type: 'x', param: 'input' };
    strong.enqueue(failure(404, { error: { ...error, code: null } }));
    const reply = await respond({ input: '0.9 prove it' });
    expect(reply.status).toBe(400);
    expect(reply.json['error']).toMatchObject({ param: 'input' });
    expect(reply.text).toContain("Item with id 'rs_1' not found.");
  });

  test('a failure before the first word goes to the other model, as for a chat', async () => {
    const failed = { id: 'resp_1', error: { code: 'server_error', message: 'out of memory' } };
    strong.enqueue((res) =>
      sendStream(res, eventText({ type: 'response.failed', response: failed, sequence_number: 1 })),
    );
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(reply.text).toContain('"weak-model:7b"');
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ tier: 'strong', upstream_model: 'weak-model:7b' });
  });

  test('neither long beginnings nor keep-alives end the time for that', async () => {
    const response = { id: 'resp_1', instructions: 'x'.repeat(200 * 1024) };
    const begun = ['response.created', 'response.in_progress'].map((type) => ({ type, response }));
    const error = { code: 'server_error', message: 'out of memory' };
    const failed = { type: 'response.failed', response: { id: 'resp_1', error } };
    const added = [
      { type: 'response.output_item.added', item: { type: 'reasoning', summary: [] } },
      { type: 'response.reasoning_summary_part.added', part: { type: 'summary_text', text: '' } },
      { type: 'response.content_part.added', part: { type: 'output_text', text: '' } },
    ];
    const all = [...begun, { type: 'keepalive' }, ...added, failed];
    const events = all.map(eventText).join('');
    strong.enqueue((res) => sendStream(res, events));
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
  });

  const tooLong = { code: 'context_length_exceeded', message: 'Your input is too long.' };
  const isTooLong = { type: 'response.failed', response: { id: 'resp_1', error: tooLong } };

  test('a refusal within a stream is the refusal that its status would have been', async () => {
    const error = { code: 'invalid_prompt', message: 'No such prompt.' };
    const refused = { type: 'response.failed', response: { id: 'resp_1', error } };
    strong.enqueue((res) => sendStream(res, eventText(refused)));
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.status).toBe(400);
    expect(reply.json['error']).toMatchObject({ code: 'invalid_prompt' });
    expect([strong.requests.length, weak.requests.length]).toEqual([1, 0]);
  });

  test('what is too long for one model within a stream is asked of the other', async () => {
    strong.enqueue((res) => sendStream(res, eventText(isTooLong)));
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect([reply.status, reply.headers.get('x-pointsman-tier')]).toEqual([200, 'strong']);
    expect([strong.requests.length, weak.requests.length]).toEqual([1, 1]);
  });

  test('and keeps its code after the first words', async () => {
    strong.enqueue((res, { body }) => {
      const begun = responseEvents(body['model'], ['Hello']).slice(0, 4).join('');
      sendStream(res, begun + eventText(isTooLong));
    });
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.text).toContain('"code":"context_length_exceeded"');
  });

  test('thoughts that another provider has sealed stay behind when they are refused', async () => {
    const error = { message: 'The encrypted content could not be verified.', type: 'x' };
    strong.enqueue(failure(400, { error: { ...error, code: 'invalid_encrypted_content' } }));
    const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' };
    const input = [user('hi'), thought, message('Hello'), user('0.9 prove it')];
    const reply = await respond({ input });
    expect([reply.status, reply.headers.get('x-pointsman-attempts')]).toEqual([200, '2']);
    const [sent, again] = strong.requests.map(({ body }) => body['input']);
    expect(sent).toEqual(input);
    expect(again).toEqual(input.filter((item) => item !== thought));
  });

  test.each([
    ['failed', 'upstream_invalid_response'],
    ['in_progress', 'upstream_invalid_response'],
  ])('a whole answer that is %s is none', async (status, code) => {
    strong.enqueue(response([], { status }));
    const reply = await respond({ input: '0.9 prove it', disable_fallbacks: true, num_retries: 0 });
    expect(reply.json['error']).toMatchObject({ code });
  });

  test.each([
    ['breaks off', ''],
    [
      'fails',
      eventText({ type: 'response.failed', response: { error: { message: 'out of memory' } } }),
    ],
    ['reports an error', eventText({ type: 'error', message: 'out of memory', code: 'oom' })],
  ])('a stream that %s after its first words ends in an error event', async (_, end) => {
    strong.enqueue((res, { body }) => {
      const begun = responseEvents(body['model'], ['Hello', ' world']).slice(0, 4).join('');
      sendStream(res, begun + end);
    });
    const reply = await respond({ input: '0.9 prove it', stream: true });
    expect(reply.text).not.toContain('response.completed');
    const [last, failed] = reply.text.trimEnd().split('\n\n').slice(-2);
    const event = JSON.parse(last!.split('\ndata: ')[1]!) as Record<string, unknown>;
    expect(last!.startsWith('event: error\ndata: ')).toBe(true);
    expect(event).toMatchObject({ type: 'error', sequence_number: 4, error: { param: null } });
    const said = { status: 'failed', error: { code: event['code'], message: event['message'] } };
    expect(JSON.parse(failed!.split('\ndata: ')[1]!)).toMatchObject({
      ...{ type: 'response.failed', sequence_number: 5, response: said },
    });
    expect(event['code']).toBe(end === '' ? 'stream_truncated' : 'upstream_error');
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row['outcome']).toBe(end === '' ? 'truncated' : 'upstream_error');
  });
});

describe('what an answer shows by itself', () => {
  let upstream: ScriptedUpstream;
  let alone: TestGateway;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    alone = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
  });

  afterAll(async () => {
    await alone.close();
    await upstream.close();
  });

  const searched = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
  const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' };
  const wish = { text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } } };
  const refusal = { ...message(''), content: [{ type: 'refusal', refusal: 'No.' }] };
  const cut = (reason: string) => ({ status: 'incomplete', incomplete_details: { reason } });

  test.each<[string, Script, Record<string, unknown>, string, string[]]>([
    ['good', helloResponse, {}, 'stop', []],
    ['a call', response([functionCall]), {}, 'tool_calls', []],
    ['a search', response([searched, message('Hello')]), {}, 'stop', []],
    ['a search alone', response([searched]), {}, 'stop', ['empty_answer']],
    ['a refusal', response([refusal]), {}, 'stop', []],
    ['thoughts alone', response([sealed]), {}, 'stop', ['empty_answer']],
    ['cut', response([message('Hel')], cut('max_output_tokens')), {}, 'length', ['truncated_by_length']], // prettier-ignore
    ['a cut probe', response([], cut('max_output_tokens')), { max_output_tokens: 1 }, 'length', []],
    ['filtered', response([message('Hel')], cut('content_filter')), {}, 'content_filter', []],
    ['the wished JSON', response([message('{}')]), wish, 'stop', []],
    ['no JSON', response([message('Hello')]), wish, 'stop', ['schema_violation']],
    ['no JSON after a search', response([searched, message('Hello')]), wish, 'stop', ['schema_violation']], // prettier-ignore
    ['JSON after a comment', response([message('I will look.'), message('{}')]), wish, 'stop', []],
  ])('%s', async (_, script, rest, finish, kinds) => {
    upstream.enqueue(script);
    const body = { model: 'auto', input: '0.9 prove it', ...rest };
    const reply = await post(`${alone.url}/v1/responses`, body);
    const { decision_id: id, finish_reason } = await waitForDecision(alone.db, reply.headers);
    expect(finish_reason).toBe(finish);
    await vi.waitFor(async () => {
      const { json } = await get(`${alone.url}/v1/router/feedback/${String(id)}`);
      const signals = json['signals'] as { readonly kind: string }[];
      expect(signals.map(({ kind }) => kind)).toEqual(kinds);
    });
  });
});
