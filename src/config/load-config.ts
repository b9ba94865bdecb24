import { ConfigError } from '../errors.ts';
import { routerNames } from '../routing/create-router.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { dotted, readConfigFile } from './config-file.ts';
import type { CascadeSettings, Config, Limits, Timeouts } from './config.ts';
import { accessWarnings, createAccess } from './create-access.ts';
import { createEmbeddingsUpstream, credentialWarnings } from './create-deployment.ts';
import { createJudgeDeployment, createShadow, judgeWarnings } from './create-judging.ts';
import { createGroups } from './create-groups.ts';
import { createEmbedderSettings } from './create-embedder-settings.ts';
import { assertLocalTier, createRules } from './create-rules.ts';
import { createRouterParts } from './create-router-parts.ts';
import { defaults } from './defaults.ts';
import { isLocalHost } from './local-host.ts';
import { mergeSettings } from './merge-settings.ts';
import type { Locate } from './router-settings.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings, TierSettings } from './settings-schema.ts';
import { parseSource, type SettingsSource } from './settings-source.ts';
import { withTierGroups } from './tier-choice.ts';

/** What the operator wrote, where, and the variables that it may name. */
export interface SettingsInput {
  readonly configFile: string | null;
  readonly flags: SettingsSource;
  readonly env: NodeJS.ProcessEnv;
}

