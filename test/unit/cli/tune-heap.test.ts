import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const module = new URL('../../../src/cli/tune-heap.ts', import.meta.url).href;

function errorsOf(code: string): string {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr;
}

it('names a flag that this V8 knows', () => {
  const unknown = `import v8 from 'node:v8'; v8.setFlagsFromString('--heap-growing-share=1');`;
  expect(errorsOf(unknown)).toContain('unrecognized flag');
  const ours = `import { tuneHeap } from ${JSON.stringify(module)}; tuneHeap();`;
  expect(errorsOf(ours)).toBe('');
});
