import { describe, expect, it } from 'vitest';
import { findOllamaPair } from '../../../src/upstream/ollama.ts';
import { startJsonServer } from '../../support/json-server.ts';

function model(name: string, parameterSize: string | null, rest: object = {}) {
  return {
    name,
    size: 1,
    digest: `sha-${name}`,
    details: { family: 'llama', parameter_size: parameterSize },
    ...rest,
  };
}

async function pairOf(models: object[]) {
  const { url } = await startJsonServer({ '/api/tags': { models } });
  return findOllamaPair(url);
}

describe('findOllamaPair', () => {
  it('takes the largest as strong and the smallest as weak, by parameters', async () => {
    const pair = await pairOf([
      model('phi3:mini', '3.8B'),
      model('llama3:70b', '70.6B'),
      model('smollm:135m', '134.52M'),
      model('qwen2:7b', '7.6B'),
    ]);
    expect(pair).toEqual({ strong: 'llama3:70b', weak: 'smollm:135m' });
  });

  it('goes by bytes where the parameters are not told', async () => {
    const pair = await pairOf([
      { name: 'small', size: 2e9 },
      { name: 'big', size: 40e9, details: null },
    ]);
    expect(pair).toEqual({ strong: 'big', weak: 'small' });
  });

  it('leaves out models that only embed', async () => {
    const bert = {
      details: { family: 'nomic-bert', families: ['nomic-bert'], parameter_size: '137M' },
    };
    const pair = await pairOf([
      model('llama3:8b', '8B'),
      model('nomic:latest', null, bert),
      model('mxbai-embed-large', '334M'),
      model('llama3:70b', '70B'),
    ]);
    expect(pair).toEqual({ strong: 'llama3:70b', weak: 'llama3:8b' });
  });

  it.each([
    ['one model', [model('llama3', '8B')]],
    [
      'two names of the same weights',
      [model('llama3', '8B', { digest: 'd' }), model('llama3:8b', '8B', { digest: 'd' })],
    ],
    ['no model', []],
  ])('finds no pair in %s', async (_, models) => {
    expect(await pairOf(models)).toBeNull();
  });

  it.each([[404], ['<html>'], [{ models: [{ id: 1 }] }], ['hang']])(
    'finds none where %j answers',
    async (reply) => {
      const { url } = await startJsonServer({ '/api/tags': reply });
      expect(await findOllamaPair(url, 100)).toBeNull();
    },
  );

  it('finds none where nobody listens', async () => {
    expect(await findOllamaPair('http://127.0.0.1:1')).toBeNull();
  });
});
