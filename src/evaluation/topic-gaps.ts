// The floor of a router that only knows where a prompt is from: its score is the mean gap (strong
// minus weak) of the prompt's source, or source and category, on other questions. These are the train
// split where there is one. Else the questions are cut into 10 folds by key and a fold's gaps come
// from the other nine, less their common mean. Leaving out single rows instead would turn the floor
// upside down: whoever gains raises every mean but its own.
import { createHash } from 'node:crypto';
import type { ComparedRow } from './compared-rows.ts';

type Grouping = 'source' | 'topic';

const foldCount = 10;

/** @param learn rows of other questions; null: learned on the rows themselves, by folds */
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
  const gaps = new Array<number>(rows.length).fill(0);
  for (let fold = 0; fold < foldCount; fold++) {
    const others = rows.filter((_, i) => folds[i] !== fold);
    if (others.length === 0) continue;
    const gapOf = learnGaps(others, grouping);
    const common = meanGap(others);
    for (const [i, row] of rows.entries()) if (folds[i] === fold) gaps[i] = gapOf(row) - common;
  }
  return gaps;
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
