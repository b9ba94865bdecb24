import { ConfigError } from '../errors.ts';
import type { ShadowSettings } from '../judging/shadow.ts';
import { noDispatchLimits, type Deployment } from '../upstream/deployment.ts';
import { missingBaseUrl } from '../upstream/model-string.ts';
import { isSameUpstream } from './check-names.ts';
import { parseOpenAiModel, readSecretVariable, readWholePrice } from './create-deployment.ts';
import { defaults } from './defaults.ts';
import { isLocalHost } from './local-host.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings } from './settings-schema.ts';

/**
 * The model that compares answers; null when none is named. No key of the tiers is used for it.
 * @throws ConfigError when it cannot be called as configured
 */
export function createJudgeDeployment(
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Deployment | null {
  const own = settings.judge ?? {};
  if (Object.keys(own).length === 0) return null;
  const { model: name, api_key_env: variable } = own;
  if (name === undefined) {
    throw new ConfigError(`${nameSetting('judge.model')} is missing: give it`);
  }
  const model = parseOpenAiModel(name);
  const baseUrl = own.base_url ?? model.defaultBaseUrl;
  if (baseUrl === null) {
    throw new ConfigError(missingBaseUrl(name, model, nameSetting('judge.base_url')));
  }
  if (variable === undefined && model.hosted && own.base_url === undefined) {
    throw new ConfigError(
      `the judge "${name}" goes to ${baseUrl}, which needs a key: name its environment variable by ` +
        `${nameSetting('judge.api_key_env')}, or give another base URL by ${nameSetting('judge.base_url')}`,
    );
  }
  const { headers, remoteHeaders } = defaults.timeouts;
  return {
    ...noDispatchLimits,
    ...{ id: 'judge', group: 'judge', name, baseUrl, wire: model.wire },
    model: model.provider === null ? name : model.id,
    apiKey: variable === undefined ? null : readSecretVariable('judge.api_key_env', variable, env),
    price: readWholePrice('judge', own),
    timeoutMs: own.timeout ?? null,
    headersTimeoutMs:
      settings.timeouts?.headers ?? own.timeout ?? (isLocalHost(baseUrl) ? headers : remoteHeaders),
  };
}

/**
 * How much is compared beside live traffic; null for nothing.
 * @throws ConfigError without a judge, and where a cost cannot be known
 */
export function createShadow(
  { shadow: own = {}, judge: judgeSettings = {} }: Settings,
  models: { readonly strong: Deployment; readonly weak: Deployment },
  judge: Deployment | null,
): ShadowSettings | null {
  const share = own.share ?? defaults.shadow.share;
  if (share === 0) return null;
  if (judge === null) {
    if (Object.keys(judgeSettings).length > 0) return null; // what is wrong with it is told already
    throw new ConfigError(
      `${nameSetting('shadow.share')} needs a judge: name one by ${nameSetting('judge.model')}`,
    );
  }
  const unpriced = unpricedRemotes([models.strong, models.weak, judge]);
  if (unpriced.length > 0) {
    throw new ConfigError(
      `${nameSetting('shadow.share')} spends money, and a price is missing for ` +
        `${unpriced.map(({ id }) => id).join(', ')}: give input_per_mtok and output_per_mtok (0 is a price)`,
    );
  }
  return {
    share,
    maxNanoUsdPerDay: Math.round(1e9 * (own.max_cost_per_day ?? defaults.shadow.max_cost_per_day)),
    maxPerHour: own.max_per_hour ?? defaults.shadow.max_per_hour,
  };
}

/** A model of this house costs nothing a call; of any other the price must be given. */
export function unpricedRemotes(deployments: readonly Deployment[]): Deployment[] {
  return deployments.filter(({ price, baseUrl }) => price === null && !isLocalHost(baseUrl));
}

/** Judges favour their own answers (Zheng et al. 2023, arXiv:2306.05685, section 3.3). */
export function judgeWarnings(
  judge: Deployment,
  models: { readonly strong: Deployment; readonly weak: Deployment },
): string[] {
  return (['strong', 'weak'] as const)
    .filter((tier) => isSameUpstream(judge, models[tier]))
    .map(
      (tier) => `the judge is the ${tier} model itself, and judges favour their own: name a third`,
    );
}
