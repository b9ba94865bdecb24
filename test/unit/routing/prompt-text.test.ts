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

test('thinking is not scored; a mark that nothing closes is text', () => {
  const scored = (content: string) => promptText([{ role: 'user', content }]);
  expect(scored('<think>hm</think>hello')).toBe('hello');
  expect(scored('<think>a</think>one <think>b</think>two ')).toBe('one two');
  expect(scored('What is <think> good for?')).toBe('What is <think> good for?');
  expect(scored('<think>a</think>What is <think>?')).toBe('What is <think>?');
});

test('a lone system text is better than nothing; oddities are not text', () => {
  expect(promptText([{ role: 'system', content: 'translate' }])).toBe('translate');
  expect(promptText([null, 3, 'x', { role: 'user', content: 3 }, { role: 'user' }])).toBeNull();
});

const user = (content: unknown) => ({ role: 'user', content });

test('a single turn is scored as it is, however short', () => {
  expect(promptText([{ role: 'system', content: 'be brief' }, user('commit it')])).toBe(
    'commit it',
  );
});

test('what coding agents add to the user text is not scored', () => {
  const scored = (content: unknown) => promptText([user(content)]);
  const cline = '<task>Rename it</task>\n<environment_details>\nopen: a.ts\n</environment_details>';
  expect(scored(cline)).toBe('<task>Rename it</task>');
  const codex = [
    '# AGENTS.md instructions for /srv\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>',
    '<environment_context>\n  <cwd>/srv</cwd>\n</environment_context>',
  ].map((text) => ({ type: 'input_text', text }));
  expect(promptText([user(codex), user('Fix the tests')])).toBe('Fix the tests');
  expect(scored('<system-reminder>Be brief.</system-reminder>\nWhy?')).toBe('Why?');
  const notice = user('<subagent_notification>\n{"status":"done"}\n</subagent_notification>');
  expect(promptText([user('Fix the tests'), notice])).toBe('Fix the tests');
  expect(scored('What is <environment_context>?')).toBe('What is <environment_context>?');
});

test('in front of a short text stands what the user said before, in its order', () => {
  const messages = [
    { role: 'system', content: 'be brief' },
    user('prove that it holds for all n'),
    { role: 'assistant', content: 'Shall I use induction?' },
    user('yes'),
    { role: 'assistant', content: 'Done.' },
    user('commit it'),
  ];
  expect(promptText(messages)).toBe('prove that it holds for all n\n\nyes\n\ncommit it');
});

test('a text of 60 characters or more stands alone', () => {
  const [short, long] = ['x'.repeat(59), 'x'.repeat(60)];
  expect(promptText([user('before'), user(short)])).toBe(`before\n\n${short}`);
  expect(promptText([user('before'), user(long)])).toBe(long);
});

test('no more than 500 characters stand in front, of a long text its beginning', () => {
  const long = `begin ${'x'.repeat(1000)}`;
  expect(promptText([user('first'), user(long), user('go on')])).toBe(
    `${long.slice(0, 500)}\n\ngo on`,
  );
  expect(promptText([user(long), user('y'.repeat(400)), user('go on')])).toBe(
    `${long.slice(0, 100)}\n\n${'y'.repeat(400)}\n\ngo on`,
  );
});
