import { BadRequestError, UpstreamError, type AppError } from '../errors.ts';
import { isObject } from '../is-object.ts';

export const contextTooLong =
  /context[ _-]?(?:length|window|size)|maximum context|too many tokens|prompt is too long/i;

const tooFast: ReadonlySet<unknown> = new Set(['rate_limit_exceeded', 'insufficient_quota', 429]);

/** Of OpenAI's codes those that speak of the client's own request; `invalid_api_key` is ours. */
const refused =
  /^(?:invalid_(?:prompt|request|image|base64_image|encrypted)|unsupported_image|image_|empty_image|failed_to_download_image|400$|413$|422$)/;

/**
 * What an upstream reports in a stream, or under status 200, as the same error status would have
 * said it. Null when no more is known than that it failed.
 *
 * @param error the `error` of an answer or an event
 * @param said its words, as far as they may be repeated
 */
export function reportedFailure(error: unknown, said: string): AppError | null {
  const code = isObject(error) ? error['code'] : null;
  if (code === 'context_length_exceeded' || contextTooLong.test(said)) {
    return refusal(said, 'context_length_exceeded');
  }
  if (tooFast.has(code)) {
    return new UpstreamError('The upstream is rate limited.', {
      ...{ status: 429, type: 'rate_limit_error', code: 'upstream_rate_limited' },
      cause: new Error(said),
    });
  }
  if (refused.test(String(code))) return refusal(said, typeof code === 'string' ? code : null);
  return null;
}

function refusal(said: string, code: string | null): BadRequestError {
  return new BadRequestError(`The model refused the request: ${said}`, { code });
}
