import type { Config } from './config/config.ts';
import { outsideRouters } from './config/outside-routers.ts';
import { createDispatcher, type DispatchEvents } from './dispatch/dispatcher.ts';
import { defaultDispatchSettings } from './dispatch/dispatch-settings.ts';
import type { Embedder } from './embedding/embedder.ts';
import type { EmbeddingError } from './errors.ts';
import type { Serving } from './http/serving.ts';
import { joinAfterAnswer, type AfterAnswer } from './judging/after-answer.ts';
import { createRedactText } from './privacy/redact-text.ts';
import { createDecider, type Decide } from './routing/decide.ts';
import { followsThreshold, type KnownNames } from './routing/model-name.ts';
import type { Router } from './routing/router.ts';
import { precheck, type PrecheckOptions } from './routing/precheck.ts';
import type { Sessions } from './routing/sessions.ts';
import type { ScoreWatch } from './routing/score-watch.ts';
import type { Thresholds } from './routing/thresholds.ts';
import type { Deployment } from './upstream/deployment.ts';
import { createUpstreamClient } from './upstream/openai-client.ts';
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
}

/** The parts that one configuration makes, with state of their own: nothing is shared with another. */
export function createServing(config: Config, parts: ServingParts): Serving {
  const { routers, thresholds, watch, embedderId, onEmbeddingFailed } = parts;
  const firstOf = new Map(config.groups.map(({ name, deployments }) => [name, deployments[0]]));
  const redact = createRedact(
    [
      ...config.groups.flatMap(({ deployments }) => deployments),
      ...(config.embeddingsUpstream === null ? [] : [config.embeddingsUpstream]),
    ],
    config.embedder.kind === 'endpoint' && config.embedder.apiKey ? [config.embedder.apiKey] : [],
  );
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
    upstream: createUpstreamClient({
      timeouts: config.timeouts,
      limits: config.limits,
      userAgent: `pointsman/${version()}`,
      redact,
    }),
    embeddings: {
      own: parts.embedder,
      upstream: embeddingsUpstream(config.embeddingsUpstream, parts.dispatchEvents),
    },
    afterAnswer: joinAfterAnswer([parts.signals], parts.onAfterAnswerError),
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

function embeddingsUpstream(
  deployment: Deployment | null,
  events: DispatchEvents,
): Serving['embeddings']['upstream'] {
  if (deployment === null) return null;
  const groups = [{ name: deployment.group, deployments: [deployment] }];
  const deps = { now: Date.now, random: Math.random, events };
  return { deployment, dispatcher: createDispatcher(groups, defaultDispatchSettings, deps) };
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
