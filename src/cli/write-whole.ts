import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, sep } from 'node:path';
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

/**
 * Before work whose result goes there.
 * @param inputs files and folders that the command reads
 * @throws ConfigError as `writeWhole` does, and for a file that is read
 */
export function assertCanWrite(flag: string, file: string, inputs: readonly string[] = []): void {
  assertIsNoInput(flag, file, inputs);
  besideFile(flag, file, (unfinished) => {
    writeFileSync(unfinished, '');
    rmSync(unfinished);
  });
}

/** @throws ConfigError when the file is one of the inputs, or data in a folder of them */
export function assertIsNoInput(flag: string, file: string, inputs: readonly string[]): void {
  if (!existsSync(file)) return;
  const real = realpathSync(file);
  for (const input of inputs.filter((path) => existsSync(path))) {
    const realInput = realpathSync(input);
    const isData = real.startsWith(realInput + sep) && real.endsWith('.jsonl');
    if (real !== realInput && !isData) continue;
    throw new ConfigError(`${flag} ${file} is read by this command: name another file`);
  }
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
