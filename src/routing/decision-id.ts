import { v7 } from 'uuid';

/**
 * A new decision's name. It begins with the time (RFC 9562, version 7): ids that are written together
 * stand together in the log's indexes, and a batch of rows changes a few of their pages, not one a row.
 */
export function newDecisionId(): string {
  return `dec_${v7()}`;
}

/** Uniform in [0, 1), by the id's random end: all that draw for one decision draw the same. */
export function drawOf(decisionId: string): number {
  return parseInt(decisionId.slice(-8), 16) / 2 ** 32;
}
