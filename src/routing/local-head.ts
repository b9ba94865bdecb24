// A local head corrects a router's win rate p for the one pair and the traffic that its outcomes are from:
//
//   logit p' = a logit p + b + w . e          e: the vector that the score was made from
//
// The shipped head is a = 1, b = 0, w = 0. How a, b and w are found: learning/fit-local-head.ts. Stored as
// safetensors: head.weights F32 [dimensions], head.line F32 [2] (a, b), metadata as JSON.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EmbeddingError } from '../errors.ts';
import { clamp, logit, sigmoid } from '../math/vector.ts';
import type { PromptScore, Router } from './router.ts';
import { readMetadata } from './safetensors-metadata.ts';
import { floatsOf, parseSafetensors, writeSafetensors, type Tensor } from './safetensors.ts';

export interface LocalHead {
  /** a; |a| is at least 0.1, so that `baseWinRate` can undo the head. */
  readonly slope: number;
  /** b. */
  readonly bias: number;
  /** w [dimensions]. */
  readonly weights: Float32Array;
}

/** What a stored head says of itself. */
export interface StoredHead {
  readonly head: LocalHead;
  /** The router version that it corrects. */
  readonly baseVersion: string;
  /** Whose vectors the weights are for. */
  readonly embedderId: string;
}

/** Win rates of 1e-6 and less count as 1e-6, so that a logit is at most 13.8. */
const smallest = 1e-6;
/** Double precision tells logits up to here apart after a sigmoid. */
const largestLogit = 20;

/** p' of a base win rate p and its vector [dimensions]. */
export function correctedWinRate(
  { slope, bias, weights }: LocalHead,
  winRate: number,
  embedding: Float32Array,
): number {
  const shifted = slope * winRateLogit(winRate) + bias + product(weights, embedding);
  return sigmoid(clamp(shifted, -largestLogit, largestLogit));
}

/** The base win rate p whose corrected one is p': what a logged score of a head was made from. */
export function baseWinRate(
  { slope, bias, weights }: LocalHead,
  corrected: number,
  embedding: Float32Array,
): number {
  const p = clamp(corrected, 1e-12, 1 - 1e-12);
  return sigmoid((logit(p) - bias - product(weights, embedding)) / slope);
}

/** logit p, within +-13.8. */
export function winRateLogit(winRate: number): number {
  return logit(clamp(winRate, smallest, 1 - smallest));
}

/** `<base>+h<8 hex digits>`: changes with the weights. */
export function headVersionOf(baseVersion: string, bytes: Uint8Array): string {
  return `${baseVersion}+h${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`;
}

/** The version without a head: of `a1b2+h0123abcd`, and of `a1b2`, it is `a1b2`. */
export function baseVersionOf(version: string): string {
  return version.replace(/\+h[0-9a-f]{8}$/, '');
}

/** @throws EmbeddingError when the router that is named gave another kind of vector, or none */
export function correctScore(
  head: LocalHead,
  { winRate, embedding }: PromptScore,
  routerName: string,
): PromptScore {
  if (embedding?.length !== head.weights.length) {
    throw new EmbeddingError(
      `the local head needs vectors of ${head.weights.length} numbers; the router ${routerName} ` +
        `gave ${embedding?.length ?? 'none'}`,
    );
  }
  return { winRate: correctedWinRate(head, winRate, embedding), embedding };
}

/**
 * The router with its scores corrected, under a version of its own. What `base` keeps of texts that
 * it has seen (score-cache.ts) serves both.
 */
export function withLocalHead(base: Router, head: LocalHead, version: string): Router {
  const correct = (score: PromptScore): PromptScore => correctScore(head, score, base.name);
  return {
    name: base.name,
    version,
    defaultThreshold: base.defaultThreshold,
    ...(base.card && { card: base.card }),
    peek(text) {
      const known = base.peek?.(text) ?? null;
      return known && correct(known);
    },
    score: async (text, signal) => correct(await base.score(text, signal)),
    async explain(text, signal) {
      const explained = await base.explain(text, signal);
      const { winRate, embedding } = correct(explained);
      const contribution = winRateLogit(winRate) - winRateLogit(explained.winRate);
      return {
        winRate,
        embedding,
        // The shipped estimates are what the head corrects; it has none of its own.
        expectedQuality: null,
        reasons: [...explained.reasons, { name: 'outcomes of this pair', contribution }],
      };
    },
  };
}

const metadataSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal('local-head'),
  baseVersion: z.string().min(1),
  embedder: z.strictObject({ id: z.string().min(1), dimensions: z.int().positive() }),
});

export function writeLocalHead({ head, baseVersion, embedderId }: StoredHead): Uint8Array {
  const dimensions = head.weights.length;
  const tensors = new Map<string, Tensor>([
    ['head.line', { dtype: 'F32', shape: [2], data: Float32Array.of(head.slope, head.bias) }],
    ['head.weights', { dtype: 'F32', shape: [dimensions], data: head.weights }],
  ]);
  const metadata: z.infer<typeof metadataSchema> = {
    formatVersion: 1,
    kind: 'local-head',
    baseVersion,
    embedder: { id: embedderId, dimensions },
  };
  return writeSafetensors({ metadata: { pointsman: JSON.stringify(metadata) }, tensors });
}

/** @throws ConfigError naming `where` (for the message only) and what is wrong */
export function parseLocalHead(bytes: Uint8Array, where: string): StoredHead {
  const file = parseSafetensors(bytes, where);
  const { baseVersion, embedder } = readMetadata(file, 'pointsman', metadataSchema, where);
  const [slope, bias] = floatsOf(file, 'head.line', [2], where);
  const weights = floatsOf(file, 'head.weights', [embedder.dimensions], where);
  return { head: { slope: slope!, bias: bias!, weights }, baseVersion, embedderId: embedder.id };
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
