import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import type { Deployment } from './deployment.ts';

/** Below the base URL. */
export type ApiPath = 'chat/completions' | 'completions' | 'responses' | 'embeddings';

/** Where a call goes. */
export interface CallTarget {
  readonly url: string;
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly host: string;
  /** For logs and headers: without user, password, query and fragment. */
  readonly shownUrl: string;
}

const known = new WeakMap<Deployment, Map<ApiPath, CallTarget>>();

/** Worked out once for a deployment and a path: parsing a URL takes as long as deciding does. */
export function callTarget(deployment: Deployment, apiPath: ApiPath): CallTarget {
  const targets = known.get(deployment) ?? new Map<ApiPath, CallTarget>();
  known.set(deployment, targets);
  let target = targets.get(apiPath);
  if (target === undefined) {
    const url = joinApiUrl(deployment.baseUrl, apiPath);
    const { origin, pathname, search, host } = new URL(url);
    target = { url, origin, path: pathname + search, host, shownUrl: withoutCredentials(url) };
    targets.set(apiPath, target);
  }
  return target;
}
