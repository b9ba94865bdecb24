import { expect, test } from 'vitest';
import { judgeMessages, requestText } from '../../../src/judging/judge-prompt.ts';

test('the judge reads the request and both answers, each within its marks', () => {
  const [system, user] = judgeMessages('What is 2+2?', 'It is 4.', ' ');
  expect(system?.content).toMatch(/\[\[A\]\].*\[\[B\]\].*\[\[C\]\]/s);
  expect(user?.content).toBe(
    '=== request begins ===\nWhat is 2+2?\n=== request ends ===\n\n' +
      '=== answer A begins ===\nIt is 4.\n=== answer A ends ===\n\n' +
      '=== answer B begins ===\n(this answer is empty)\n=== answer B ends ===',
  );
});

test('what is very long is shown with its beginning and its end', () => {
  const long = `first ${'x'.repeat(1_000_000)} last`;
  const [, user] = judgeMessages(long, long, 'short');
  expect(user!.content.length).toBeLessThan(45_000);
  expect(user!.content.match(/first x/g)).toHaveLength(2);
  expect(user!.content.match(/x last\n/g)).toHaveLength(2);
  expect(user!.content).toContain('(… 976011 characters left out …)');
});

test('one message is shown as it is, a conversation with its roles and tool calls', () => {
  expect(requestText([{ role: 'user', content: 'Hi' }])).toBe('Hi');
  const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
  const conversation = [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
    { role: 'assistant', content: null, tool_calls: [call] },
  ];
  expect(requestText(conversation)).toBe(
    `system:\nBe short.\n\nuser:\nWeather?\n\nassistant:\n\n(calls ${JSON.stringify([call])})`,
  );
});

test('what text cannot show is not shown', () => {
  const image = { type: 'image_url', image_url: { url: 'data:…' } };
  expect(
    requestText([{ role: 'user', content: [{ type: 'text', text: 'See' }, image] }]),
  ).toBeNull();
});
