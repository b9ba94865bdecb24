import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EncoderSource } from './encoder-protocol.ts';

/**
 * Starts an encoder in a process of its own, from the build or, under tsx and vitest, from source.
 *
 * Not in a worker thread: with onnxruntime-node 1.14, a thread in the place of one that ended fails
 * to load it ("Module did not self-register"), or, where another thread keeps it loaded, corrupts
 * the heap after a few rounds ("corrupted size vs. prev_size", seen on Node 20, Linux x64). A
 * process also takes a crash of native code upon itself.
 */
export function forkEncoder(source: EncoderSource): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./encoder-process.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const tsx = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const child = fork(fileURLToPath(file), {
    execArgv: isSource ? ['--import', tsx()] : [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.send(source);
  return child;
}
