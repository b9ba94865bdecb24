import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createKeyedHash } from '../../../src/routing/keyed-hash.ts';

it('names a text by one hash, that another key does not give, nor the text alone', () => {
  const [mine, other] = [createKeyedHash(), createKeyedHash()];
  expect(mine('a text')).toMatch(/^[0-9a-f]{64}$/);
  expect(mine('a text')).toBe(mine('a text'));
  expect(mine('a text')).not.toBe(mine('a text '));
  expect(mine('a text')).not.toBe(other('a text'));
  expect(mine('a text')).not.toBe(createHash('sha256').update('a text').digest('hex'));
});
