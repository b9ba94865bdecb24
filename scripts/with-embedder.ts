import { createEmbedder, parseEmbedderFlag } from '../src/embedding/create-embedder.ts';
import type { Embedder } from '../src/embedding/embedder.ts';

/** The flags that all scripts share which measure a router on the shared data. */
export const measuringFlags = {
  embedder: { type: 'string', default: 'local' },
  data: { type: 'string', default: '../shared/data' },
} as const;

/** Opens the embedder that `--embedder` names for as long as `run` takes. */
export async function withEmbedder(
  name: string,
  run: (embedder: Embedder) => Promise<void>,
): Promise<void> {
  const flag = parseEmbedderFlag(name);
  if (flag.kind === 'endpoint') throw new Error('--embedder endpoint is not measured here');
  const embedder = await createEmbedder(flag);
  try {
    await run(embedder);
  } finally {
    await embedder.close();
  }
}
