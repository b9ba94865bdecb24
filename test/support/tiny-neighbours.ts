import { normal, seededRandom } from '../../src/math/random.ts';
import {
  parseNeighbours,
  writeNeighbours,
  type LoadedNeighbours,
  type Neighbours,
} from '../../src/routing/neighbours.ts';

/** Of one outcome per (prompt, model): better models, and prompts to the left, score higher. */
export function tinyNeighbours(
  options: { models?: string[]; prompts?: number; dimensions?: number; seed?: number } = {},
): Neighbours {
  const { models = ['big', 'middle', 'small'], prompts = 240, dimensions = 4, seed = 1 } = options;
  const random = seededRandom(seed);
  const vectors = Float32Array.from({ length: prompts * dimensions }, () => normal(random));
  const scores = Float32Array.from({ length: prompts * models.length }, (_, i) => {
    const model = i % models.length;
    const ease = 0.2 * vectors[Math.floor(i / models.length) * dimensions]!;
    return random() < 0.85 - (0.6 * model) / models.length + ease ? 1 : 0;
  });
  return {
    metadata: {
      formatVersion: 1,
      embedder: { id: `fake-${dimensions}`, dimensions },
      models,
      ids: Array.from({ length: prompts }, (_, i) => `s/${i}`),
      traffic: 20,
      outcomes: scores.length,
      dataSha256: 'none',
      licences: [],
    },
    vectors,
    starts: Uint32Array.from({ length: prompts + 1 }, (_, i) => i * models.length),
    models: Uint8Array.from(scores, (_, i) => i % models.length),
    scores,
    traffic: Float32Array.from({ length: 20 * dimensions }, () => normal(random)),
  };
}

/** The same as it is read back from its file. */
export function loadedNeighbours(neighbours: Neighbours = tinyNeighbours()): LoadedNeighbours {
  const file = 'tiny.safetensors';
  return { ...parseNeighbours(writeNeighbours(neighbours), file), file, hash: '0123456789ab' };
}
