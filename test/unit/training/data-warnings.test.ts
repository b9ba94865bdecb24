import { describe, expect, it } from 'vitest';
import { dataWarnings } from '../../../src/training/data-warnings.ts';
import type { Outcome, OutcomeSet } from '../../../src/training/outcomes.ts';

const setOf = (count: number, from = 0): OutcomeSet => ({
  rows: Array.from({ length: count }, (_, i): Outcome => {
    const key = `k${from + i}`;
    const scores: Outcome['scores'] = { big: 1, small: 0, ...(i < 2 ? { rare: 1 } : {}) };
    return { id: key, prompt: key, source: 's', metric: 'score', key, scores };
  }),
  sha256: '',
});

describe('dataWarnings', () => {
  it('names models with few outcomes', () => {
    const [warning, ...others] = dataWarnings({ train: setOf(60), dev: setOf(40, 60) });
    expect(warning).toMatch(/fewer than 50 outcomes .*: rare \(2\)$/);
    expect(others).toEqual([]);
  });

  it('names what may be one model under two names', () => {
    const rows = setOf(60).rows.map((row) => ({
      ...row,
      scores: { 'gpt-4o': 1, 'openai/GPT-4o': 0, small: 1, 'a/small': 0, big: 1 },
    }));
    const [warning] = dataWarnings({ train: { rows, sha256: '' }, dev: setOf(40, 60) });
    expect(warning).toMatch(/different models: gpt-4o and openai\/GPT-4o, small and a\/small$/);
  });

  it('names sources that are in no figure', () => {
    const [large, few] = [setOf(40, 60), setOf(39, 100)];
    const rows = [...large.rows, ...few.rows.map((row) => ({ ...row, source: 'few' }))];
    const warnings = dataWarnings({ train: setOf(60), dev: { rows, sha256: '' } });
    expect(warnings.join()).toMatch(
      /fewer than 40 prompts to choose on are in no figure.*: few \(39\)$/,
    );
  });

  it('names models that do worse than guessing, with the topic', () => {
    const rows = setOf(60).rows.map((row) => ({
      ...{ ...row, prompt: `${row.key}?\nA. one\nB. two`, category: 'maths' },
    }));
    const warnings = dataWarnings({ train: { rows, sha256: '' }, dev: setOf(40, 60) });
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toMatch(/less often than by guessing.*: small on s\/maths$/);
  });

  it('counts questions on both sides of a split that was brought along', () => {
    const warnings = dataWarnings({ train: setOf(60), dev: setOf(40, 55) });
    expect(warnings[1]).toMatch(/^5 questions to choose on are trained on, too/);
  });
});
