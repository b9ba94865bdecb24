import { closeSync, openSync, readSync } from 'node:fs';

/** What a safetensors file says of itself, without reading its tensors. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly string[];
}

const maxHeaderBytes = 10_000_000;

/** Null when the file cannot be read or is something else: who loads it whole says what is wrong. */
export function readSafetensorsHeader(file: string): SafetensorsHeader | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const length = Buffer.alloc(8);
    if (readSync(descriptor, length) < 8) return null;
    const headerBytes = Number(length.readBigUInt64LE());
    if (headerBytes > maxHeaderBytes) return null;
    const header = Buffer.alloc(headerBytes);
    if (readSync(descriptor, header) < headerBytes) return null;
    const { __metadata__: metadata = {}, ...tensors } = JSON.parse(header.toString()) as Record<
      string,
      unknown
    >;
    return { metadata: metadata as Record<string, string>, tensors: Object.keys(tensors) };
  } catch {
    // Missing, not readable or not JSON: all the same to the caller.
    return null;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
