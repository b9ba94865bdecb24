import type { Outcome } from '../training/outcomes.ts';
import type { SourceLicence } from './report-card.ts';

/**
 * Origin and licence of each source from the table of the data's README (columns: source, from,
 * licence, ...), with the rows that are really there.
 */
export function readSourceLicences(
  readme: string,
  train: readonly Outcome[],
  dev: readonly Outcome[],
): SourceLicence[] {
  const told = new Map<string, { from: string; licence: string }>();
  for (const line of readme.split('\n')) {
    const [source, from, licence] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    if (source === undefined || from === undefined || licence === undefined) continue;
    if (!told.has(source)) told.set(source, { from, licence });
  }
  const sources = [...new Set([...train, ...dev].map(({ source }) => source))];
  const rowsOf = (rows: readonly Outcome[], name: string): number =>
    rows.filter(({ source }) => source === name).length;
  return sources
    .map((source) => ({
      source,
      ...(told.get(source) ?? { from: 'not told', licence: 'not told' }),
      train: rowsOf(train, source),
      dev: rowsOf(dev, source),
    }))
    .sort((a, b) => b.train - a.train);
}
