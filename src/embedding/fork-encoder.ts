import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EncoderSource } from './encoder-protocol.ts';

/**
 * Starts an encoder in a process of its own, from the build or, under tsx and vitest, from source.
 *
 * Not in a worker thread: onnxruntime-node 1.14 keeps static references into the thread that
 * loaded it last. A second thread, or a thread in the place of one that ended, corrupts the heap
 * ("corrupted size vs. prev_size") or cannot load it ("Module did not self-register"). A process
 * also takes a crash of native code upon itself.
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
