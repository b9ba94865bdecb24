import { createHash } from 'node:crypto';

/** 12 hex digits that change with any of the parts. */
export function shortHash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}
