import type { Ability } from '../demands.ts';
import type { Secret } from '../secret.ts';

/** US dollars per million tokens. */
export interface Price {
  readonly inputPerMtok: number;
  /** Of input that the upstream had cached; null or left out: as all input. */
  readonly cachedInputPerMtok?: number | null;
  readonly outputPerMtok: number;
}

/**
 * One model behind one base URL. Wire format, URL and auth are three settings, never guessed from
 * each other. What is null is not limited or not configured.
 */
export interface Deployment {
  /** Stable identity of its state; unique. */
  readonly id: string;
  /** The name that its group answers to: `strong`, `weak`, or a `model_name`. */
  readonly group: string;
  /** The name as the operator wrote it; clients may ask for it. */
  readonly name: string;
  /** The model id sent upstream, byte for byte. */
  readonly model: string;
  readonly wire: 'openai' | 'ollama';
  /** As configured; `joinApiUrl` adds `/v1` only where it has no path. */
  readonly baseUrl: string;
  /** Null: no Authorization header is sent. */
  readonly apiKey: Secret | null;
  readonly price: Price | null;
  /** Lower ones are asked first. */
  readonly order: number | null;
  /** Share of the group's calls, relative to the others. */
  readonly weight: number | null;
  /** Requests and tokens a minute: weights where no `weight` is given. */
  readonly rpm: number | null;
  readonly tpm: number | null;
  /** Calls at the same time. */
  readonly maxParallelRequests: number | null;
  /** Context window for the pre-call check, in tokens. */
  readonly maxInputTokens: number | null;
  /** What its model is marked as unable to do; it is not asked for that. */
  readonly cannot: readonly Ability[];
  /** On this machine or in its network; null: not known, which counts as no. */
  readonly isLocal: boolean | null;
  /** The whole call; the server's total timeout otherwise. */
  readonly timeoutMs: number | null;
  /** From the call to the response headers; the server's headers timeout otherwise. */
  readonly headersTimeoutMs: number | null;
  /** From the call to a stream's first content. */
  readonly streamTimeoutMs: number | null;
  /** Time out of service after too many failures. */
  readonly cooldownMs: number | null;
  /** Calls after the first. */
  readonly numRetries: number | null;
}

/** The fields that only concern which deployment is called when, all not configured. */
export const noDispatchLimits = {
  order: null,
  weight: null,
  rpm: null,
  tpm: null,
  maxParallelRequests: null,
  maxInputTokens: null,
  cannot: [],
  isLocal: null,
  timeoutMs: null,
  headersTimeoutMs: null,
  streamTimeoutMs: null,
  cooldownMs: null,
  numRetries: null,
} as const;
