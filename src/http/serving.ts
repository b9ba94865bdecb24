import type { Access } from '../access/access.ts';
import type { CascadeSettings, Limits } from '../config/config.ts';
import type { LogPolicy } from './log-entry.ts';
import type { AfterAnswer } from '../judging/after-answer.ts';
import type { Shadow } from '../judging/shadow.ts';
import type { Embedder } from '../embedding/embedder.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Decide } from '../routing/decide.ts';
import type { KnownNames } from '../routing/model-name.ts';
import type { CheckedRequest, Precheck } from '../routing/precheck.ts';
import type { Router } from '../routing/router.ts';
import type { ScoreWatch } from '../routing/score-watch.ts';
import type { Thresholds } from '../routing/thresholds.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { UpstreamClient } from '../upstream/openai-client.ts';
import type { Redact } from '../upstream/redact.ts';

/** How reloads went. */
export interface ReloadState {
  /** Reloads that took effect. */
  readonly count: number;
  /** When the last of these did. */
  readonly lastAtUtc: string | null;
  /** Why the last one that was tried was refused; null when it took effect. */
  readonly error: string | null;
}

/** Who answers `POST /v1/embeddings`. */
export interface EmbeddingsServing {
  /** The encoder that the router has; null when it needs none. */
  readonly own: Embedder | null;
  /** A group of one, with its breaker; null when none is configured. */
  readonly upstream: { readonly deployment: Deployment; readonly dispatcher: Dispatcher } | null;
}

/**
 * All that follows from one configuration. A request takes it once and keeps it to its end, so a
 * reload never changes the ground under a running request.
 */
export interface Serving {
  /** Takes every known secret out of what an upstream says. */
  readonly redact: Redact;
  readonly access: Access;
  readonly decide: Decide;
  /** What is certain before any score. */
  readonly precheck: (request: CheckedRequest) => Precheck;
  /** Routers that show the text to another machine. */
  readonly outsideRouters: ReadonlySet<string>;
  /** How long a decision may take. */
  readonly decisionMs: number;
  readonly routers: ReadonlyMap<string, Router>;
  readonly thresholds: Thresholds;
  /** Share of strong calls that the thresholds hold; null: they stay. */
  readonly targetStrongShare: number | null;
  /** What the routers scored lately; outlives a configuration. */
  readonly watch: ScoreWatch;
  readonly names: KnownNames;
  /** The name of the model behind a group, for `POST /v1/router/score`. */
  readonly modelOf: (group: string) => string;
  readonly tierGroups: { readonly strong: string; readonly weak: string };
  readonly dispatcher: Dispatcher;
  /** Null: no weak answer is looked at before it is sent. */
  readonly cascade: CascadeSettings | null;
  readonly upstream: UpstreamClient;
  readonly embeddings: EmbeddingsServing;
  /** Looks at each answer when it has been sent. */
  readonly afterAnswer: AfterAnswer;
  /** One of those; null when it is off. Ends with its configuration. */
  readonly shadow: Shadow | null;
  readonly limits: Limits;
  readonly logPolicy: LogPolicy;
  /** Names the vectors in the log; null when no router embeds. */
  readonly embedderId: string | null;
  /** False while the encoder is being replaced; decisions fail open meanwhile. */
  readonly isEmbedderReady: () => boolean;
}
