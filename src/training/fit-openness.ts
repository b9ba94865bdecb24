// Which tasks are open? Logistic regression with a ridge on x. Open and closed everyday prompts are told
// apart by their category; the prompts of outcome tables, nearly all of them exam questions, count as closed.
import { solvePositive } from '../math/cholesky.ts';
import { dot, sigmoid } from '../math/vector.ts';
import type { OpennessSettings } from '../routing/prompt-factors.ts';
import { countBy } from './training-rows.ts';

export interface KindOfPrompt {
  readonly source: string;
  /** Writing, small talk and the like, rather than a task with a right answer. */
  readonly isOpen: boolean;
}

/** Of the outcome tables' prompts, at most about so many of a source are looked at. */
const mostOfSource = 400;
/**
 * A prompt counts by its source's number^-1/2, so that large sources do not drown small ones; open, closed
 * everyday and exam prompts by these totals, so that an everyday tone alone makes no task open.
 */
const totals = { open: 1000, closed: 600, exam: 400 };
const ridge = 100;
const steps = 12;
const smallestStep = 1e-5;

interface Rows {
  /** x [rows x inputs]. */
  readonly x: Float64Array;
  readonly isOpen: readonly boolean[];
  readonly weights: Float64Array;
}

/**
 * @param everyday x [kinds x inputs]
 * @param outcomes x [sources x inputs], of the prompts with outcomes
 * @returns null without open prompts
 */
export function fitOpenness(
  everyday: { readonly x: Float64Array; readonly kinds: readonly KindOfPrompt[] },
  outcomes: { readonly x: Float64Array; readonly sources: readonly string[] },
): OpennessSettings | null {
  if (!everyday.kinds.some(({ isOpen }) => isOpen)) return null;
  const inputs = outcomes.x.length / outcomes.sources.length;
  const sampled = sampleOfSources(outcomes.sources);
  const rows = [
    ...everyday.kinds.map(({ source, isOpen }) => ({
      ...{ source, kind: isOpen ? ('open' as const) : ('closed' as const) },
    })),
    ...sampled.map((i) => ({ source: outcomes.sources[i]!, kind: 'exam' as const })),
  ];
  const x = new Float64Array(rows.length * inputs);
  x.set(everyday.x);
  for (const [row, i] of sampled.entries()) {
    const from = outcomes.x.subarray(i * inputs, (i + 1) * inputs);
    x.set(from, (everyday.kinds.length + row) * inputs);
  }
  return fit(
    { x, isOpen: rows.map(({ kind }) => kind === 'open'), weights: weightsOf(rows) },
    inputs,
  );
}

/** Evenly over each source. */
function sampleOfSources(sources: readonly string[]): number[] {
  const counts = countBy(sources);
  const seen = new Map<string, number>();
  return Array.from(sources.keys()).filter((i) => {
    const source = sources[i]!;
    const position = seen.get(source) ?? 0;
    seen.set(source, position + 1);
    return position % Math.ceil(counts.get(source)! / mostOfSource) === 0;
  });
}

interface WeighedRow {
  readonly source: string;
  readonly kind: keyof typeof totals;
}

function weightsOf(rows: readonly WeighedRow[]): Float64Array {
  const nameOf = ({ source, kind }: WeighedRow): string => `${kind} ${source}`;
  const counts = countBy(rows.map(nameOf));
  const weights = Float64Array.from(rows, (row) => counts.get(nameOf(row))! ** -0.5);
  const sums = { open: 0, closed: 0, exam: 0 };
  for (const [i, { kind }] of rows.entries()) sums[kind] += weights[i]!;
  return weights.map((weight, i) => (totals[rows[i]!.kind] * weight) / sums[rows[i]!.kind]);
}

/** Newton's method on  sum of w CE(isOpen, sigmoid(b . (x, 1))) + ridge |b|^2 / 2, the last b free. */
function fit({ x, isOpen, weights }: Rows, inputs: number): OpennessSettings {
  const n = inputs + 1;
  const b = new Float64Array(n);
  for (let step = 0; step < steps; step++) {
    const hessian = new Float64Array(n * n);
    const gradient = new Float64Array(n);
    for (const [row, isRowOpen] of isOpen.entries()) {
      const at = row * inputs;
      const p = sigmoid(b[inputs]! + dot(b, x, 0, at, inputs));
      const slope = weights[row]! * ((isRowOpen ? 1 : 0) - p);
      // Bounded below: a step never grows without bound where all is sure.
      const curve = weights[row]! * Math.max(1e-3, p * (1 - p));
      for (let i = 0; i < n; i++) {
        const xi = i < inputs ? x[at + i]! : 1;
        gradient[i]! += slope * xi;
        const scaled = curve * xi;
        for (let j = 0; j < Math.min(i + 1, inputs); j++)
          hessian[i * n + j]! += scaled * x[at + j]!;
      }
      hessian[n * n - 1]! += curve;
    }
    for (let i = 0; i < inputs; i++) {
      gradient[i]! -= ridge * b[i]!;
      hessian[i * n + i]! += ridge;
    }
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) hessian[i * n + j] = hessian[j * n + i]!;
    const move = solvePositive(hessian, gradient, n);
    for (let i = 0; i < n; i++) b[i]! += move[i]!;
    if (move.every((value) => Math.abs(value) < smallestStep)) break;
  }
  return { weights: b.slice(0, inputs), bias: b[inputs]! };
}
