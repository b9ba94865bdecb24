/** What the upstream does with a request; stands first in its prompt. */
export type UpstreamKind = 'ok' | 'fail' | 'reset' | 'early-cut' | 'cut' | 'stall' | 'long';

/** Counts of one process, its garbage collected. */
export interface Resources {
  readonly sockets: number;
  readonly timers: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export type ToProcess =
  | { readonly kind: 'resources' }
  | { readonly kind: 'upstream'; readonly url: string }
  | { readonly kind: 'stop' };

export type FromProcess =
  | { readonly kind: 'listening'; readonly url: string }
  | ({ readonly kind: 'resources' } & Resources);
