import type { Access } from '../access/access.ts';
import type { DispatchSettings, Group } from '../dispatch/group.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { ShadowSettings } from '../judging/shadow.ts';
import type { EmbedderSettings } from '../embedding/create-embedder.ts';
import type { Rule } from '../routing/rules.ts';
import type { SessionSettings } from '../routing/sessions.ts';
import type { RouterParts } from './create-router-parts.ts';

export type LogPrompts = 'none' | 'hash' | 'full';

export interface Timeouts {
  /** TCP and TLS connect to an upstream. */
  readonly connectMs: number;
  /** From the request sent to the response headers; a local model may load for minutes. */
  readonly headersMs: number;
  /** Between two chunks of a response body. */
  readonly idleMs: number;
  /** The whole upstream call. */
  readonly totalMs: number;
  /** The decision, embedding included. */
  readonly decisionMs: number;
  /** How long running requests may finish after SIGTERM. */
  readonly drainMs: number;
}

export interface Limits {
  /** Request body, in bytes. */
  readonly bodyBytes: number;
  /** Nesting of a request's JSON. */
  readonly jsonDepth: number;
  /** Answer that is not streamed, in bytes. */
  readonly answerBytes: number;
  /** One SSE event, in bytes. */
  readonly eventBytes: number;
  /** Requests at the same time; over it 503. */
  readonly inFlight: number;
}

/** Weak first, strong where the weak answer is not sure of itself. */
export interface CascadeSettings {
  /** Mean log-probability of the first tokens below which the strong model is asked; 0 or less. */
  readonly minConfidence: number;
  /** Tokens of the weak answer that are looked at. */
  readonly tokens: number;
  /** Scores below it stay with the weak model without a look. */
  readonly minScore: number;
}

/** All that the operator said, checked; built once at start by `loadConfig`. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The first deployment of each tier: its name says which model scores are about. */
  readonly strong: Deployment;
  readonly weak: Deployment;
  /** Every name that can be called, the tiers' groups among them. */
  readonly groups: readonly Group[];
  /** The groups that the tiers stand for. */
  readonly tierGroups: { readonly strong: string; readonly weak: string };
  /** Other names of groups, by `model_group_alias`. */
  readonly groupAliases: ReadonlyMap<string, string>;
  /** Groups and aliases that may be asked for and are not listed. */
  readonly hiddenNames: ReadonlySet<string>;
  /** Retries, fallbacks, cooldowns. */
  readonly dispatch: DispatchSettings;
  /** Trained model that stands for the deployment; null: found by its name. */
  readonly strongProfile: string | null;
  readonly weakProfile: string | null;
  /** Loaded routers; the first answers to `auto` and `router`. */
  readonly routers: readonly string[];
  /** Set by the operator; null: the applied calibration, else the router's default. */
  readonly threshold: number | null;
  /** Share of strong calls that the threshold is to hold; null: it stays. Not with `threshold`. */
  readonly targetStrongShare: number | null;
  readonly cascade: CascadeSettings | null;
  /** Who answers when the decision fails. */
  readonly defaultTier: 'strong' | 'weak';
  /** What the operator says of kinds of requests. */
  readonly rules: readonly Rule[];
  /** How long, and how many, conversations are remembered. */
  readonly sessions: SessionSettings;
  /** Share of scored requests whose tier is drawn by chance, 0..0.5. */
  readonly exploration: number;
  readonly embedder: EmbedderSettings;
  /** Router weights; null: those shipped in models/ for the embedder. */
  readonly weightsFile: string | null;
  readonly routerParts: RouterParts;
  readonly access: Access;
  /** Where `POST /v1/embeddings` goes; null: only our own encoder answers. */
  readonly embeddingsUpstream: Deployment | null;
  /** Who compares answers; null: nobody. */
  readonly judge: Deployment | null;
  /** How much is compared beside live traffic; null: nothing. */
  readonly shadow: ShadowSettings | null;
  readonly db: string;
  readonly logPrompts: LogPrompts;
  /** Patterns that are taken out of a text before it is stored. */
  readonly redactPrompts: readonly string[];
  /** Whether sentence vectors are stored. */
  readonly logEmbeddings: boolean;
  /** Requests older than this are deleted; null keeps all. */
  readonly keepDays: number | null;
  readonly verbose: boolean;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  /** True when both models are simulated by ourselves. */
  readonly demo: boolean;
}
