import { expect, it } from 'vitest';
import { createEmbedder, parseEmbedderFlag } from '../../../src/embedding/create-embedder.ts';
import { ConfigError } from '../../../src/errors.ts';
import { Secret } from '../../../src/secret.ts';
import { startJsonServer } from '../../support/json-server.ts';

it('reads the three kinds of --embedder', () => {
  expect(parseEmbedderFlag('local')).toEqual({ kind: 'local' });
  expect(parseEmbedderFlag('endpoint')).toEqual({ kind: 'endpoint' });
  expect(parseEmbedderFlag('hub:Xenova/all-MiniLM-L6-v2')).toEqual({
    kind: 'hub',
    model: 'Xenova/all-MiniLM-L6-v2',
  });
  expect(parseEmbedderFlag('hub:./folder')).toEqual({ kind: 'hub', model: './folder' });
});

it.each(['', 'Local', 'hub', 'hub:', 'hub: ', 'openai'])(
  'refuses "%s" with the choices',
  (flag) => {
    expect(() => parseEmbedderFlag(flag)).toThrow(ConfigError);
    expect(() => parseEmbedderFlag(flag)).toThrow(/local.*hub:NAME.*endpoint/);
  },
);

it('opens the shipped encoder and says so', async () => {
  const lines: string[] = [];
  const embedder = await createEmbedder({ kind: 'local' }, (line) => lines.push(line));
  expect(embedder.id).toBe('minilm-384-v1');
  expect(lines.join()).toMatch(/embedder minilm-384-v1 with 384 dimensions ready after \d+ ms/);
  await embedder.close();
});

it('knows the flags that open it again', async () => {
  expect((await createEmbedder({ kind: 'fast' })).flags).toBe('--embedder fast');
  const { url } = await startJsonServer({
    '/v1/embeddings': { data: [{ index: 0, embedding: [1, 0] }] },
  });
  const endpoint = await createEmbedder({
    kind: 'endpoint',
    baseUrl: `${url}/v1`,
    model: 'my model',
    apiKey: new Secret('k'),
    timeoutMs: 5000,
  });
  expect(endpoint.flags).toBe(
    `--embedder endpoint --embedding-base-url ${url}/v1 --embedding-model 'my model' ` +
      '--embedding-api-key-env NAME',
  );
  await endpoint.close();
});
