import { describe, expect, it } from 'vitest';
import { createEmbedder, parseEmbedderFlag } from '../../../src/embedding/create-embedder.ts';

describe('--embedder fast', () => {
  it('is ready at once and gives no vector', async () => {
    const flag = parseEmbedderFlag('fast');
    expect(flag).toEqual({ kind: 'fast' });
    const embedder = await createEmbedder({ kind: 'fast' });
    expect([embedder.id, embedder.dimensions]).toEqual(['fast', 0]);
    const [embedding] = await embedder.embed(['hello']);
    expect(embedding).toEqual({ vector: new Float32Array(0), tokens: null, unknownShare: null });
    await embedder.close();
  });
});
