import { Worker, type ResourceLimits } from 'node:worker_threads';

/** Development only: a worker that compiles TypeScript, since Node 20 ignores `--import` there. */
const runFromSource = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => { register(); return import(workerData.__module); });
`;

/**
 * Starts a worker thread from a module beside the caller, named without its extension: `.js` in
 * the build; `.ts` under tsx and vitest, where the caller is `.ts` too.
 *
 * @param callerUrl the caller's `import.meta.url`
 * @param module relative path without extension, such as './encoder-worker'
 */
export function spawnWorker(
  callerUrl: string,
  module: string,
  data: object,
  resourceLimits: ResourceLimits = {},
): Worker {
  if (!callerUrl.endsWith('.ts')) {
    return new Worker(new URL(`${module}.js`, callerUrl), { workerData: data, resourceLimits });
  }
  const workerData = { ...data, __module: new URL(`${module}.ts`, callerUrl).href };
  return new Worker(runFromSource, { eval: true, workerData, resourceLimits });
}
