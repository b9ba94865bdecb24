import type { Comparison } from '../../src/store/evidence.ts';

/** A comparison that a judge made; name what matters to the test. */
export function comparison(fields: Partial<Comparison> = {}): Comparison {
  return {
    decisionId: 'dec_1',
    origin: 'label',
    judgeModel: 'judge',
    strongModel: 'big',
    weakModel: 'small',
    strongWin: 0.75,
    firstVerdict: 'strong',
    secondVerdict: 'tie',
    strongCostNanoUsd: 1200,
    weakCostNanoUsd: null,
    judgeCostNanoUsd: 3400,
    judgedAtMs: Date.UTC(2025, 0, 2, 3, 4, 7),
    ...fields,
  };
}
