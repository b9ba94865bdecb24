import { AppError } from '../errors.ts';

/**
 * What a failed call means for the next one. LiteLLM's classes, which its retry policies and
 * fallback lists are keyed by.
 */
export type FailureClass =
  | 'bad_request' // the client's fault: no other call can mend it
  | 'context_window'
  | 'content_policy'
  | 'auth' // our key or model name is wrong there: this deployment cannot answer
  | 'not_found'
  | 'no_endpoint' // the model is there, a legacy endpoint is not: nothing is wrong with the deployment
  | 'unsupported' // no deployment of the group may or can answer: none was called
  | 'rate_limit'
  | 'timeout'
  | 'server'; // everything else: refused, reset, 5xx, an answer that is none

export function classifyFailure(error: unknown): FailureClass {
  if (!(error instanceof AppError)) return 'server';
  switch (error.code) {
    case 'context_length_exceeded':
      return 'context_window';
    case 'content_policy_violation':
    case 'content_filter':
      return 'content_policy';
    case 'upstream_auth_failed':
      return 'auth';
    case 'upstream_model_not_found':
    case 'upstream_not_found':
      return 'not_found';
    case 'upstream_endpoint_not_found':
      return 'no_endpoint';
    case 'no_local_deployment':
    case 'not_supported_by_model':
      return 'unsupported';
    case 'upstream_rate_limited':
      return 'rate_limit';
    case 'upstream_timeout':
    case 'stream_idle_timeout':
      return 'timeout';
    default:
      return error.status >= 400 && error.status < 500 ? 'bad_request' : 'server';
  }
}
