import { parseEmbedderFlag, type EmbedderSettings } from '../embedding/create-embedder.ts';
import { ConfigError } from '../errors.ts';
import { readSecretVariable } from './create-deployment.ts';
import { defaults } from './defaults.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings } from './settings-schema.ts';

/** @throws ConfigError when the endpoint's settings and the kind of embedder do not fit. */
export function createEmbedderSettings(
  settings: Settings,
  env: NodeJS.ProcessEnv,
): EmbedderSettings {
  const embedder = parseEmbedderFlag(settings.embedder ?? defaults.embedder);
  const endpoint = settings.embedding ?? {};
  if (embedder.kind !== 'endpoint') {
    const [unused] = Object.keys(endpoint);
    if (unused === undefined) return embedder;
    throw new ConfigError(
      `${nameSetting(`embedding.${unused}`)} is only for an embedding endpoint: set ` +
        `${nameSetting('embedder')} to endpoint, or leave it out`,
    );
  }
  const { base_url: baseUrl, model, api_key_env: variable, dimensions } = endpoint;
  if (baseUrl === undefined || model === undefined) {
    const missing = baseUrl === undefined ? 'embedding.base_url' : 'embedding.model';
    throw new ConfigError(
      `the embedder is endpoint and ${nameSetting(missing)} is missing: give it`,
    );
  }
  return {
    kind: 'endpoint',
    baseUrl,
    model,
    timeoutMs: endpoint.timeout ?? defaults.timeouts.embedding,
    ...(variable !== undefined && {
      apiKey: readSecretVariable('embedding.api_key_env', variable, env),
    }),
    ...(dimensions !== undefined && { dimensions }),
  };
}
