import type { Embedder } from '../embedding/embedder.ts';

/** How to get router weights for an embedder, as commands to copy. */
export function trainAdvice({ id, flags }: Pick<Embedder, 'id' | 'flags'>): string {
  const out = `mf-${id.replace(/^hub:/, '').replace(/[^\w.-]+/g, '-')}.safetensors`;
  const embedder = flags ?? `--embedder ${id}`;
  return (
    `train a head for yours with \`npm run train -- --data OUTCOMES ${embedder} --out ${out}\` ` +
    `and start with \`--weights ${out}\` (weights in the file)`
  );
}
