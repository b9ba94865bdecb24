// npm test [-- vitest flags]: installs what is missing, then runs all tests once.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureReady, root } from './ensure-ready.mjs';

await ensureReady({ build: false });
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
