import { sendStream, type Script } from './scripted-upstream.ts';

const usage = {
  ...{ input_tokens: 11, input_tokens_details: { cached_tokens: 3 } },
  ...{ output_tokens: 7, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 18 },
};

type Item = Record<string, unknown>;

export function message(text: string): Item {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content };
}

export const functionCall: Item = {
  ...{ id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1' },
  ...{ name: 'weather', arguments: '{"city":"Köln"}' },
};

function responseOf(model: unknown, output: readonly Item[], rest: Item = {}): Item {
  return {
    ...{ id: 'resp_1', object: 'response', created_at: 1_700_000_000, status: 'completed' },
    ...{ error: null, incomplete_details: null, instructions: null, metadata: {}, model, output },
    ...{ parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1 },
    usage,
    ...rest,
  };
}

/** A whole answer of the Responses API. */
export function response(output: readonly Item[], rest: Item = {}): Script {
  return (res, { body }) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(responseOf(body['model'], output, rest)));
  };
}

/** An answer's events as text: the words of a message, and its end. */
export function responseEvents(model: unknown, words: readonly string[]): string[] {
  const whole = message(words.join(''));
  const [item, part] = [{ item_id: 'msg_1', output_index: 0 }, { content_index: 0 }];
  const events: Item[] = [
    {
      type: 'response.created',
      response: responseOf(model, [], { status: 'in_progress', usage: null }),
    },
    {
      ...{ type: 'response.output_item.added', output_index: 0 },
      item: { ...whole, status: 'in_progress', content: [] },
    },
    {
      ...{ type: 'response.content_part.added', ...item, ...part },
      part: { type: 'output_text', text: '', annotations: [] },
    },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...item, ...part, delta })),
    { type: 'response.output_text.done', ...item, ...part, text: words.join('') },
    { type: 'response.output_item.done', output_index: 0, item: whole },
    { type: 'response.completed', response: responseOf(model, [whole]) },
  ];
  return events.map((event, sequence_number) => eventText({ ...event, sequence_number }));
}

export function eventText(event: Item): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** "Hello world", whole or as a stream. */
export const helloResponse: Script = (res, seen) => {
  if (seen.body['stream'] !== true) return response([message('Hello world')])(res, seen);
  sendStream(res, responseEvents(seen.body['model'], ['Hello', ' world']).join(''));
};
