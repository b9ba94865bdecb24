import type { Secret } from '../secret.ts';

/** US dollars per million tokens. */
export interface Price {
  readonly inputPerMtok: number;
  readonly outputPerMtok: number;
}

/** One model behind one base URL: where a tier's requests go. Wire format, URL and auth are separate. */
export interface Deployment {
  readonly tier: 'strong' | 'weak';
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
}
