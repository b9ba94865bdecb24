import { ConfigError } from '../errors.ts';
import type { ComparedRow } from '../evaluation/compared-rows.ts';
import type { RowCosts } from '../evaluation/evaluate-table.ts';
import { costNanoUsd } from '../upstream/cost.ts';
import type { Price } from '../upstream/deployment.ts';
import { estimateTokens } from '../upstream/token-estimate.ts';

export interface PairPrices {
  readonly strong: Price;
  readonly weak: Price;
  /** Length of an answer, which outcomes do not tell. */
  readonly answerTokens: number;
}

/** What RouteLLM's costs are computed with: 95 tokens in, 264 out (arXiv:2406.18665, table 6). */
const defaultAnswerTokens = 264;

export interface PriceFlags {
  readonly strongPrice: string | undefined;
  readonly weakPrice: string | undefined;
  readonly answerTokens: string | undefined;
}

/** Null without prices. @throws ConfigError */
export function readPrices(flags: PriceFlags, pairs: number): PairPrices | null {
  const { strongPrice, weakPrice } = flags;
  if (strongPrice === undefined && weakPrice === undefined) return null;
  if (strongPrice === undefined || weakPrice === undefined) {
    throw new ConfigError('a cost needs both --strong-price IN,OUT and --weak-price IN,OUT.');
  }
  if (pairs !== 1) throw new ConfigError('prices are those of one pair: name a single pair.');
  const answerTokens = Number(flags.answerTokens ?? defaultAnswerTokens);
  if (!(answerTokens > 0 && Number.isFinite(answerTokens))) {
    throw new ConfigError(`--answer-tokens ${flags.answerTokens} is not a number above 0.`);
  }
  return {
    strong: parsePrice(strongPrice, '--strong-price'),
    weak: parsePrice(weakPrice, '--weak-price'),
    answerTokens,
  };
}

function parsePrice(text: string, flag: string): Price {
  const [input, output, ...rest] = text
    .split(',')
    .map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (isPrice(input) && isPrice(output) && rest.length === 0) {
    return { inputPerMtok: input, outputPerMtok: output };
  }
  throw new ConfigError(
    `${flag} ${text} is not IN,OUT: US dollars for a million tokens, such as 2.5,10.`,
  );
}

function isPrice(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}

export function rowCosts(rows: readonly ComparedRow[], prices: PairPrices): RowCosts {
  const cost = (price: Price): number[] =>
    rows.map(
      ({ prompt }) =>
        costNanoUsd(price, {
          promptTokens: estimateTokens(prompt.length),
          completionTokens: prices.answerTokens,
        })! / 1e9,
    );
  return { strong: cost(prices.strong), weak: cost(prices.weak) };
}
