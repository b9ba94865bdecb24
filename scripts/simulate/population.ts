import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedder } from '../../src/embedding/create-embedder.ts';
import { comparedRows } from '../../src/evaluation/compared-rows.ts';
import { keepEmbeddings } from '../../src/evaluation/kept-embeddings.ts';
import { createRouters } from '../../src/routing/create-router.ts';
import { readOutcomes } from '../../src/training/outcomes.ts';

/** A prompt whose outcome by both models is known. */
export interface KnownPrompt {
  readonly id: string;
  readonly prompt: string;
  readonly source: string;
  /** Source and, where the data tells one, category. */
  readonly topic: string;
  /** Whether the shipped router has not been trained on it. */
  readonly isUnseen: boolean;
  /** The same question has the same key in every source. */
  readonly key: string;
  /** Quality of either answer, 0..1. */
  readonly strong: number;
  readonly weak: number;
  /** Win rate by the shipped router. */
  readonly score: number;
  readonly embedding: Float32Array;
}

export interface Population {
  readonly strong: string;
  readonly weak: string;
  readonly router: { readonly version: string; readonly defaultThreshold: number };
  readonly embedderId: string;
  readonly prompts: readonly KnownPrompt[];
}

export interface PopulationOptions {
  readonly data: string;
  readonly strong: string;
  readonly weak: string;
  /** Models that the router takes the two for; default: themselves. */
  readonly standIns?: readonly [strong: string, weak: string];
  readonly onProgress: (done: number, of: number) => void;
}

/** Null when the data is not there. Scores are made as the server makes them. */
export async function readPopulation(options: PopulationOptions): Promise<Population | null> {
  const { data, strong, weak, standIns = [strong, weak], onProgress } = options;
  if (!existsSync(join(data, 'outcomes', 'dev'))) return null;
  const rows = (['train', 'dev'] as const).flatMap((split) => {
    const { rows: outcomes } = readOutcomes(join(data, 'outcomes', split));
    const isUnseen = split === 'dev';
    return comparedRows(outcomes, strong, weak).map((row) => ({ ...row, isUnseen }));
  });
  const texts = rows.map(({ prompt }) => prompt);
  const plain = await createEmbedder({ kind: 'local' });
  try {
    const embedder = await keepEmbeddings(plain, texts, (done) => onProgress(done, texts.length));
    const { routers } = createRouters(['mf'], {
      ...{ embedder, strongName: standIns[0], weakName: standIns[1] },
      ...{ strongProfile: null, weakProfile: null, weightsFile: null },
    });
    const router = routers.get('mf')!;
    const prompts: KnownPrompt[] = [];
    for (const [i, { source, topic, key, isUnseen, prompt, ...qualities }] of rows.entries()) {
      const { winRate, embedding } = await router.score(prompt);
      prompts.push({
        ...{ id: String(i), source, topic, key, isUnseen, prompt },
        ...{ strong: qualities.strong, weak: qualities.weak },
        ...{ score: winRate, embedding: embedding! },
      });
    }
    return {
      ...{ strong, weak, prompts },
      router: { version: router.version, defaultThreshold: router.defaultThreshold },
      embedderId: embedder.id,
    };
  } finally {
    await plain.close();
  }
}
