import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/secret.ts';
import { checkUpstreamModels } from '../../../src/upstream/check-upstream-models.ts';
import type { Deployment } from '../../../src/upstream/deployment.ts';
import { deployment } from '../../support/deployment.ts';
import { startJsonServer } from '../../support/json-server.ts';

function weakModel(baseUrl: string, model: string, rest: Partial<Deployment> = {}): Deployment {
  return deployment({ id: 'weak', group: 'weak', name: model, model, baseUrl, ...rest });
}

const list = (...ids: string[]) => ({
  '/v1/models': { object: 'list', data: ids.map((id) => ({ id })) },
});

describe('checkUpstreamModels', () => {
  it('says nothing when every model is listed, with or without the tag latest', async () => {
    const { url } = await startJsonServer(list('llama3:latest', 'qwen2:7b'));
    const models = ['llama3', 'llama3:latest', 'qwen2:7b'].map((name) => weakModel(url, name));
    expect(await checkUpstreamModels(models)).toEqual([]);
  });

  it('AT-10: names a missing model and the near names', async () => {
    const { url } = await startJsonServer(list('llama3:8b', 'llama3:70b-instruct', 'qwen2:7b'));
    const [warning] = await checkUpstreamModels([weakModel(url, 'llama3:7b', { wire: 'ollama' })]);
    expect(warning).toMatch(
      /^the weak model "llama3:7b" is not among the 3 models at http:.*\(ollama pull llama3:7b\)/,
    );
    expect(warning).toMatch(/near names: llama3:8b, llama3:70b-instruct$/);
  });

  it('lists what the upstream has, up to five, where no name is near', async () => {
    const few = await startJsonServer(list('qwen2:7b', 'phi3'));
    const [two] = await checkUpstreamModels([weakModel(few.url, 'some-other-thing')]);
    expect(two).toMatch(/2 models at http:\S+; it has qwen2:7b, phi3$/);
    const many = await startJsonServer(list('a1', 'b2', 'c3', 'd4', 'e5', 'f6'));
    const [six] = await checkUpstreamModels([weakModel(many.url, 'some-other-thing')]);
    expect(six).toMatch(/; it has a1, b2, c3, d4, e5, …$/);
    const none = await startJsonServer(list());
    const [nothing] = await checkUpstreamModels([weakModel(none.url, 'some-other-thing')]);
    expect(nothing).toMatch(/0 models at http:\S+$/);
  });

  it('sends the key when there is one, and shows it to nobody', async () => {
    const server = await startJsonServer(list('a'));
    const keyed = weakModel(server.url, 'b', { apiKey: new Secret('canary') });
    const warnings = await checkUpstreamModels([keyed, weakModel(server.url, 'a')]);
    const sent = server.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(expect.arrayContaining(['Bearer canary', undefined]));
    expect(warnings.join()).not.toMatch(/canary/);
  });

  it.each([
    [401, /answered 401/],
    ['<html>', /no JSON/],
    [{ models: [] }, /no model list/],
    ['hang', /no answer in 200 ms/],
  ])('only warns when the upstream answers %j', async (reply, expected) => {
    const { url } = await startJsonServer({ '/v1/models': reply });
    const both = [weakModel(url, 'a'), weakModel(url, 'b', { id: 'strong' })];
    expect(await checkUpstreamModels(both, 200)).toEqual([expect.stringMatching(expected)]);
  });

  it('only warns when nobody listens, without credentials of the URL', async () => {
    const [warning] = await checkUpstreamModels([weakModel('http://user:canary@127.0.0.1:1', 'a')]);
    expect(warning).toBe(
      'could not check the model names at http://127.0.0.1:1/: it cannot be reached (ECONNREFUSED)',
    );
  });
});
