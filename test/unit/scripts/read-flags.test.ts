import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

const script = (name: string, ...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', join('scripts', name), ...args], {
    ...{ cwd: root, encoding: 'utf8' },
  });

test('--help of a script lists its flags with their defaults', () => {
  const { status, stdout, stderr } = script('screenshot.ts', '--help');
  expect(stdout).toMatch(/^npm run screenshot -- \[flags\]\n.* --theme VALUE \(default: light\)/s);
  expect(stdout).toMatch(/^ {2}--full$/m);
  // Untracked: the picture of the documentation is replaced only where it is named.
  expect(stdout).toMatch(/--out VALUE \(default: .*\.cache\/dashboard\.png\)/);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a flag that a script does not know is told without a stack', () => {
  const { status, stdout, stderr } = script('cross-validate.ts', 'folds', '--fold', '3');
  expect(stderr).toMatch(/^Unknown option '--fold'.*\n--help lists the flags\.\n$/);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
