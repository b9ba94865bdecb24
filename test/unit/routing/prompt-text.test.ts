import { expect, test } from 'vitest';
import { promptText } from '../../../src/routing/prompt-text.ts';

test('the last user text is scored, not the last message', () => {
  const messages = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'prove it' },
    { role: 'assistant', content: null, tool_calls: [] },
    { role: 'tool', content: '{"result": 3}' },
  ];
  expect(promptText(messages)).toBe('prove it');
});

test('text parts are joined, images left out', () => {
  const content = [
    { type: 'text', text: 'What is' },
    { type: 'image_url', image_url: { url: 'data:...' } },
    { type: 'text', text: 'this?' },
  ];
  expect(promptText([{ role: 'user', content }])).toBe('What is\nthis?');
});

test('a user message without text falls back to the one before', () => {
  const image = [{ type: 'image_url', image_url: { url: 'data:...' } }];
  const messages = [
    { role: 'user', content: 'describe it' },
    { role: 'user', content: image },
  ];
  expect(promptText(messages)).toBe('describe it');
  expect(promptText([{ role: 'user', content: image }])).toBeNull();
});

test('thinking is not scored, closed or not', () => {
  expect(promptText([{ role: 'user', content: '<think>hm</think>hello' }])).toBe('hello');
  expect(promptText([{ role: 'user', content: 'hello <think>hm' }])).toBe('hello');
});

test('a lone system text is better than nothing; oddities are not text', () => {
  expect(promptText([{ role: 'system', content: 'translate' }])).toBe('translate');
  expect(promptText([null, 3, 'x', { role: 'user', content: 3 }, { role: 'user' }])).toBeNull();
});