/** Two models for an operator who named none. */
export interface FoundModels {
  readonly strong: TierSettings;
  readonly weak: TierSettings;
  readonly demo: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * File, then flags, checked whole.
 *
 * @param findModels asked only when neither model is named
 * @param read `withoutAccess` for a command that opens no port
 * @throws ConfigError with one line for each thing that is wrong: key, value, fix.
 */
export async function loadConfig(
  input: SettingsInput,
  findModels: () => Promise<FoundModels>,
  read: (input: SettingsInput) => LoadedSettings = loadSettings,
): Promise<LoadedConfig> {
  const loaded = read(input);
  const { settings } = loaded;
  if (namesModels(settings)) return createConfig(loaded, false);
  const found = await findModels();
  const completed = {
    ...settings,
    strong: { ...settings.strong, ...found.strong },
    weak: { ...settings.weak, ...found.weak },
  };
  return createConfig({ ...loaded, settings: completed }, found.demo);
}

const accessKeys: ReadonlySet<string> = new Set<keyof Settings>([
  ...(['host', 'admin_key_env', 'client_keys', 'client_keys_env', 'client_keys_file'] as const),
]);

/** As `loadSettings`, but for who may ask the server: its keys need not be there. */
export function withoutAccess(input: SettingsInput): LoadedSettings {
  const loaded = loadSettings(input);
  const others = Object.entries(loaded.settings).filter(([key]) => !accessKeys.has(key));
  return { ...loaded, settings: Object.fromEntries(others) };
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly warnings: readonly string[];
  /** The environment, with the file's own `environment_variables` over it. */
  readonly env: NodeJS.ProcessEnv;
  /** Names a key of the file with its line. */
  readonly locate: Locate;
}

/** @throws ConfigError with every problem of the file and the flags. */
export function loadSettings({ configFile, flags, env }: SettingsInput): LoadedSettings {
  const source = configFile === null ? null : readConfigFile(configFile);
  const file = source === null ? null : parseSource(source, env);
  const fromFlags = parseSource(flags, env);
  throwIfAny([...(file?.problems ?? []), ...fromFlags.problems]);
  return {
    settings: withTierGroups(mergeSettings(file?.settings ?? {}, fromFlags.settings)),
    warnings: [...(file?.warnings ?? []), ...fromFlags.warnings],
    env: file?.env ?? env,
    locate: source?.locate ?? dotted,
  };
}

/** @throws ConfigError when one model is named without the other, or its settings without it. */
export function namesModels(settings: Settings): boolean {
  const { strong, weak } = settings;
  if (strong?.model !== undefined && weak?.model !== undefined) return true;
  const says = (tier: TierSettings | undefined) =>
    tier !== undefined && Object.keys(tier).length > 0;
  const saysUpstream = settings.base_url ?? settings.api_key ?? settings.api_key_env;
  const groups = [...new Set(settings.model_list?.map((entry) => entry.settings.model_name))];
  if (!says(strong) && !says(weak) && saysUpstream === undefined && groups.length === 0)
    return false;
  const missing = (['strong', 'weak'] as const).filter(
    (tier) => settings[tier]?.model === undefined,
  );
  throw new ConfigError(
    `no ${missing.join(' and no ')} model is named: give ${missing.length === 1 ? 'it' : 'them'} by ` +
      `${missing.map((tier) => nameSetting(`${tier}.model`)).join(' and ')}, ${groups.length === 0 ? 'or give no upstream setting at all' : `from the groups of model_list: ${groups.join(', ')}`}`,
  );
}

function createConfig(
  { settings, warnings, env, locate }: LoadedSettings,
  demo: boolean,
): LoadedConfig {
  const problems: string[] = [];
  const groups = createGroups(settings, env, locate);
  problems.push(...groups.problems);
  const embedder = collect(problems, () => createEmbedderSettings(settings, env));
  const embeddingsUpstream = collect(problems, () => createEmbeddingsUpstream(settings, env));
  const routers = settings.routers ?? defaults.routers;
  const routerParts = collect(problems, () => createRouterParts(settings, routers, env));
  const access = collect(problems, () => createAccess(settings, env));
  const judge = collect(problems, () => createJudgeDeployment(settings, env));
  const tiers = groups.settings;
  const shadow = collect(problems, () => tiers && createShadow(settings, tiers, judge));
  const rules = collect(problems, () => createRules(settings));
  problems.push(...checkRouters(settings.routers ?? []), ...checkThreshold(settings));
  throwIfAny([...new Set(problems)]);
  if (!groups.settings || !embedder || !routerParts || !access || !rules)
    throw new Error('a part is missing without a problem');
  const deployments = groups.settings.groups.flatMap((group) => group.deployments);
  const tierNames = Object.values(groups.settings.tierGroups);
  const isTier = ({ group }: Deployment) => tierNames.includes(group);
  assertLocalTier(
    rules,
    deployments.some((one) => isTier(one) && one.isLocal === true),
  );

  const config: Config = {
    host: settings.host ?? defaults.host,
    port: settings.port ?? defaults.port,
    ...groups.settings,
    strongProfile: settings.strong?.profile ?? null,
    weakProfile: settings.weak?.profile ?? null,
    routers,
    threshold: settings.threshold ?? null,
    cascade: createCascade(settings.cascade ?? {}),
    targetStrongShare: settings.target_strong_share ?? null,
    defaultTier: settings.default_tier ?? defaults.default_tier,
    rules,
    sessions: {
      maxSessions: settings.sessions?.max ?? defaults.sessions.max,
      ttlMs: settings.sessions?.ttl ?? defaults.sessions.ttl,
    },
    exploration: settings.exploration ?? defaults.exploration,
    embedder,
    weightsFile: settings.weights ?? null,
    routerParts,
    access,
    embeddingsUpstream,
    ...{ judge, shadow },
    db: settings.db ?? defaults.db,
    logPrompts: settings.log_prompts ?? defaults.log_prompts,
    redactPrompts: settings.redact_prompts ?? [],
    logEmbeddings: settings.log_embeddings ?? defaults.log_embeddings,
    keepDays: settings.keep_days ?? null,
    verbose: settings.verbose ?? defaults.verbose,
    timeouts: createTimeouts(settings.timeouts ?? {}, deployments),
    limits: createLimits(settings),
    demo,
  };
  return {
    config,
    warnings: [
      ...warnings,
      ...groups.warnings,
      ...credentialWarnings([...new Set(deployments)]),
      ...(judge === null ? [] : judgeWarnings(judge, config)),
      ...accessWarnings(config.host, access),
    ],
  };
}

function createCascade(own: NonNullable<Settings['cascade']>): CascadeSettings | null {
  if (!(own.enabled ?? defaults.cascade.enabled)) return null;
  return {
    minConfidence: own.min_confidence ?? defaults.cascade.min_confidence,
    tokens: own.tokens ?? defaults.cascade.tokens,
    minScore: own.min_score ?? defaults.cascade.min_score,
  };
}

function checkThreshold({ threshold, target_strong_share: share }: Settings): string[] {
  if (threshold === undefined || share === undefined) return [];
  return [
    `${nameSetting('threshold')} is ${threshold} and ${nameSetting('target_strong_share')} is ${share}: ` +
      'a fixed threshold holds no share; leave one of them out',
  ];
}

function checkRouters(names: readonly string[]): string[] {
  const known: readonly string[] = routerNames;
  return names
    .filter((name) => !known.includes(name))
    .map(
      (name) =>
        `${nameSetting('routers')}: there is no router "${name}": name one or more of ${known.join(', ')}`,
    );
}

function createTimeouts(
  own: NonNullable<Settings['timeouts']>,
  deployments: readonly Deployment[],
): Timeouts {
  const isAnyLocal = deployments.some(({ baseUrl }) => isLocalHost(baseUrl));
  const { headers, remoteHeaders } = defaults.timeouts;
  return {
    connectMs: own.connect ?? defaults.timeouts.connect,
    headersMs: own.headers ?? (isAnyLocal ? headers : remoteHeaders),
    idleMs: own.idle ?? defaults.timeouts.idle,
    totalMs: own.total ?? defaults.timeouts.total,
    decisionMs: own.decision ?? defaults.timeouts.decision,
    drainMs: own.drain ?? defaults.timeouts.drain,
  };
}

function createLimits({ limits: own = {}, general_settings: general }: Settings): Limits {
  return {
    bodyBytes: own.body_bytes ?? defaults.limits.body_bytes,
    jsonDepth: own.json_depth ?? defaults.limits.json_depth,
    answerBytes: own.answer_bytes ?? defaults.limits.answer_bytes,
    eventBytes: own.event_bytes ?? defaults.limits.event_bytes,
    inFlight: own.in_flight ?? general?.global_max_parallel_requests ?? defaults.limits.in_flight,
  };
}

function collect<T>(problems: string[], make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(error.message);
    return null;
  }
}

function throwIfAny(problems: readonly string[]): void {
  if (problems.length === 1) throw new ConfigError(problems[0] ?? '');
  if (problems.length > 1) {
    throw new ConfigError(
      `${problems.length} things are wrong:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
  }
}
