import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Everything temporary of a test run is in one folder, which goes with it. */
export default function giveOwnTempFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-tests-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
