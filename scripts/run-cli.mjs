// Any command from a clone: node scripts/run-cli.mjs COMMAND [flags]. Installs and builds first.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureReady, root } from './ensure-ready.mjs';

await ensureReady({ build: true });
const cli = join(root, 'dist', 'cli.js');
process.argv[1] = cli;
await import(pathToFileURL(cli).href);
