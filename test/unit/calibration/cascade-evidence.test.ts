import { expect, test } from 'vitest';
import { aurocError, createAuroc } from '../../../src/calibration/auroc.ts';
import {
  cascadeEvidence,
  type CascadeRow,
  type EvidenceKind,
} from '../../../src/calibration/cascade-evidence.ts';
import { normal, seededRandom, type Random } from '../../../src/math/random.ts';

function row(fields: Partial<CascadeRow> = {}): CascadeRow {
  return {
    ...{ score: 0.3, confidence: -0.2, isEscalated: false, isStream: true, isOver: true },
    ...{ ttftMs: 100, discardedCostNanoUsd: null, explicit: null, strongWin: null },
    ...{ isAskedAgain: false, hasSignal: false, cluster: null, ...fields },
  };
}

/** Compared answers, good or bad, whose confidence is binormal (d' = 0.953873 is an AUROC of 0.75). */
function compared(count: number, random: Random): CascadeRow[] {
  return Array.from({ length: count }, () => {
    const isGood = random() < 0.7;
    const confidence = -3 + 0.4 * (normal(random) + (isGood ? 0.953873 : 0));
    return row({ confidence, strongWin: isGood ? 0.5 : 1, score: 0.5 * random() });
  });
}

const evidence = (rows: readonly CascadeRow[], resamples = 100, bound = -0.5) =>
  cascadeEvidence(rows, [], { bound, resamples });
const kindOf = (kind: EvidenceKind, rows: readonly CascadeRow[], resamples = 100) =>
  evidence(rows, resamples).kinds.find((each) => each.kind === kind)!;

test('an AUROC counts pairs of a good and a bad answer, ties half, as often as they were drawn', () => {
  const random = seededRandom(5);
  const answers = Array.from({ length: 60 }, () => ({
    signal: Math.floor(8 * random()),
    isGood: random() < 0.6,
  }));
  const byPairs = (counts: ArrayLike<number>): number => {
    let [above, pairs] = [0, 0];
    for (const [i, one] of answers.entries()) {
      for (const [j, other] of answers.entries()) {
        if (!one.isGood || other.isGood) continue;
        const times = counts[i]! * counts[j]!;
        pairs += times;
        above += times * (one.signal > other.signal ? 1 : one.signal === other.signal ? 0.5 : 0);
      }
    }
    return above / pairs;
  };
  const auroc = createAuroc(answers);
  expect(auroc()).toBeCloseTo(byPairs(new Uint8Array(60).fill(1)), 12);
  const drawn = Uint16Array.from({ length: 60 }, () => Math.floor(4 * random()));
  expect(auroc(drawn)).toBeCloseTo(byPairs(drawn), 12);
  expect(createAuroc(answers.filter(({ isGood }) => isGood))()).toBeNaN();
});

test('intervals hold the true AUROC, and a perfect separation of few is not sure', () => {
  const random = seededRandom(8);
  let held = 0;
  const logs = 200;
  for (let log = 0; log < logs; log++) {
    const { interval95 } = kindOf('judged', compared(150, random), 200).found!.confidence;
    if (interval95[0] <= 0.75 && 0.75 <= interval95[1]) held++;
  }
  expect(held / logs).toBeGreaterThan(0.91);
  expect(held / logs).toBeLessThan(0.99);

  const split = [...Array<number>(10).fill(-2), ...Array<number>(40).fill(-0.1)].map((confidence) =>
    row({ confidence, strongWin: confidence < -1 ? 1 : 0 }),
  );
  const { confidence, score, difference } = kindOf('judged', split).found!;
  expect(confidence.value).toBe(1);
  expect(confidence.interval95[0]).toBeLessThan(0.95);
  expect(confidence.interval95[1]).toBe(1);
  expect(score.value).toBe(0.5); // all scores tie
  expect(difference.value).toBe(0.5);
  expect(difference.interval95[0]).toBeLessThan(0.47);
  expect(aurocError(0.75, 1e6, 1e6)).toBeCloseTo(aurocError(0.75, 1e4, 1e4) / 10, 7);
});

