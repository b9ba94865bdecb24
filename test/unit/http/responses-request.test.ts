import { describe, expect, test } from 'vitest';
import { parseJsonObject } from '../../../src/http/json-text.ts';
import { parseResponsesRequest } from '../../../src/http/responses-request.ts';
import { messageFacts, textsOf } from '../../../src/routing/message-facts.ts';

function parsed(input: unknown, rest: Record<string, unknown> = {}) {
  const body = { model: 'auto', input, ...rest };
  return parseResponsesRequest(parseJsonObject(JSON.stringify(body), 100));
}

const facts = (input: unknown) => messageFacts(parsed(input).messages ?? []);
const question = { role: 'user', content: 'What is in the picture?' };
const bytes = 'A'.repeat(40_000);

describe('items of a response as messages', () => {
  test('the instructions begin the conversation', () => {
    expect(parsed('Hello', { instructions: 'Be brief.' }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
    ]);
  });

  test.each([
    ['function_call_output', true],
    ['custom_tool_call_output', true],
    ['computer_call_output', true],
    ['mcp_approval_response', true],
    ['function_call', false],
    ['reasoning', false],
    ['compaction_trigger', false],
  ])('%s is the turn of a tool: %s', (type, isToolTurn) => {
    expect(facts([question, { type, output: 'x' }])).toMatchObject({ isToolTurn });
  });

  test('the model alone answers a first question, and what it called is its turn', () => {
    expect(facts([question]).turns).toBe(1);
    expect(facts([question, { type: 'function_call', name: 'f' }]).turns).toBe(2);
  });

  const url = `data:image/png;base64,${bytes}`;
  test.each<[string, unknown]>([
    ['a part', { role: 'user', content: [{ type: 'input_image', image_url: url }] }],
    ['a screenshot', { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: url } }], // prettier-ignore
    ["a tool's output", { type: 'function_call_output', output: [{ type: 'input_image', image_url: url }] }], // prettier-ignore
    ['an image that was made', { type: 'image_generation_call', result: bytes }],
  ])('a picture is counted, and its bytes are not: %s', (_, item) => {
    expect(facts([question, item]).images).toBe(1);
    expect(parsed([question, item]).promptChars).toBeLessThan(5000);
    const texts = textsOf(parsed([question, item]).messages ?? []);
    expect(texts.every((text) => text.length < 100)).toBe(true);
  });

  test('nor are those of a file', () => {
    const file = { type: 'input_file', filename: 'a.pdf', file_data: url };
    expect(parsed([{ role: 'user', content: [file] }]).promptChars).toBeLessThan(1000);
  });

  test('rules see what tools and the model said, but no format words and no sealed thoughts', () => {
    const input = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      { type: 'reasoning', encrypted_content: 'sealed', summary: [{ type: 'summary_text', text: 'hm' }] }, // prettier-ignore
      { type: 'function_call_output', call_id: 'c1', output: 'secret' },
    ];
    expect(textsOf(parsed(input).messages ?? []).filter((text) => text !== '')).toEqual([
      ...['Hello', 'secret', 'hm', 'c1'],
    ]);
  });

  test('a reference may come without its type', () => {
    expect(() => parsed([question, { id: 'msg_1' }])).toThrow(/"input\[1\]" refers to/);
  });
});
