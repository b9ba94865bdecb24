import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedStream {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Completions in the shapes of the servers that we meet; docs of each server are their source. */
export const recordedStreams = readStreams('streams');

/** The same for the Responses API. */
export const recordedResponses = readStreams('response-streams');

function readStreams(folder: string): readonly RecordedStream[] {
  const path = join(import.meta.dirname, '../fixtures', folder);
  return readdirSync(path).map((file) => ({
    name: file.replace(/\.txt$/, ''),
    bytes: readFileSync(join(path, file)),
  }));
}

/** The bytes cut at these offsets, in whatever order they come. */
export function cutAt(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const inner = [...new Set(offsets)].filter((at) => at > 0 && at < bytes.length);
  const cuts = [0, ...inner.sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

/** Cut into pieces of `size` bytes. */
export function cutEvery(bytes: Buffer, size: number): Buffer[] {
  return cutAt(
    bytes,
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size),
  );
}
