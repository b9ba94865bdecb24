import { expect, test, vi } from 'vitest';
import type { AnsweredRequest } from '../../../src/judging/after-answer.ts';
import { createShadow } from '../../../src/judging/shadow.ts';
import { createShadowBudget } from '../../../src/judging/shadow-budget.ts';
import { unscored, type Decision } from '../../../src/routing/decision.ts';
import type { Comparison } from '../../../src/store/evidence.ts';
import { emptyFacts } from '../../../src/upstream/answer-facts.ts';
import { comparison } from '../../support/comparison.ts';
import { deployment } from '../../support/deployment.ts';
import { requestRecord } from '../../support/request-record.ts';

const models = {
  strong: deployment({ id: 'strong', group: 'strong' }),
  weak: deployment({ id: 'weak', group: 'weak' }),
  judge: deployment({ id: 'judge', group: 'judge' }),
};

function answered(fields: Partial<Decision> = {}): AnsweredRequest {
  const decision: Decision = {
    ...unscored,
    ...{ id: 'dec_1-00000000', tier: 'strong', group: 'strong', reason: 'score', score: 0.7 },
    ...{ text: 'my secret', decisionMs: 1 },
    ...fields,
  };
  const messages = [{ role: 'user', content: 'my secret' }];
  const facts = { ...emptyFacts(true), isEmpty: false };
  facts.kept!.text = 'an answer';
  return {
    ...{ decision, facts, endpoint: 'chat/completions', client: 'someone' },
    messages,
    body: { messages },
    record: requestRecord({ decisionId: decision.id }),
    deployment: models.strong,
  };
}

function shadowOf(share: number) {
  const stored: Comparison[] = [];
  const given = { text: 'another', isWhole: true, callsTools: false, costNanoUsd: null };
  const ask = vi.fn(() => Promise.resolve(given));
  const judge = vi.fn(() => Promise.resolve(comparison()));
  const results: string[] = [];
  const shadow = createShadow({
    ...{ models, ask, judge },
    settings: { share, maxNanoUsdPerDay: 1, maxPerHour: 100 },
    budget: createShadowBudget({ nanoUsd: 0, comparisons: 0 }),
    append: (one) => stored.push(one),
    onResult: (result) => results.push(result),
  });
  return { shadow, ask, judge, stored, results };
}

test('a private request never leaves; the same one without the mark does', async () => {
  const { shadow, ask, judge, stored } = shadowOf(1);
  const secret = answered({ isPrivate: true });
  expect(shadow.needsText(secret)).toBe(false);
  shadow.onAnswered(secret);
  const open = answered();
  expect(shadow.needsText(open)).toBe(true);
  shadow.onAnswered(open);
  await expect.poll(() => stored).toHaveLength(1);
  expect(ask).toHaveBeenCalledOnce();
  expect(judge).toHaveBeenCalledOnce();
});

test('an answer of another group than the decided one is not compared', async () => {
  const { shadow, results } = shadowOf(1);
  shadow.onAnswered({ ...answered(), deployment: models.weak });
  shadow.onAnswered(answered());
  await expect.poll(() => results).toEqual(['stored']);
});

test('the share is kept, and a request is chosen or not for good', () => {
  const { shadow } = shadowOf(0.25);
  const ends = Array.from({ length: 4096 }, (_, i) => ((i << 20) >>> 0).toString(16));
  const ids = ends.map((end) => `dec_0-${end.padStart(8, '0')}`);
  const chosen = ids.filter((id) => shadow.needsText(answered({ id })));
  expect(chosen).toHaveLength(1024);
  expect(chosen.every((id) => shadow.needsText(answered({ id })))).toBe(true);
});

test('after closing nothing is taken', async () => {
  const { shadow, ask } = shadowOf(1);
  shadow.onAnswered(answered());
  shadow.close();
  shadow.onAnswered(answered());
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ask).not.toHaveBeenCalled();
});
