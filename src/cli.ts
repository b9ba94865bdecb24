#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts';

// A reader that leaves (`npm start | head`) must not take the server with it, nor a terminal that is closed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const isReaderGone = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
    if (!isReaderGone) throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), process);
