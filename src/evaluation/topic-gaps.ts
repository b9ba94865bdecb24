// The floor of a router that only knows where a prompt is from: its score is the mean gap (strong
// minus weak) of the prompt's source, or source and category, on other questions. These are the train
// split where there is one. Else the questions are cut into 10 folds by key, a fold's gaps come from
// the other nine, and a row's score is the rank of its gap within its fold: a fold that gains much
// lowers the gaps that it is given, so that gaps of two folds, put on one curve, would turn the floor
// upside down.
import { createHash } from 'node:crypto';
import { equalWeights, type ComparedRow } from './compared-rows.ts';

type Grouping = 'source' | 'topic';

const foldCount = 10;

/**
 * @param rows of one table: without `learn`, scores depend on all of them
 * @param learn rows of other questions; null: learned on the rows themselves, by folds
 */
export function topicGaps(
  rows: readonly ComparedRow[],
  learn: readonly ComparedRow[] | null,
  grouping: Grouping,
): number[] {
  if (learn !== null && learn.length > 0) {
    const gapOf = learnGaps(learn, grouping);
    return rows.map(gapOf);
  }
  const folds = rows.map(({ key }) => foldOf(key));
  const weights = equalWeights(rows);
  const scores = new Array<number>(rows.length).fill(0.5);
  for (let fold = 0; fold < foldCount; fold++) {
    const others = rows.filter((_, i) => folds[i] !== fold);
    if (others.length === 0) continue;
    const gapOf = learnGaps(others, grouping);
    const members = rows.flatMap((row, i) =>
      folds[i] === fold ? [{ i, gap: gapOf(row), weight: weights[i]! }] : [],
    );
    for (const { i, rank } of ranked(members)) scores[i] = rank;
  }
  return scores;
}

interface Member {
  readonly i: number;
  readonly gap: number;
  readonly weight: number;
}

/** The share of the weight below a gap, and half of that at it. */
function ranked(members: readonly Member[]): { readonly i: number; readonly rank: number }[] {
  const weightAt = new Map<number, number>();
  for (const { gap, weight } of members) weightAt.set(gap, (weightAt.get(gap) ?? 0) + weight);
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const rankAt = new Map<number, number>();
  let below = 0;
  for (const [gap, weight] of [...weightAt].sort(([a], [b]) => a - b)) {
    rankAt.set(gap, (below + weight / 2) / total);
    below += weight;
  }
  return members.map(({ i, gap }) => ({ i, rank: rankAt.get(gap)! }));
}

/** Mean gap of a row's group; of its source, then of all, where the group was never seen. */
function learnGaps(
  learn: readonly ComparedRow[],
  grouping: Grouping,
): (row: ComparedRow) => number {
  const means = (name: Grouping): Map<string, number> => {
    const groups = new Map<string, ComparedRow[]>();
    for (const row of learn) {
      const members = groups.get(row[name]);
      if (members) members.push(row);
      else groups.set(row[name], [row]);
    }
    return new Map([...groups].map(([group, members]) => [group, meanGap(members)]));
  };
  const bySource = means('source');
  const byGroup = grouping === 'source' ? bySource : means(grouping);
  const all = meanGap(learn);
  return (row) => byGroup.get(row[grouping]) ?? bySource.get(row.source) ?? all;
}

function meanGap(rows: readonly ComparedRow[]): number {
  return rows.reduce((sum, { strong, weak }) => sum + strong - weak, 0) / rows.length;
}

function foldOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % foldCount;
}
