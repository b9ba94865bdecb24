import { expect, it } from 'vitest';
import { hashOfKey, KeySet } from '../../../src/access/key-set.ts';
import { writeBanner } from '../../../src/cli/banner.ts';
import { testConfig } from '../../support/start-gateway.ts';

const config = testConfig('http://127.0.0.1:1', 'http://127.0.0.1:1', 'log.db');
const curls = (clientKeys: readonly string[]) =>
  writeBanner({
    ...{ version: '1.0.0', url: 'http://127.0.0.1:6060', notes: [] },
    config: { ...config, access: { ...config.access, clientKeys: new KeySet(clientKeys) } },
    threshold: { threshold: 0.5, origin: 'default' },
  })
    .split('\n')
    .slice(-4, -1);

it('sends a key along in the lines to try where one is asked for', () => {
  const [title, ...lines] = curls([hashOfKey('a-client-key')]);
  expect(title).toBe('Try it, with a client key in KEY:');
  for (const line of lines) expect(line).toContain('-H "authorization: Bearer $KEY"');
});

it('sends none where none is asked for', () => {
  const [title, ...lines] = curls([]);
  expect(title).toBe('Try it:');
  for (const line of lines) expect(line).not.toMatch(/authorization/i);
});
