import { z } from 'zod';

// How a head compared with the one before it and the floors: what `train --json` prints and
// `applied_head.report_json` keeps. Figures are of outcomes that no contender was fitted to.

const interval = z.tuple([z.number(), z.number()]).readonly().nullable();

const contender = z.object({
  /** `new head`, `present head` (the one it replaced), `shipped head`, and the floors. */
  name: z.string(),
  apgr: z.number().nullable(),
  apgr_interval_95: interval,
  /** At which `gap_recovered` is read, 0..1. */
  strong_share: z.number(),
  gap_recovered: z.number().nullable(),
  gap_recovered_interval_95: interval,
});

const headReport = z.object({
  router: z.string(),
  base_version: z.string(),
  present_version: z.string(),
  head_version: z.string(),
  outcomes: z.number(),
  compared: z.number(),
  rated: z.number(),
  /** Those that show which tier was better, and that the present head was not fitted to. */
  telling: z.number(),
  /** Conversations and prompts that those are of; reports of before did not count them. */
  groups: z.number().optional(),
  contenders: z.array(contender).readonly(),
  /** Quality of always-strong less always-weak. */
  gap: z.number().nullable(),
  apgr_gain: z.number().nullable(),
  apgr_gain_interval_95: interval,
  /** Quality, averaged over all shares of strong calls, new less present: what decides. */
  quality_gain: z.number().nullable(),
  quality_gain_interval_95: interval,
  is_better: z.boolean(),
  outcomes_needed: z.number().nullable(),
  /** How far the head may move a typical prompt, in logits; and the chance that it should not. */
  freedom: z.number(),
  shipped_probability: z.number(),
  strong_share: z.number(),
  present_threshold: z.number().nullable(),
  threshold: z.number(),
  seed: z.number(),
});

export type HeadReport = Readonly<z.infer<typeof headReport>>;

/** Null for one that was written by hand, or by a version that measured otherwise. */
export function parseHeadReport(json: string): HeadReport | null {
  try {
    return headReport.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}