test('the score is measured on the same answers, and the difference on the same resamples', () => {
  const random = seededRandom(11);
  const rows = compared(400, random).map((one) => ({ ...one, score: -one.confidence! / 10 }));
  const { confidence, score, difference } = kindOf('judged', rows).found!;
  expect(confidence.value).toBeGreaterThan(0.65);
  expect(score).toEqual(confidence);
  expect(difference).toEqual({ value: 0, interval95: [0, 0] });
});

test('only what is said of the weak answer counts, and no kind of outcome for another', () => {
  const rows = [
    row({ explicit: 1 }),
    row({ explicit: 0.4, hasSignal: true }),
    row({ isEscalated: true, explicit: 1, hasSignal: true }), // of the strong answer
    row({ isEscalated: true, strongWin: 1, isAskedAgain: true }),
    row({ strongWin: 0.5 }),
    row({ isOver: false }), // the client left: no signal says nothing
    row({ confidence: null, isEscalated: true, strongWin: 0 }), // broke off
  ];
  const counts = Object.fromEntries(
    evidence(rows).kinds.map(({ kind, good, bad, askedAgain }) => [kind, [good, bad, askedAgain]]),
  );
  expect(counts).toEqual({ judged: [1, 1, 1], explicit: [1, 1, 0], signals: [2, 1, 0] });
  expect(evidence(rows)).toMatchObject({ requests: 7, confident: 6, escalated: 3, brokeOff: 1 });
});

test('too few outcomes are refused with the number that is needed', () => {
  const judged = (good: number, bad: number) =>
    kindOf('judged', [
      row(), // nothing is known of it
      ...Array.from({ length: good }, () => row({ strongWin: 0 })),
      ...Array.from({ length: bad }, () => row({ strongWin: 1 })),
    ]);
  expect(judged(0, 0)).toMatchObject({ outcomes: 0, found: null, needed: 50 });
  expect(judged(30, 12)).toMatchObject({ outcomes: 42, found: null, needed: 50 });
  expect(judged(95, 3)).toMatchObject({ outcomes: 98, found: null, needed: 250 });
  expect(judged(0, 198)).toMatchObject({ found: null, needed: 2000 });
  expect(judged(40, 10)).toMatchObject({ outcomes: 50, needed: null });
});

test('bounds tell what they would escalate and who won there; times and costs are of the log', () => {
  const rows = Array.from({ length: 100 }, (_, i) =>
    row({
      confidence: -i / 100,
      strongWin: i >= 80 ? 1 : 0,
      isEscalated: i > 90,
      ttftMs: i > 90 ? 400 + i : 100,
      discardedCostNanoUsd: i > 95 ? 1000 : null,
    }),
  );
  const straight = Array.from({ length: 12 }, () => ({ isStream: true, ttftMs: 300 }));
  const found = cascadeEvidence(rows, straight, { bound: -0.8, resamples: 100 });
  expect(found.present).toMatchObject({ bound: -0.8, share: 0.19, strongWin: { below: 1 } });
  expect(found.present.strongWin.above).toBeCloseTo(1 / 81, 12);
  expect(found.bounds.map(({ share }) => share)).toEqual([0.05, 0.1, 0.2, 0.3, 0.5]);
  expect(found.bounds[0]!.strongWin).toMatchObject({ below: null }); // five comparisons
  expect(found.discarded).toEqual({ costNanoUsd: 4000, withoutPrice: 5 });
  expect(found.ttft.stream).toEqual({
    kept: { answers: 91, p50: 100, p95: 100 },
    escalated: { answers: 9, p50: null, p95: null },
    straight: { answers: 12, p50: 300, p95: 300 },
  });
  expect(found.ttft.whole.kept).toEqual({ answers: 0, p50: null, p95: null });
});
