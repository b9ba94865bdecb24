import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assertIsNoInput } from '../../../src/cli/write-whole.ts';
import { runCommand } from '../../support/cli-io.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function files() {
  const folder = tempFolder();
  const data = join(folder, 'data');
  mkdirSync(data);
  const input = join(data, 'own.jsonl');
  writeFileSync(input, 'own outcomes\n');
  const link = join(folder, 'link');
  symlinkSync(input, link);
  return { folder, data, input, link };
}

test('an output is none of the inputs, by whatever name', () => {
  const { folder, data, input, link } = files();
  const refused = (file: string, ...inputs: string[]) =>
    expect(() => assertIsNoInput('--out', file, inputs));
  refused(input, input).toThrow(`--out ${input} is read by this command: name another file`);
  refused(link, input).toThrow('is read by this command');
  refused(input, link).toThrow('is read by this command');
  refused(input, data).toThrow('is read by this command');
  refused(join(data, 'new.jsonl'), data).not.toThrow();
  refused(join(folder, 'other'), input, join(folder, 'none')).not.toThrow();
});

test.each([
  ['import-routellm --out', ['import-routellm', '--checkpoint'], '--out'],
  ['train --out', ['train', '--data'], '--out'],
  ['models add --weights-out', ['models', 'add', 'x', '--outcomes'], '--weights-out'],
  ['evaluate --svg', ['evaluate', '--pair', 'a/b', '--data'], '--svg'],
  ['evaluate --html', ['evaluate', '--data', 'none', '--pairs'], '--html'],
  ['calibrate --svg', ['calibrate', '--strong-model-pct', '0.5', '--prompts'], '--svg'],
])('%s leaves what it reads as it is', async (_, command, flag) => {
  const { input } = files();
  if (command.includes('add')) {
    const rows = Array.from({ length: 12 }, (__, i) => `{"prompt": "p ${i}", "score": 1}\n`);
    writeFileSync(input, rows.join(''));
  }
  if (command.includes('train')) {
    const rows = Array.from(
      { length: 400 },
      (__, i) => `{"id": "${i}", "prompt": "p ${i}", "scores": {"a": ${i % 2}, "b": 1}}\n`,
    );
    writeFileSync(input, rows.join(''));
  }
  const before = readFileSync(input, 'utf8');
  const { exitCode, stderr } = await runCommand([...command, input, flag, input]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${flag} ${input} is read by this command`);
  expect(readFileSync(input, 'utf8')).toBe(before);
});
