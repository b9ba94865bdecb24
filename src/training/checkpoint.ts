// A training state as a file: its numbers as one line of JSON, then the arrays as float64, in order.
// It is written beside its place and moved there, so that a cut-off run leaves the last whole one.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { TrainState } from './train-mf.ts';

const parts = ['parameters', 'best', 'first', 'second'] as const;

const headerSchema = z.strictObject({
  epoch: z.int().positive(),
  bestEpoch: z.int().nonnegative(),
  bestLoss: z.number(),
  lengths: z.array(z.int().nonnegative()),
});

export function writeCheckpoint(file: string, state: TrainState): void {
  const { epoch, bestEpoch, bestLoss } = state;
  const lengths = state.parameters.map(({ length }) => length);
  const header = JSON.stringify({ epoch, bestEpoch, bestLoss, lengths });
  const arrays = parts.flatMap((part) => state[part]);
  const bytes = arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength));
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, Buffer.concat([Buffer.from(`${header}\n`), ...bytes]));
  renameSync(unfinished, file);
}

/** Null when there is none, or none that this version wrote. */
export function readCheckpoint(file: string): TrainState | null {
  if (!existsSync(file)) return null;
  const bytes = readFileSync(file);
  const end = bytes.indexOf(10);
  const header = headerSchema.safeParse(parseJson(bytes.toString('utf8', 0, Math.max(0, end))));
  if (!header.success) return null;
  const { lengths, ...numbers } = header.data;
  const total = parts.length * lengths.reduce((sum, length) => sum + length, 0);
  if (bytes.length !== end + 1 + total * 8) return null;
  // A copy, since float64 must start at a multiple of 8.
  const body = bytes.buffer.slice(bytes.byteOffset + end + 1, bytes.byteOffset + bytes.length);
  const values = new Float64Array(body);
  let at = 0;
  const take = () => lengths.map((length) => values.slice(at, (at += length)));
  return { ...numbers, parameters: take(), best: take(), first: take(), second: take() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
