import { writeFileSync } from 'node:fs';
import { ConfigError, EmbeddingError } from '../errors.ts';
import { comparedRows, type ComparedRow } from '../evaluation/compared-rows.ts';
import { evaluateAll, type EvaluationInput } from '../evaluation/evaluate-all.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { evaluationText } from '../evaluation/evaluation-text.ts';
import { htmlReport } from '../evaluation/html-report.ts';
import { evaluationPicture } from '../evaluation/picture.ts';
import type { Router } from '../routing/router.ts';
import type { CliIo } from './cli-io.ts';
import { defaultData, readData, type DataFlags } from './evaluate-data.ts';
import { createIdFinder, readPairs, type NamedPair, type PairFlags } from './evaluate-pairs.ts';
import { readPrices, rowCosts, type PairPrices, type PriceFlags } from './evaluate-prices.ts';
import { mapInOrder } from './map-in-order.ts';
import { wholeNumber } from './option-values.ts';
import { createProgress, type Progress } from './progress.ts';
import type { OpenRouters } from './router-source.ts';
import { scorePatiently } from './score-patiently.ts';
import { promptsInFlight } from './scorer.ts';
import { assertIsNoInput } from './write-whole.ts';

/** Flags as they come from the command line. */
export interface EvaluateOptions extends DataFlags, PairFlags, PriceFlags {
  readonly routers: readonly string[];
  readonly resamples: string | undefined;
  readonly seed: string | undefined;
  readonly minRows: string | undefined;
  readonly json: boolean;
  readonly svg: string | undefined;
  readonly html: string | undefined;
}

export const evaluateDefaults = { resamples: 1000, seed: 1, minRows: 40 } as const;

/** @throws ConfigError for wrong flags, unreadable data, or models without outcomes */
export async function runEvaluate(
  options: EvaluateOptions,
  io: Pick<CliIo, 'stdout' | 'stderr'>,
  openRouters: (isOnePair: boolean) => OpenRouters,
): Promise<number> {
  assertKeepsInputs(options);
  const evaluation = await evaluate(options, io, openRouters);
  if (options.svg !== undefined) writePicture(options.svg, evaluationPicture(evaluation));
  if (options.html !== undefined) writePicture(options.html, htmlReport(evaluation));
  io.stdout.write(
    options.json ? `${JSON.stringify(evaluation, null, 2)}\n` : evaluationText(evaluation),
  );
  return 0;
}

function assertKeepsInputs({ data, topicData, db, pairs, svg, html }: EvaluateOptions): void {
  const inputs = [...(data ?? [defaultData]), ...(topicData ?? [])];
  if (db !== undefined) inputs.push(db);
  if (pairs !== undefined) inputs.push(pairs);
  if (svg !== undefined) assertIsNoInput('--svg', svg, inputs);
  if (html !== undefined) assertIsNoInput('--html', html, inputs);
}

/** The same without output. */
export async function evaluate(
  options: EvaluateOptions,
  io: Pick<CliIo, 'stderr'>,
  openRouters: (isOnePair: boolean) => OpenRouters,
): Promise<Evaluation> {
  const input = await readEvaluationInput(options, io, openRouters);
  const progress = createProgress(io.stderr);
  try {
    progress.start('resampling tables', input.pairs.length);
    return evaluateAll({ ...input, onPair: progress.increment });
  } finally {
    progress.stop();
  }
}

