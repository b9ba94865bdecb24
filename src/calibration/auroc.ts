/** An answer of which it is known how it turned out. */
export interface ToldAnswer {
  /** What is to tell good from bad; only its order matters. */
  readonly signal: number;
  readonly isGood: boolean;
}

/**
 * Area under the ROC curve: how likely a good answer has a higher signal than a bad one, ties counting half
 * (Mann-Whitney; Hanley, McNeil 1982). Sorted once; each call says how often each answer was drawn.
 * @returns 0..1; NaN without an answer of either kind
 */
export function createAuroc(
  answers: readonly ToldAnswer[],
): (counts?: ArrayLike<number>) => number {
  const order = Uint32Array.from(answers.keys()).sort(
    (i, j) => answers[i]!.signal - answers[j]!.signal,
  );
  return (counts) => {
    let [goodBelow, badBelow, above] = [0, 0, 0];
    for (let start = 0; start < order.length;) {
      let [good, bad, end] = [0, 0, start];
      const { signal } = answers[order[start]!]!;
      for (; end < order.length && answers[order[end]!]!.signal === signal; end++) {
        const drawn = counts?.[order[end]!] ?? 1;
        if (answers[order[end]!]!.isGood) good += drawn;
        else bad += drawn;
      }
      above += good * (badBelow + bad / 2);
      goodBelow += good;
      badBelow += bad;
      start = end;
    }
    return above / (goodBelow * badBelow);
  };
}

/**
 * Standard error of an AUROC (Hanley, McNeil 1982) that was drawn towards a half by one answer of each side:
 * ten bad answers that all lie lowest do not make it sure.
 */
export function aurocError(auroc: number, good: number, bad: number): number {
  const fewer = Math.min(good, bad);
  const area = (auroc * fewer + 1) / (fewer + 2);
  const [q1, q2] = [area / (2 - area), (2 * area * area) / (1 + area)];
  const variance =
    area * (1 - area) + (good - 1) * (q1 - area * area) + (bad - 1) * (q2 - area * area);
  return Math.sqrt(variance / (good * bad));
}
