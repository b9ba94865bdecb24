import type { Config } from './config/config.ts';
import { outsideRouters } from './config/outside-routers.ts';
import type { DispatchEvents } from './dispatch/dispatch-events.ts';
import { createDispatcher } from './dispatch/dispatcher.ts';
import { defaultDispatchSettings } from './dispatch/dispatch-settings.ts';
import type { Embedder } from './embedding/embedder.ts';
import type { EmbeddingError } from './errors.ts';
import type { Serving } from './http/serving.ts';
import { joinAfterAnswer, type AfterAnswer } from './judging/after-answer.ts';
import { createAskModel } from './judging/ask-model.ts';
import { createJudge } from './judging/judge.ts';
import { createShadow, type Shadow, type ShadowDeps } from './judging/shadow.ts';
import { createRedactText } from './privacy/redact-text.ts';
import { createDecider, type Decide } from './routing/decide.ts';
import { followsThreshold, type KnownNames } from './routing/model-name.ts';
import type { Router } from './routing/router.ts';
import { precheck, type PrecheckOptions } from './routing/precheck.ts';
import type { Sessions } from './routing/sessions.ts';
import type { ScoreWatch } from './routing/score-watch.ts';
import type { Thresholds } from './routing/thresholds.ts';
import type { Deployment } from './upstream/deployment.ts';
import { createUpstreamClient, type UpstreamClient } from './upstream/openai-client.ts';
import { createRedact } from './upstream/redact.ts';
import { version } from './version.ts';

export interface ServingParts {
  readonly routers: ReadonlyMap<string, Router>;
  readonly thresholds: Thresholds;
  readonly watch: ScoreWatch;
  readonly sessions: Sessions;
  readonly embedderId: string | null;
  readonly onEmbeddingFailed: (error: EmbeddingError) => void;
  readonly dispatchEvents: DispatchEvents;
  readonly embedder: Embedder | null;
  readonly signals: AfterAnswer;
  readonly onAfterAnswerError: (error: unknown) => void;
  readonly shadow: ShadowParts;
}

/** What shadow comparisons share over reloads. */
export interface ShadowParts extends Pick<ShadowDeps, 'append' | 'onResult' | 'budget'> {
  /** For the metrics; the budget counts by itself. */
  readonly onSpent: (nanoUsd: number) => void;
}

/** The parts that one configuration makes, with state of their own: nothing is shared with another. */
export function createServing(config: Config, parts: ServingParts): Serving {
  const { routers, thresholds, watch, embedderId, onEmbeddingFailed } = parts;
  const firstOf = new Map(config.groups.map(({ name, deployments }) => [name, deployments[0]]));
  const redact = createRedact(
    [
      ...config.groups.flatMap(({ deployments }) => deployments),
      ...[config.embeddingsUpstream, config.judge].filter((one) => one !== null),
    ],
    config.embedder.kind === 'endpoint' && config.embedder.apiKey ? [config.embedder.apiKey] : [],
  );
  const upstream = createUpstreamClient({
    timeouts: config.timeouts,
    limits: config.limits,
    userAgent: `pointsman/${version()}`,
    redact,
  });
  const shadow = createOwnShadow(config, upstream, parts.shadow);
  const dispatcher = createDispatcher(config.groups, config.dispatch, {
    now: Date.now,
    random: Math.random,
    events: parts.dispatchEvents,
  });
  const { tierGroups } = config;
  const checks: PrecheckOptions = {
    rules: config.rules,
    fits: (tier, demands) => dispatcher.pools.get(tierGroups[tier])?.fits(demands) ?? false,
  };
  const outside = outsideRouters(config);
  const decide = createDecider({
    ...{ routers, thresholds, onEmbeddingFailed, tierGroups },
    precheck: checks,
    sessions: parts.sessions,
    outsideRouters: outside,
    defaultTier: config.defaultTier,
    timeoutMs: config.timeouts.decisionMs,
    exploration: config.exploration,
    random: Math.random,
  });
  return {
    redact,
    access: config.access,
    decide: watched(decide, watch),
    precheck: (request) => precheck(request, checks),
    outsideRouters: outside,
    decisionMs: config.timeouts.decisionMs,
    routers,
    thresholds,
    targetStrongShare: config.targetStrongShare,
    watch,
    names: knownNames(config, [...routers.keys()]),
    modelOf: (group) => firstOf.get(group)?.name ?? group,
    tierGroups,
    dispatcher,
    cascade: config.cascade,
    ...{ upstream, shadow },
    embeddings: {
      own: givesVectors(parts.embedder) ? parts.embedder : null,
      upstream: embeddingsUpstream(config.embeddingsUpstream, parts.dispatchEvents),
    },
    afterAnswer: joinAfterAnswer(
      shadow === null ? [parts.signals] : [parts.signals, shadow],
      parts.onAfterAnswerError,
    ),
    limits: config.limits,
    logPolicy: {
      prompts: config.logPrompts,
      embeddings: config.logEmbeddings,
      redactText: createRedactText(config.redactPrompts),
    },
    embedderId,
    isEmbedderReady: () => parts.embedder?.isReady?.() ?? true,
  };
}

