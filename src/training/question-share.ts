import { createHash } from 'node:crypto';

/** Of a question, 0 to below 1, evenly: the same in every source, another for another `salt`. */
export function questionShare(key: string, salt: string): number {
  const digest = createHash('sha256').update(`${salt}:${key}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
