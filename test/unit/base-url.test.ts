import { expect, test } from 'vitest';
import { joinApiUrl, withoutCredentials } from '../../src/base-url.ts';

test.each([
  ['http://h:11434', 'http://h:11434/v1/chat/completions'],
  ['http://h:11434/', 'http://h:11434/v1/chat/completions'],
  ['http://h:11434/v1', 'http://h:11434/v1/chat/completions'],
  ['http://h:11434/v1/', 'http://h:11434/v1/chat/completions'],
  ['https://x/compatible-mode/v1', 'https://x/compatible-mode/v1/chat/completions'],
  ['https://x/openai/deployments/d', 'https://x/openai/deployments/d/chat/completions'],
  ['https://x/v1beta/openai/', 'https://x/v1beta/openai/chat/completions'],
  ['https://x/v1?api-version=1', 'https://x/v1/chat/completions?api-version=1'],
])('AT-01, AT-02: %s', (base, url) => {
  expect(joinApiUrl(base, 'chat/completions')).toBe(url);
});

test('AT-04: a URL is shown without credentials and query', () => {
  expect(withoutCredentials('https://user:secret@h:1/v1/x?key=secret#f')).toBe('https://h:1/v1/x');
});
