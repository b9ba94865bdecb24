import { defaults } from './defaults.ts';

/** A command-line flag that sets one key of the settings. */
export interface SettingFlag {
  readonly key: string;
  /** As commander reads it: `--port <number>`; without a value it is a switch. */
  readonly flag: string;
  /** RouteLLM's older spelling of the same. */
  readonly olderFlag?: string;
  readonly help: string;
  /** What holds without the flag, for `--help`. */
  readonly fallback: string;
}

const sameForBoth = 'the base URL for both models';
const keyForBoth = 'the key for both models';
const byModelName = "found by the model's name";

export const settingFlags: readonly SettingFlag[] = [
  {
    key: 'strong.model',
    flag: '--strong-model <model>',
    help: 'model string of the strong model: [provider/]id',
    fallback: 'the largest model of a local Ollama, else a simulated one',
  },
  {
    key: 'weak.model',
    flag: '--weak-model <model>',
    help: 'model string of the weak model',
    fallback: 'the smallest model of a local Ollama, else a simulated one',
  },
  {
    key: 'base_url',
    flag: '--base-url <url>',
    olderFlag: '--alt-base-url <url>',
    help: 'OpenAI-compatible base URL of both models',
    fallback: "the provider's",
  },
  {
    key: 'api_key',
    flag: '--api-key <key>',
    olderFlag: '--alt-api-key <key>',
    help: 'key for both models, seen in the process list: better --api-key-env',
    fallback: 'none is sent',
  },
  {
    key: 'api_key_env',
    flag: '--api-key-env <name>',
    help: 'environment variable with the key for both models',
    fallback: 'none is read',
  },
  {
    key: 'strong.base_url',
    flag: '--strong-base-url <url>',
    help: 'base URL of the strong model',
    fallback: sameForBoth,
  },
  {
    key: 'weak.base_url',
    flag: '--weak-base-url <url>',
    help: 'base URL of the weak model',
    fallback: sameForBoth,
  },
  {
    key: 'strong.api_key_env',
    flag: '--strong-api-key-env <name>',
    help: "environment variable with the strong model's key",
    fallback: keyForBoth,
  },
  {
    key: 'weak.api_key_env',
    flag: '--weak-api-key-env <name>',
    help: "environment variable with the weak model's key",
    fallback: keyForBoth,
  },
  {
    key: 'strong.profile',
    flag: '--strong-profile <name>',
    help: 'trained model that stands for the strong model in scores',
    fallback: byModelName,
  },
  {
    key: 'weak.profile',
    flag: '--weak-profile <name>',
    help: 'trained model that stands for the weak model in scores',
    fallback: byModelName,
  },
  {
    key: 'routers',
    flag: '--routers <names...>',
    help: 'routers to load, the first answers to "auto"',
    fallback: defaults.routers.join(' '),
  },
  {
    key: 'threshold',
    flag: '--threshold <number>',
    help: 'tier boundary, 0 to 1: a score at or above it goes to the strong model',
    fallback: "the applied calibration, else the router's own",
  },
  {
    key: 'target_strong_share',
    flag: '--target-strong-share <share>',
    help: 'share of strong calls, over 0 and under 1, that the threshold follows the traffic to hold',
    fallback: 'none, the threshold stays',
  },
  {
    key: 'exploration',
    flag: '--exploration <share>',
    help: 'share of scored requests, 0 to 0.5, that go to a tier by chance, to learn from',
    fallback: String(defaults.exploration),
  },
  {
    key: 'cascade.enabled',
    flag: '--cascade',
    help: 'ask the strong model when the weak answer is not sure of itself',
    fallback: 'off',
  },
  {
    key: 'embedder',
    flag: '--embedder <name>',
    help: 'local, fast (no encoder), hub:NAME (a transformers.js model) or endpoint',
    fallback: defaults.embedder,
  },
  {
    key: 'embedding.base_url',
    flag: '--embedding-base-url <url>',
    help: 'OpenAI-compatible base URL of the embedding endpoint',
    fallback: 'none',
  },
  {
    key: 'embedding.model',
    flag: '--embedding-model <name>',
    help: 'model at the embedding endpoint',
    fallback: 'none',
  },
  {
    key: 'embedding.api_key_env',
    flag: '--embedding-api-key-env <name>',
    help: "environment variable with the embedding endpoint's key",
    fallback: 'none is read',
  },
  {
    key: 'weights',
    flag: '--weights <file>',
    help: 'router weights',
    fallback: 'those that ship for the embedder',
  },
  {
    key: 'db',
    flag: '--db <file>',
    help: 'SQLite file of the request log',
    fallback: defaults.db,
  },
  {
    key: 'log_prompts',
    flag: '--log-prompts <what>',
    help: 'text kept of each prompt: none, hash or full',
    fallback: defaults.log_prompts,
  },
  {
    key: 'keep_days',
    flag: '--keep-days <number>',
    help: 'delete logged requests after so many days',
    fallback: 'all are kept',
  },
  {
    key: 'host',
    flag: '--host <address>',
    help: 'address to listen on',
    fallback: defaults.host,
  },
  {
    key: 'port',
    flag: '--port <number>',
    help: 'port to listen on, 0 for a free one',
    fallback: String(defaults.port),
  },
  {
    key: 'client_keys_env',
    flag: '--client-keys-env <name>',
    help: 'environment variable with the keys that clients must send, between commas',
    fallback: 'no key is asked for',
  },
  {
    key: 'admin_key_env',
    flag: '--admin-key-env <name>',
    help: 'environment variable with the key for /metrics and the detail of /health',
    fallback: 'no key is asked for',
  },
  {
    key: 'judge.model',
    flag: '--judge-model <model>',
    help: 'model string of the judge, which compares answers',
    fallback: 'none',
  },
  {
    key: 'judge.base_url',
    flag: '--judge-base-url <url>',
    help: 'OpenAI-compatible base URL of the judge',
    fallback: "the provider's",
  },
  {
    key: 'judge.api_key_env',
    flag: '--judge-api-key-env <name>',
    help: "environment variable with the judge's key",
    fallback: 'none is read',
  },
  {
    key: 'shadow.share',
    flag: '--shadow-share <share>',
    help: 'share of scored requests whose other model is asked too, and judged, 0 to 1',
    fallback: String(defaults.shadow.share),
  },
  {
    key: 'verbose',
    flag: '--verbose',
    help: 'log each request; show stack traces',
    fallback: 'off',
  },
];

/** A key in a message, with its flag where it has one: `--strong-base-url (strong.base_url)`. */
export function nameSetting(key: string): string {
  const flag = settingFlags.find((candidate) => candidate.key === key)?.flag.split(' ')[0];
  return flag === undefined ? key : `${flag} (${key} in the file)`;
}
