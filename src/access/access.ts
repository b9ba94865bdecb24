import type { KeySet } from './key-set.ts';

/** Who may ask. */
export interface Access {
  /** Open the API; empty: it is open to all who reach it. */
  readonly clientKeys: KeySet;
  /** Open /metrics, the detail of /health, and the API too; empty: a client's key opens those. */
  readonly adminKeys: KeySet;
}
