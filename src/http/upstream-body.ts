import type { Deployment } from '../upstream/deployment.ts';
import { ownFields, type TextRequest } from './chat-request.ts';
import { withMembers, withoutMembers, type JsonObjectText } from './json-text.ts';

/** What we ask of an upstream beyond what the client asks. */
export interface Extras {
  /** A stream's usage chunk, for the log; false where the upstream refuses `stream_options`. */
  readonly usage: boolean;
  /** The tokens' log-probabilities, for a cascade. */
  readonly logprobs: boolean;
}

/**
 * The request as it goes upstream: the client's own text with the deployment's model in it and
 * without the fields that are for us. Only `extras` are added; the client does not see what they
 * bring unless it asked itself.
 */
export function upstreamBody(
  body: JsonObjectText,
  request: TextRequest,
  deployment: Deployment,
  extras: Extras,
): string {
  const changes: Record<string, string> = { model: JSON.stringify(deployment.model) };
  const isUsageRefused = request.asksUsage && !extras.usage;
  if (extras.usage && !request.wantsUsage) {
    changes['stream_options'] = JSON.stringify({ ...request.streamOptions, include_usage: true });
  }
  if (extras.logprobs) changes['logprobs'] = 'true';
  const left = isUsageRefused ? new Set([...ownFields, 'stream_options']) : ownFields;
  return withMembers(withoutMembers(body, left), changes);
}
