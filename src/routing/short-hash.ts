import { hash } from 'node:crypto';

/** 12 hex digits that change with any of the parts. */
export function shortHash(parts: readonly string[]): string {
  return hash('sha256', parts.join('\n')).slice(0, 12);
}
