import { ConfigError } from '../errors.ts';
import type { LoadedNeighbours } from './neighbours.ts';

export const rebuildHint =
  'leave the routers sw_ranking and knn out of --routers (routers in the file)';

/** What is known of two models on the prompts that both answered. More such sets may be joined. */
export interface PairOutcomes {
  readonly ids: readonly string[];
  /** Unit vectors [prompts x dimensions]. */
  readonly vectors: Float32Array;
  /** Score 0..1 of either answer. */
  readonly strong: Float32Array;
  readonly weak: Float32Array;
}

/** Row of a model id. @throws ConfigError */
export function modelOf({ file, metadata }: LoadedNeighbours, id: string): number {
  const row = metadata.models.indexOf(id);
  if (row >= 0) return row;
  throw new ConfigError(
    `the known prompts ${file} hold no outcome of ${id}; name ` +
      'another model by --strong-profile or --weak-profile (strong.profile, weak.profile in the ' +
      'file; `pointsman models` lists them)',
  );
}

/** The known prompts that both models answered. */
export function pairOutcomes(
  neighbours: LoadedNeighbours,
  strongId: string,
  weakId: string,
): PairOutcomes {
  const { metadata, vectors, starts, models, scores } = neighbours;
  const { dimensions } = metadata.embedder;
  const strong = modelOf(neighbours, strongId);
  const weak = modelOf(neighbours, weakId);
  const scoreOf = (prompt: number, model: number): number | null => {
    for (let o = starts[prompt]!; o < starts[prompt + 1]!; o++) {
      if (models[o] === model) return scores[o]!;
    }
    return null;
  };
  const found = metadata.ids.flatMap((id, prompt) => {
    const s = scoreOf(prompt, strong);
    const w = scoreOf(prompt, weak);
    return s === null || w === null ? [] : [{ id, prompt, s, w }];
  });
  const kept = new Float32Array(found.length * dimensions);
  for (const [i, { prompt }] of found.entries()) {
    kept.set(vectors.subarray(prompt * dimensions, (prompt + 1) * dimensions), i * dimensions);
  }
  return {
    ids: found.map(({ id }) => id),
    vectors: kept,
    strong: Float32Array.from(found, ({ s }) => s),
    weak: Float32Array.from(found, ({ w }) => w),
  };
}
