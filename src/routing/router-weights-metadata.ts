import { z } from 'zod';

const share = z.number().min(0).max(1);

/** One line of the dev figures: a pair on a source, or "pooled" with equal weight per source. */
const devFigure = z.strictObject({
  strong: z.string(),
  weak: z.string(),
  source: z.string(),
  prompts: z.int().positive(),
  apgr: z.number(),
  interval95: z.tuple([z.number(), z.number()]),
});

const trainingSummary = z.strictObject({
  /** SHA-256 of the training files' bytes, in order of name. */
  dataSha256: z.string(),
  prompts: z.int(),
  outcomes: z.int(),
  /** Of each model the prompts that it was trained on, and the number of their sources, in the order of `models`. */
  modelPrompts: z.array(z.int()).optional(),
  modelSources: z.array(z.int()).optional(),
  seed: z.int(),
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  /** Weighted cross entropy on dev, in nats per outcome: mean of the networks before they are averaged, without topics. */
  devLoss: z.number(),
  /** Expected calibration error of the win rate on dev, cross-fitted, over the reported pairs. */
  devCalibrationError: share.nullable(),
  dev: z.array(devFigure),
});

/** What a weights file says about itself (`__metadata__.pointsman`). */
export const weightsMetadataSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal('mf'),
  embedder: z.strictObject({ id: z.string().min(1), dimensions: z.int().nonnegative() }),
  features: z.strictObject({
    lexicalRows: z.int().nonnegative(),
    lexicalDimensions: z.int().nonnegative(),
    surface: z.boolean(),
  }),
  hidden: z.int().nonnegative(),
  /** Latent factors; the topics stand behind them. */
  rank: z.int().positive(),
  /** Names of the topics, in the order of the rows; files from before there were topics have none. */
  topics: z.array(z.string().min(1)).default([]),
  /** Those of them that count only where a prompt gives options (topics.ts). */
  topicsOfForm: z.array(z.string().min(1)).default([]),
  /** Model ids in the order of the rows. */
  models: z.array(z.string().min(1)).min(2),
  /** t0..t4 of the win rate (matrix-factorization.ts). */
  winRate: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]),
  /** Reference traffic whose factors are stored. */
  trafficPrompts: z.int().positive(),
  training: trainingSummary,
  /** Where the data is from and under which licence. */
  licences: z.array(z.string()),
});

export type WeightsMetadata = z.infer<typeof weightsMetadataSchema>;
export type DevFigure = z.infer<typeof devFigure>;
