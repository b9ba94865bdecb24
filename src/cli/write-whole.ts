import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';

/**
 * Whoever reads the file meanwhile sees the old one or the new one.
 * @throws ConfigError that names `flag` when it cannot be written
 */
export function writeWhole(flag: string, file: string, bytes: Uint8Array): void {
  besideFile(flag, file, (unfinished) => {
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, file);
  });
}

/** Before work whose result goes there. @throws ConfigError as `writeWhole` does */
export function assertCanWrite(flag: string, file: string): void {
  besideFile(flag, file, (unfinished) => {
    writeFileSync(unfinished, '');
    rmSync(unfinished);
  });
}

function besideFile(flag: string, file: string, write: (unfinished: string) => void): void {
  if (existsSync(file) && !statSync(file).isFile()) {
    throw new ConfigError(`${flag} ${file} is no file: name one that may be written or replaced`);
  }
  const folder = dirname(file);
  if (!existsSync(folder)) {
    throw new ConfigError(`${flag} ${file} cannot be written: there is no folder ${folder}`);
  }
  try {
    write(`${file}.${process.pid}.tmp`);
  } catch (cause) {
    throw new ConfigError(`${flag} ${file} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
