import { withoutCredentials } from '../base-url.ts';
import type { Config } from '../config/config.ts';
import { isOpenToNetwork } from '../config/create-access.ts';
import { describeGroups } from '../config/describe-groups.ts';
import { leastScores } from '../routing/online-threshold.ts';
import type { CurrentThreshold } from '../routing/thresholds.ts';
import type { Deployment } from '../upstream/deployment.ts';

export interface BannerFacts {
  readonly version: string;
  readonly config: Config;
  readonly url: string;
  readonly threshold: CurrentThreshold;
  /** What the operator should know, such as stand-ins for unknown models. */
  readonly notes: readonly string[];
}

const origins = {
  online: 'follows the traffic',
  configured: 'as configured',
  calibrated: 'from the applied calibration',
  default: "the router's default; npm run calibrate finds a better one",
} as const;

/** What is said once the server listens: where, with what, and lines to try it with. */
export function writeBanner({ version, config, url, threshold, notes }: BannerFacts): string {
  const [router = ''] = config.routers;
  const needsKey = config.access.clientKeys.size > 0;
  return [
    `pointsman ${version} listens on ${url}`,
    `  strong     ${describe(config.strong)}`,
    `  weak       ${describe(config.weak)}`,
    ...describeGroups(config)
      .slice(2) // the tiers are told above
      .map((line) => `  ${line}`),
    `  router     ${router}${config.routers.length > 1 ? ` (also ${config.routers.slice(1).join(', ')})` : ''}`,
    `  threshold  ${Number(threshold.threshold.toFixed(5))} (${origins[threshold.origin]}${describeTarget(config, threshold)})`,
    `  access     ${describeAccess(config)}`,
    `  log        ${config.db} (${describeKept(config)})`,
    `  dashboard  ${reachable(url)}/dashboard`,
    ...notes.map((note) => `  note       ${note}`),
    '',
    needsKey ? 'Try it, with a client key in KEY:' : 'Try it:',
    `  ${curl(url, false, needsKey)}`,
    `  ${curl(url, true, needsKey)}`,
    '',
  ].join('\n');
}

function describeKept({ logPrompts, logEmbeddings, keepDays }: Config): string {
  const vectors = logEmbeddings ? 'kept' : 'none';
  const time = keepDays === null ? '' : `; for ${keepDays} days`;
  return `prompt text: ${logPrompts}, vectors: ${vectors}${time}`;
}

function describeTarget(
  { targetStrongShare: share }: Config,
  { origin }: CurrentThreshold,
): string {
  if (share === null) return '';
  return origin === 'online'
    ? ` to hold a strong share of ${share}`
    : `; from ${leastScores} scores on it follows the traffic to hold a strong share of ${share}`;
}

function describe({ name, baseUrl }: Deployment): string {
  return `${name} at ${withoutCredentials(baseUrl)}`;
}

function describeAccess({ host, access }: Config): string {
  const { size } = access.clientKeys;
  if (size > 0) return `${size} client ${size === 1 ? 'key' : 'keys'}`;
  return isOpenToNetwork(host, access)
    ? `OPEN TO EVERYONE who reaches ${host}: set client keys`
    : 'open to this machine';
}

/** A line to paste into any POSIX shell. The keys are known by their hashes only. */
function curl(url: string, stream: boolean, needsKey: boolean): string {
  const body = {
    model: 'auto',
    ...(stream && { stream }),
    messages: [{ role: 'user', content: 'What is 17 times 23?' }],
  };
  const key = needsKey ? '-H "authorization: Bearer $KEY" ' : '';
  return `curl ${stream ? '-N ' : ''}${reachable(url)}/v1/chat/completions ${key}-H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}

/** An address that means "all interfaces" is no address to call. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//127.0.0.1');
}