/** Rows of every pair with their scores. */
export async function readEvaluationInput(
  options: EvaluateOptions,
  io: Pick<CliIo, 'stderr'>,
  openRouters: (isOnePair: boolean) => OpenRouters,
): Promise<EvaluationInput> {
  const named = readPairs(options);
  const prices = readPrices(options, named.length);
  const resamples = wholeNumber('--resamples', options.resamples ?? evaluateDefaults.resamples, 0);
  const seed = wholeNumber('--seed', options.seed ?? evaluateDefaults.seed, 0);
  const minimumRows = wholeNumber('--min-rows', options.minRows ?? evaluateDefaults.minRows, 0);
  const data = readData(options, (text) => io.stderr.write(`pointsman: warning: ${text}\n`));
  // Chance is a floor of every table, by RouteLLM's ten runs; as a router it would be there twice.
  const routers = [...new Set(options.routers)].filter((name) => name !== 'random');
  const idOf = createIdFinder(data.rows);
  const rowsOf = (pair: NamedPair): PairRows => {
    const ids = [idOf(pair.strong), idOf(pair.weak)] as const;
    const rows = comparedRows(data.rows, ...ids);
    if (rows.length > 0)
      return { pair, rows, learn: data.learn && comparedRows(data.learn, ...ids) };
    throw new ConfigError(
      `no prompt of ${data.name} has outcomes of both ${ids[0]} and ${ids[1]}.`,
    );
  };
  const pairs = keepOptional(named, rowsOf, io);
  const progress = createProgress(io.stderr);
  try {
    const texts = data.rows.map(({ prompt }) => prompt);
    progress.start('embedding prompts', texts.length);
    const source = await openRouters(named.length === 1)(routers, texts, progress.update);
    const scored: EvaluationInput['pairs'][number][] = [];
    try {
      progress.start(
        'scoring prompts',
        pairs.reduce((n, { rows }) => n + rows.length, 0) * routers.length,
      );
      const failed = new Map<string, number>();
      for (const { pair, rows, learn } of pairs) {
        const { routers: made, notes, failures } = source.routersFor(pair);
        for (const [name, error] of failures) {
          failed.set(name, (failed.get(name) ?? 0) + 1);
          if (failed.get(name) === pairs.length) throw error;
        }
        const scores = await scoreRows(made, rows, progress);
        const costs = prices === null ? null : rowCosts(rows, prices);
        const { strong, weak } = pair;
        const leftOut = [...failures].map(([name, { message }]) => `without ${name}: ${message}`);
        scored.push({
          ...{ strong, weak, rows, learn, scores, costs, minimumRows },
          notes: [...notes, ...leftOut, ...priceNotes(prices)],
        });
      }
    } finally {
      await source.close();
    }
    return {
      data: { name: data.name, prompts: data.rows.length },
      topicsFrom: data.topicsFrom,
      ...{ resamples, seed, routers, pairs: scored },
    };
  } finally {
    progress.stop();
  }
}

interface PairRows {
  readonly pair: NamedPair;
  readonly rows: readonly ComparedRow[];
  readonly learn: readonly ComparedRow[] | null;
}

/** @throws ConfigError for a pair that was named and is not in the data, or when none is */
function keepOptional(
  named: readonly NamedPair[],
  rowsOf: (pair: NamedPair) => PairRows,
  io: Pick<CliIo, 'stderr'>,
): PairRows[] {
  const missing: ConfigError[] = [];
  const pairs = named.flatMap((pair) => {
    try {
      return [rowsOf(pair)];
    } catch (error) {
      if (pair.isOptional !== true || !(error instanceof ConfigError)) throw error;
      missing.push(error);
      io.stderr.write(
        `pointsman: warning: without the pair ${pair.strong} over ${pair.weak}: ${error.message}\n`,
      );
      return [];
    }
  });
  if (pairs.length === 0) throw missing[0]!;
  return pairs;
}

async function scoreRows(
  routers: ReadonlyMap<string, Pick<Router, 'score'>>,
  rows: readonly ComparedRow[],
  progress: Progress,
): Promise<Map<string, number[]>> {
  const scores = new Map<string, number[]>();
  for (const [name, router] of routers) {
    const winRates: number[] = [];
    const score = async (row: ComparedRow) => {
      try {
        return (await scorePatiently(() => router.score(row.prompt))).winRate;
      } catch (error) {
        if (!(error instanceof EmbeddingError)) throw error;
        const place = `row ${rows.indexOf(row) + 1} of ${rows.length} (${row.source}, ${excerpt(row)})`;
        throw new EmbeddingError(`${name} has no score of ${place}: ${error.message}`, error.cause);
      }
    };
    for await (const winRate of mapInOrder(each(rows), promptsInFlight, score)) {
      if (!Number.isFinite(winRate))
        throw new Error(`the router ${name} gave the score ${winRate}`);
      winRates.push(winRate);
      progress.increment();
    }
    scores.set(name, winRates);
  }
  return scores;
}

function excerpt({ prompt }: ComparedRow): string {
  const words = prompt.replace(/\s+/g, ' ').trim();
  return JSON.stringify(words.length > 60 ? `${words.slice(0, 60)}...` : words);
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

function priceNotes(prices: PairPrices | null): string[] {
  if (prices === null) return [];
  return [
    `costs are estimates: a token for four characters of the prompt, ${prices.answerTokens} tokens an answer`,
  ];
}

function writePicture(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new ConfigError(`${file} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}
