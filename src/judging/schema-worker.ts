import { parentPort } from 'node:worker_threads';
import { checkJson, type SchemaQuestion } from './check-json.ts';

/* The thread behind schema-checker.ts: a schema is a stranger's program, and may never end. */

parentPort?.on('message', ({ id, answer, schema }: SchemaQuestion & { readonly id: number }) => {
  parentPort?.postMessage({ id, isValid: checkJson({ answer, schema }) });
});
