import type { Deployment } from '../upstream/deployment.ts';
import type { RoutingStrategy } from './group.ts';

/** A deployment that may be called now, and how many calls it has running. */
export interface Candidate {
  readonly deployment: Deployment;
  readonly inFlight: number;
}

/**
 * One of the candidates: only the lowest `order` among them counts; then the strategy decides.
 * Null when there is none.
 *
 * @param random uniform in [0, 1)
 */
export function pickDeployment<T extends Candidate>(
  candidates: readonly T[],
  strategy: RoutingStrategy,
  random: () => number,
): T | null {
  if (candidates.length === 1) return candidates[0] ?? null; // the usual group
  const lowest = Math.min(...candidates.map(orderOf));
  const first = candidates.filter((candidate) => orderOf(candidate) === lowest);
  if (strategy === 'simple-shuffle') return weightedPick(first, random);
  const fewest = Math.min(...first.map(({ inFlight }) => inFlight));
  const idle = first.filter(({ inFlight }) => inFlight === fewest);
  return idle[Math.floor(random() * idle.length)] ?? null;
}

/** Without an `order` a deployment comes after those that have one. */
function orderOf({ deployment }: Candidate): number {
  return deployment.order ?? Number.MAX_SAFE_INTEGER;
}

/** By `weight` if any has one (missing: 1), else by `rpm` if all have it, else by `tpm`, else evenly. */
function weightedPick<T extends Candidate>(
  candidates: readonly T[],
  random: () => number,
): T | null {
  const weights = weightsOf(candidates.map(({ deployment }) => deployment));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return candidates[Math.floor(random() * candidates.length)] ?? null;
  let left = random() * total;
  for (const [index, candidate] of candidates.entries()) {
    left -= weights[index] ?? 0;
    if (left < 0) return candidate;
  }
  return candidates.at(-1) ?? null;
}

function weightsOf(deployments: readonly Deployment[]): number[] {
  if (deployments.some(({ weight }) => weight !== null)) {
    return deployments.map(({ weight }) => weight ?? 1);
  }
  if (deployments.every(({ rpm }) => rpm !== null)) return deployments.map(({ rpm }) => rpm ?? 0);
  if (deployments.every(({ tpm }) => tpm !== null)) return deployments.map(({ tpm }) => tpm ?? 0);
  return deployments.map(() => 1);
}
