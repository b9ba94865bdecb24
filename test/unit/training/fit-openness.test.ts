import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';
import { fitOpenness, type KindOfPrompt } from '../../../src/training/fit-openness.ts';

const random = seededRandom(5);
const uniform = (): number => 2 * random() - 1;

/** x of two numbers; the first says what is open, with some noise. */
function everyday(count: number, source = 'chat') {
  const x = new Float64Array(2 * count);
  const kinds: KindOfPrompt[] = [];
  for (let i = 0; i < count; i++) {
    x.set([3 * uniform(), uniform()], 2 * i);
    kinds.push({ source, isOpen: x[2 * i]! + uniform() > 0 });
  }
  return { x, kinds };
}

/** Exam questions: closed, whatever their numbers. */
function exams(count: number) {
  return {
    x: Float64Array.from({ length: 2 * count }, () => uniform() - 2),
    sources: Array.from({ length: count }, () => 'exam'),
  };
}

describe('fitOpenness', () => {
  it('tells open prompts from closed ones', () => {
    const { weights, bias } = fitOpenness(everyday(300), exams(500))!;
    const open = (a: number, b: number): number =>
      sigmoid(bias + weights[0]! * a + weights[1]! * b);
    expect(open(2, 0)).toBeGreaterThan(0.8);
    expect(open(-2, 0)).toBeLessThan(0.2);
    // Exam questions have low numbers in both.
    expect(weights[1]).toBeGreaterThan(0);
  });

  it('stands where the slope of its loss is 0', () => {
    const [chat, mail] = [everyday(40), everyday(10, 'mail')];
    const given = {
      x: Float64Array.from([...chat.x, ...mail.x]),
      kinds: [...chat.kinds, ...mail.kinds],
    };
    const outcomes = exams(30);
    const { weights, bias } = fitOpenness(given, outcomes)!;
    const rows = [
      ...given.kinds.map(({ source, isOpen }, i) => ({
        ...{ source, isOpen, kind: isOpen ? 'open' : 'closed', x: given.x.subarray(2 * i) },
      })),
      ...outcomes.sources.map((source, i) => ({
        ...{ source, isOpen: false, kind: 'exam', x: outcomes.x.subarray(2 * i) },
      })),
    ];
    // Prompts share their kind's total; a source by the square root of its number of them.
    const shareOf = ({ source, kind }: { source: string; kind: string }): number =>
      rows.filter((row) => row.source === source && row.kind === kind).length ** -0.5;
    const sumOf = (kind: string): number =>
      rows.reduce((sum, row) => sum + (row.kind === kind ? shareOf(row) : 0), 0);
    const totals: Record<string, number> = { open: 1000, closed: 600, exam: 400 };
    const slope = [100 * weights[0]!, 100 * weights[1]!, 0];
    for (const row of rows) {
      const p = sigmoid(bias + weights[0]! * row.x[0]! + weights[1]! * row.x[1]!);
      const weight = (totals[row.kind]! * shareOf(row)) / sumOf(row.kind);
      [row.x[0]!, row.x[1]!, 1].forEach((value, i) => {
        slope[i]! += weight * (p - (row.isOpen ? 1 : 0)) * value;
      });
    }
    for (const value of slope) expect(Math.abs(value)).toBeLessThan(1e-6);
  });

  it('is not decided by the number of exam questions', () => {
    const few = fitOpenness(everyday(200), exams(400))!;
    const many = fitOpenness(everyday(200), exams(4000))!;
    const at = ({ weights, bias }: typeof few): number => sigmoid(bias + weights[0]!);
    expect(Math.abs(at(few) - at(many))).toBeLessThan(0.1);
  });

  it('says nothing without open prompts', () => {
    const { x, kinds } = everyday(20);
    const closed = kinds.map(({ source }) => ({ source, isOpen: false }));
    expect(fitOpenness({ x, kinds: closed }, exams(20))).toBeNull();
    expect(fitOpenness({ x: new Float64Array(0), kinds: [] }, exams(20))).toBeNull();
  });
});