/** Each score is remembered once it has been decided by those before it. */
function watched(decide: Decide, watch: ScoreWatch): Decide {
  return async (requested, ...rest) => {
    const decision = await decide(requested, ...rest);
    watch.observe(decision, followsThreshold(requested));
    return decision;
  };
}

function createOwnShadow(
  { shadow: settings, strong, weak, judge: deployment }: Config,
  upstream: UpstreamClient,
  { budget, append, onResult, onSpent }: ShadowParts,
): Shadow | null {
  if (settings === null || deployment === null) return null;
  const ask = createAskModel(upstream, (nanoUsd) => {
    budget.spend(nanoUsd);
    onSpent(nanoUsd);
  });
  const judge = createJudge({ ask, deployment });
  const models = { strong, weak, judge: deployment };
  return createShadow({ settings, models, ask, judge, budget, append, onResult });
}

function embeddingsUpstream(
  deployment: Deployment | null,
  events: DispatchEvents,
): Serving['embeddings']['upstream'] {
  if (deployment === null) return null;
  const groups = [{ name: deployment.group, deployments: [deployment] }];
  const deps = { now: Date.now, random: Math.random, events };
  return { deployment, dispatcher: createDispatcher(groups, defaultDispatchSettings, deps) };
}

/** `fast` is no encoder: it reads the wording alone. */
function givesVectors(embedder: Embedder | null): boolean {
  return embedder !== null && embedder.dimensions > 0;
}

function knownNames(config: Config, routers: readonly string[]): KnownNames {
  const namesOf = ({ name, model }: Deployment) => [...new Set([name, model])];
  /** On Ollama `llama3` and `llama3:latest` are one model. */
  const twinsOf = ({ model, wire }: Deployment) =>
    wire !== 'ollama' ? [] : [model.endsWith(':latest') ? model.slice(0, -7) : `${model}:latest`];
  const strong = namesOf(config.strong);
  const { tierGroups } = config;
  const others = config.groups
    .map(({ name }) => name)
    .filter((name) => name !== 'strong' && name !== 'weak');
  return {
    routers,
    strong: tierGroups.strong === 'strong' ? strong : [tierGroups.strong],
    // The same id on two servers is told apart by tier only.
    weak:
      tierGroups.weak === 'weak'
        ? namesOf(config.weak).filter((name) => !strong.includes(name))
        : [tierGroups.weak],
    groups: new Map([...others.map((name) => [name, name] as const), ...config.groupAliases]),
    hidden: config.hiddenNames,
    unlisted: new Map(
      (['weak', 'strong'] as const).flatMap((tier) =>
        twinsOf(config[tier]).map((name) => [name, tier] as const),
      ),
    ),
  };
}
