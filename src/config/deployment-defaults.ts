import type { Deployment } from '../upstream/deployment.ts';
import { defaults } from './defaults.ts';
import type { RouterSettings } from './litellm-schema.ts';
import { isLocalHost } from './local-host.ts';

export interface DeploymentWaits {
  readonly router: RouterSettings;
  /** `timeouts.headers`; null: by where the deployment is. */
  readonly headersMs: number | null;
}

/** A deployment's own limits, then the router's; a wait for headers that fits its place. */
export function withDefaults(
  deployment: Deployment,
  { router, headersMs }: DeploymentWaits,
): Deployment {
  const timeoutMs = deployment.timeoutMs ?? router.timeout ?? null;
  const { headers, remoteHeaders } = defaults.timeouts;
  const isLocal = deployment.isLocal ?? isLocalHost(deployment.baseUrl);
  return {
    ...deployment,
    ...{ timeoutMs, isLocal },
    streamTimeoutMs: deployment.streamTimeoutMs ?? router.stream_timeout ?? null,
    maxParallelRequests:
      deployment.maxParallelRequests ?? router.default_max_parallel_requests ?? null,
    // A server that does not stream sends its headers with the whole answer.
    headersTimeoutMs:
      headersMs ?? timeoutMs ?? (isLocalHost(deployment.baseUrl) ? headers : remoteHeaders),
  };
}
