// Which tasks are open? Logistic regression with a ridge on x. Open and closed everyday prompts are told
// apart by their category; the prompts of outcome tables, nearly all of them exam questions, count as closed.
import { power } from '../math/power.ts';
import type { OpennessSettings } from '../routing/prompt-factors.ts';
import { fitLogistic } from './logistic-regression.ts';
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
  const isTrue = rows.map(({ kind }) => kind === 'open');
  return fitLogistic({ x, isTrue, weights: weightsOf(rows) }, inputs, ridge);
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
  const weights = Float64Array.from(rows, (row) => power(counts.get(nameOf(row))!, -0.5));
  const sums = { open: 0, closed: 0, exam: 0 };
  for (const [i, { kind }] of rows.entries()) sums[kind] += weights[i]!;
  return weights.map((weight, i) => (totals[rows[i]!.kind] * weight) / sums[rows[i]!.kind]);
}
