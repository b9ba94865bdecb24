import type { LoggedVector } from '../store/request-list-queries.ts';
import { vectorOfBlob } from '../store/vector-of-blob.ts';

/** Requests with one and the same vector: one prompt, asked again. */
export interface Neighbour {
  /** The newest first, at most `mostAlike` of them. */
  readonly decisionIds: readonly string[];
  /** Cosine, -1..1. */
  readonly similarity: number;
}

interface Found extends Neighbour {
  readonly decisionIds: string[];
  readonly vector: Buffer;
}

const mostAlike = 50;

/**
 * The logged vectors nearest to one by cosine, the nearest first; the request itself is left out and
 * equal vectors count as one.
 * @param others the newest first
 * @param wanted how many at most
 */
export function nearestVectors(
  own: { readonly decisionId: string; readonly vector: Buffer },
  others: Iterable<Pick<LoggedVector, 'decisionId' | 'vector'>>,
  wanted: number,
): { readonly neighbours: readonly Neighbour[]; readonly searched: number } {
  const mine = vectorOfBlob(own.vector);
  const length = Math.sqrt(dot(mine, mine));
  const best: Found[] = [];
  let searched = 0;
  for (const { decisionId, vector } of others) {
    if (decisionId === own.decisionId || vector.length !== own.vector.length) continue;
    searched++;
    const other = vectorOfBlob(vector);
    const norm = length * Math.sqrt(dot(other, other));
    const similarity = norm > 0 ? dot(mine, other) / norm : 0;
    if (best.length === wanted && similarity < best[wanted - 1]!.similarity) continue;
    const same = best.find((one) => one.similarity === similarity && one.vector.equals(vector));
    if (same !== undefined) {
      if (same.decisionIds.length < mostAlike) same.decisionIds.push(decisionId);
      continue;
    }
    const at = best.findIndex((one) => similarity > one.similarity);
    best.splice(at === -1 ? best.length : at, 0, { decisionIds: [decisionId], similarity, vector });
    if (best.length > wanted) best.pop();
  }
  return { neighbours: best, searched };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
