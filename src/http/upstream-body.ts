import type { Deployment } from '../upstream/deployment.ts';
import { ownFields, type TextRequest } from './chat-request.ts';
import { withMembers, withoutMembers, type JsonObjectText } from './json-text.ts';

/**
 * The request as it goes upstream: the client's own text with the deployment's model in it and
 * without the fields that are for us. The one thing added is the stream's usage chunk, for the
 * log; the client does not see it unless it asked (`askUsage` false: the upstream is known to
 * refuse the field).
 */
export function upstreamBody(
  body: JsonObjectText,
  request: TextRequest,
  deployment: Deployment,
  askUsage: boolean,
): string {
  const changes: Record<string, string> = { model: JSON.stringify(deployment.model) };
  if (request.stream && !request.wantsUsage && askUsage) {
    changes['stream_options'] = JSON.stringify({ ...request.streamOptions, include_usage: true });
  }
  return withMembers(withoutMembers(body, ownFields), changes);
}
