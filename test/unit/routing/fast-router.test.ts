import { describe, expect, it } from 'vitest';
import { createFastEncoder } from '../../../src/embedding/fast-encoder.ts';
import { createRouters } from '../../../src/routing/create-router.ts';

function shippedFastRouter() {
  const { routers } = createRouters(['mf'], {
    embedder: createFastEncoder(),
    ...{ strongName: 'gpt-4-1106-preview', weakName: 'mixtral-8x7b-instruct-v0.1' },
    ...{ strongProfile: null, weakProfile: null, weightsFile: null },
  });
  return routers.get('mf')!;
}

describe('the shipped head for --embedder fast', () => {
  const router = shippedFastRouter();
  const scoreOf = async (text: string): Promise<number> => (await router.score(text)).winRate;

  it('scores without a vector', async () => {
    const { winRate, embedding } = await router.score('Explain why the sky is blue.');
    expect(winRate).toBeGreaterThan(0);
    expect(winRate).toBeLessThan(1);
    // What was read from the text, in the place of a sentence vector: local heads are fitted to it.
    expect(embedding?.length).toBeGreaterThan(100);
    expect(embedding?.every(Number.isFinite)).toBe(true);
  });

  it.each(['hi', 'thanks!', 'hello there', 'ok'])('sends %j to the weak model', async (text) => {
    expect(await scoreOf(text)).toBeLessThan(router.defaultThreshold);
  });

  it('tells prompts apart in scripts that it cannot read', async () => {
    const texts = [
      '日本で一番高い山は何ですか。',
      '次の方程式を解け。 x^2 - 5x + 6 = 0, y = 3x + 2, z = 12. 途中の計算も示すこと。',
      'Столица какой страны — Рейкьявик?',
      '사과 3개와 배 5개의 값이 12000원이고 사과 1개가 900원일 때 배 1개의 값은?',
    ];
    const scores = await Promise.all(texts.map(scoreOf));
    expect(new Set(scores.map((score) => score.toFixed(4))).size).toBe(4);
  });

  it('says why', async () => {
    const { reasons } = await router.explain('こんにちは、元気ですか');
    expect(reasons.map(({ name }) => name)).toEqual([
      ...['wording', 'length and marks', 'marks of an unknown language', 'few words'],
    ]);
  });
});
