import { listSome } from '../list-some.ts';
import type { Difference, Evaluation, PairEvaluation, Table, TableRow } from './evaluation.ts';
import type { PercentileEstimate } from '../training/question-bootstrap.ts';

// How figures look in text, HTML, Markdown and pictures: one place, so that they agree.

export const missing = '–';

/** 0.639; a minus sign where it belongs. */
export function apgrText(value: number | null): string {
  return value === null ? missing : value.toFixed(3);
}

export function signedText(value: number | null): string {
  return value === null ? missing : `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
}

/** Of a share or a quality, 0..1, in hundredths: 43.2. */
export function percentText(value: number | null): string {
  return value === null ? missing : (100 * value).toFixed(1);
}

export function usdText(value: number | null): string {
  return value === null ? missing : value.toPrecision(3);
}

export function intervalText(
  { interval95 }: PercentileEstimate,
  text: (value: number) => string = apgrText,
): string {
  return interval95 === null ? missing : `${text(interval95[0])} to ${text(interval95[1])}`;
}

/** "0.080 (0.012 to 0.151)". */
export function estimateText(
  estimate: PercentileEstimate,
  text: (value: number | null) => string = apgrText,
): string {
  return `${text(estimate.value)} (${intervalText(estimate, text)})`;
}

const kindWords: Record<TableRow['kind'], string> = {
  router: '',
  floor: ' (floor)',
  oracle: '',
  bound: '',
};

export function rowTitle({ name, kind }: Pick<TableRow, 'name' | 'kind'>): string {
  return name + kindWords[kind];
}

export function pairTitle({ strong, weak }: Pick<PairEvaluation, 'strong' | 'weak'>): string {
  return `${strong} over ${weak}`;
}

const mostListed = 20;

/** "mmlu (1346), gsm8k (120) and 3 more". */
export function sourceList(sources: PairEvaluation['sources']): string {
  const names = sources.map(({ source, prompts }) => `${source} (${prompts})`);
  return listSome(names, mostListed);
}

/** "pooled over mmlu (1346) and ..." or the source itself. */
export function tableTitle(table: Table, pair: PairEvaluation): string {
  if (table !== pair.pooled) return `${table.source}: ${table.prompts} prompts`;
  const pooled = pair.sources.filter(({ isPooled }) => isPooled);
  const many = pooled.length > 1 ? ', each source with equal weight' : '';
  return `pooled: ${sourceList(pooled)}${many}`;
}

export function qualityText({ quality, gap }: Table): string {
  return (
    `quality of weak ${percentText(quality.weak)}, strong ${percentText(quality.strong)}, ` +
    `oracle ${percentText(quality.oracle)}; gap ${estimateText(gap, percentText)}`
  );
}

/** Against the two floors that are hard to beat; all are in the JSON. */
export function shownDifferences({ differences }: Table): readonly Difference[] {
  return differences.filter(({ floor }) => floor === 'length' || floor === 'topic');
}

/** Null where the strong model is clearly better. */
export function gapWarning({ gap }: Table): string | null {
  const [low, high] = gap.interval95 ?? [gap.value ?? 0, gap.value ?? 0];
  if (low > 0) return null;
  if (high >= 0) return 'no clear gap between the models here: APGR and CPT mean little';
  return 'the weak model is the better one here: name the pair the other way round';
}

/** Tables of a pair; one source needs no second table that says the same. */
export function tablesOf(pair: PairEvaluation): readonly Table[] {
  return pair.bySource.length > 1 ? [pair.pooled, ...pair.bySource] : [pair.pooled];
}

export function hasPrices({ pairs }: Pick<Evaluation, 'pairs'>): boolean {
  return pairs.some(({ pooled }) => pooled.rows.some(({ usdPer1000 }) => usdPer1000 !== null));
}

export const definitions =
  'APGR: part of the gap between the models that is recovered, averaged over the share of strong ' +
  'calls; 0.5 is chance. CPTx: share of strong calls (%) at which x % of the gap is first reached. ' +
  'Intervals: 95 %, questions resampled.';
