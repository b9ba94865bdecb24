import { expect, test } from 'vitest';
import { createRedactText, knownPatterns } from '../../../src/privacy/redact-text.ts';

const redactAll = createRedactText(knownPatterns);

test.each([
  ['write to jörg.müller+x@mail.example.co.uk now', 'write to [email] now'],
  ['key sk-proj-abcdefghijklmnop123456, ok', 'key [key], ok'],
  ['Authorization: Bearer abc.def-ghi_jkl~mno+pqr==', 'Authorization: [key]'],
  ['token eyJhbGciOi.eyJzdWIi.SflKxwRJ.', 'token [key].'],
  ['IBAN DE89 3704 0044 0532 0130 00.', 'IBAN [iban].'],
  ['pay with 4111 1111 1111 1111 today', 'pay with [card] today'],
  ['host 192.168.10.7 and fe80:0:0:1::1', 'host [ip] and [ip]'],
  ['call +49 30 123456-78 or (555) 123-4567', 'call [phone] or [phone]'],
  ['ruf 030/1234567 an', 'ruf [phone] an'],
])('%j is stored as %j', (text, stored) => {
  expect(redactAll(text)).toBe(stored);
});

test.each([
  'in 2024 we had 1 000 000 users, 3.14 each',
  'order 4111 1111 1111 1112 has no check digit',
  'version 1.2.3 of a@b at 12:30:45',
  'const skip = sk_ip ? a : b;',
  'sum 123456789 + 987654321',
])('%j stays', (text) => {
  expect(redactAll(text)).toBe(text);
});

test.each([
  ['two addresses that nothing but a sign parts', 'a@b.example%2Cc@d.example', '[email][email]'],
  ['a token behind a dash', 'my-eyJa.b.c and eyJ-eyJa.b.c', 'my-[key] and [key]'],
  ['a key in what only begins like a token', 'eyJ-sk-abcdefghijklmnop', 'eyJ-[key]'],
])('%s', (_name, text, stored) => {
  expect(redactAll(text)).toBe(stored);
});

/** Of a megabyte: an expression that reads on from every place in it takes minutes. */
test.each(['a', '.', 'eyJ-', '-eyJa', 'a@', 'a.', 'eyJa.', '1', '1 ', ':', '0-', 'sk-', 'Bearer '])(
  'a long text of %j is no work',
  (part) => {
    const text = part.repeat((1024 * 1024) / part.length);
    expect(redactAll(`${text} a@b.example`)).toMatch(/ \[email\]$/);
  },
);

test('a text that is too long for an expression is kept by none of its words', () => {
  expect(createRedactText(['key'])(`secret ${'sk-'.repeat(3_400_000)}`)).toBe('[key]');
});

test('an expression of the operator is applied everywhere, with its flags', () => {
  const redact = createRedactText(['/\\bacme-\\d+/i', 'email']);
  expect(redact('ACME-1, acme-22 and a@b.example')).toBe('[redacted], [redacted] and [email]');
});

test('nothing is taken out by default', () => {
  expect(createRedactText([])('a@b.example')).toBe('a@b.example');
});

test('a wrong pattern is refused', () => {
  expect(() => createRedactText(['/(/'])).toThrow(SyntaxError);
  expect(() => createRedactText(['emails'])).toThrow(/no pattern "emails"/);
});
