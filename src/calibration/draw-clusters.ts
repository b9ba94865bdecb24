import type { Random } from '../math/random.ts';

/**
 * The bootstrap of clusters: rows of one name are drawn together, since ten turns of a conversation
 * say less than ten conversations. Rows without a name are drawn for themselves.
 * Each call writes how often each row was drawn.
 */
export function createClusterDraw(
  names: readonly (string | null | undefined)[],
  random: Random,
): (counts: Uint16Array) => void {
  const clusterOf = new Map<string, number>();
  const clusters = new Uint32Array(names.length);
  let next = 0;
  for (const [i, name] of names.entries()) {
    const known = name == null ? undefined : clusterOf.get(name);
    clusters[i] = known ?? next++;
    if (name != null && known === undefined) clusterOf.set(name, next - 1);
  }
  const drawn = new Uint16Array(next);
  return (counts) => {
    drawn.fill(0);
    for (let i = 0; i < next; i++) drawn[Math.floor(random() * next)]!++;
    for (let i = 0; i < counts.length; i++) counts[i] = drawn[clusters[i]!]!;
  };
}
