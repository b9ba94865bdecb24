import { SqliteDatabase } from '../../src/store/sqlite.ts';

export type LogRow = Readonly<Record<string, unknown>>;

/** All rows of the request log, oldest first, as the file has them. */
export function readLog(file: string): LogRow[] {
  const db = new SqliteDatabase(file, { readonly: true });
  try {
    return db.prepare('SELECT * FROM request ORDER BY rowid').all() as LogRow[];
  } finally {
    db.close();
  }
}

/** The newest row of the applied thresholds. */
export function readAppliedThreshold(file: string): LogRow {
  const db = new SqliteDatabase(file, { readonly: true });
  try {
    return db.prepare('SELECT * FROM applied_threshold ORDER BY id DESC').get() as LogRow;
  } finally {
    db.close();
  }
}

/** Waits for the first row that fits; the log is written after the answer. */
export async function waitForRow(file: string, fits: (row: LogRow) => boolean): Promise<LogRow> {
  for (let tries = 0; tries < 500; tries++) {
    const row = readLog(file).find(fits);
    if (row !== undefined) return row;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no such row among ${readLog(file).length}`);
}

/** Waits for the row of the decision that a reply's header names. */
export function waitForDecision(file: string, headers: Headers): Promise<LogRow> {
  const id = headers.get('x-pointsman-decision-id');
  return waitForRow(file, (row) => row['decision_id'] === id);
}
