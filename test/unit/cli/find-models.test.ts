import { describe, expect, it } from 'vitest';
import { findModels } from '../../../src/cli/find-models.ts';
import { startJsonServer } from '../../support/json-server.ts';

describe('findModels', () => {
  it('takes the pair of a local Ollama', async () => {
    const models = ['8B', '70B'].map((size) => ({
      name: `llama3:${size}`,
      details: { parameter_size: size },
    }));
    const { url } = await startJsonServer({ '/api/tags': { models } });
    const found = await findModels(url);
    expect(found).toMatchObject({
      models: {
        strong: { model: 'ollama/llama3:70B', base_url: url, wire: 'ollama' },
        weak: { model: 'ollama/llama3:8B' },
        demo: false,
      },
      demo: null,
    });
    expect(found.notice).toMatch(/llama3:70B as strong, llama3:8B as weak/);
  });

  it('simulates two models where there is none, and says so in one line', async () => {
    const { models, notice, demo } = await findModels('http://127.0.0.1:1');
    expect(models).toMatchObject({
      strong: { model: 'demo-strong', base_url: demo?.baseUrl, profile: 'llama-3-70b-instruct' },
      weak: { model: 'demo-weak', profile: 'llama-3-8b-instruct' },
      demo: true,
    });
    expect(notice).toBe(
      'No Ollama with two chat models at http://127.0.0.1:1: answering with two simulated models ' +
        '(demo-strong, demo-weak). Name real ones: npm start -- --strong-model ... --weak-model ...',
    );
    await demo?.close();
  });
});
