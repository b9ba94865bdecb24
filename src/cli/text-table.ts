/** A line for each row: columns as wide as their widest cell, numbers to the right, two spaces between. */
export function textTable(
  rows: readonly (readonly string[])[],
  isText: (column: number) => boolean = () => false,
): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    row
      .map((cell, c) => (isText(c) ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}
