import { AppError, BadRequestError, UpstreamError, type AppErrorOptions } from '../errors.ts';
import { withoutCredentials } from '../base-url.ts';
import type { ApiPath } from './call-target.ts';
import type { Deployment } from './deployment.ts';
import { isObject } from '../is-object.ts';
import { contextTooLong } from './reported-failure.ts';
import { passedOnHeaders, type ReplyHeaders } from './passed-on-headers.ts';

/** What an upstream answered instead of a completion. */
export interface FailedReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly text: string;
  readonly url: string;
  readonly path: ApiPath;
}

/**
 * An upstream's error status as ours. What it says about *our* configuration (401, 403, 404) is a
 * 502: passing it on would blame the client. What it says about the client's parameters is passed
 * on as 400. The text of a server error is kept as the cause, for the log only.
 */
export function failureOfReply(deployment: Deployment, reply: FailedReply): AppError {
  const { status, headers } = reply;
  const where = `${deployment.group} upstream ${withoutCredentials(reply.url)}`;
  const said = saidBy(deployment, reply.text);
  const cause = new Error(`${where} answered ${status}: ${said}`);
  const known = { upstreamStatus: status, cause };
  const retry = { headers: retryHeaders(headers) };

  if (status >= 300 && status < 400) {
    return new UpstreamError(
      `The ${where} redirected (${status}); redirects are not followed, since the key would go ` +
        `along. Set the base URL of ${deployment.id} to the final address.`,
      { code: 'upstream_redirect', ...known },
    );
  }
  // 402: no credit left; 407: a proxy of ours wants a key.
  if (status === 401 || status === 402 || status === 403 || status === 407) {
    return new UpstreamError(
      `The ${where} refused our credentials (${status}). Check the key of ${deployment.id}.`,
      { code: 'upstream_auth_failed', ...known },
    );
  }
  if (status === 404 || status === 405) return notFound(deployment, reply, said, known);
  if (status === 408) {
    const timedOut = { status: 504, code: 'upstream_timeout', ...known };
    return new UpstreamError(`The ${where} gave up waiting (408).`, timedOut);
  }
  if (status === 429) {
    return new UpstreamError(`The ${where} is rate limited.`, {
      status: 429,
      type: 'rate_limit_error',
      code: 'upstream_rate_limited',
      ...known,
      headers: { ...limitHeaders(headers), ...retry.headers },
    });
  }
  if (refusals.has(status)) return refusedRequest(deployment, reply, said, known);
  if (status === 503) {
    return new UpstreamError(`The ${where} is not available (503).`, {
      status: 503,
      code: 'upstream_error',
      ...known,
      ...retry,
    });
  }
  return new UpstreamError(`The ${where} failed (${status}).`, {
    code: 'upstream_error',
    ...known,
  });
}

/** What is known of every failed reply. */
type Known = Required<Pick<AppErrorOptions, 'upstreamStatus' | 'cause'>>;

/** What an upstream answers to the client's own parameters; other 4xx are between it and us. */
const refusals: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** How much is left of which limit; the wait is looked at by itself. */
function limitHeaders(headers: ReplyHeaders): Record<string, string> {
  return passedOnHeaders({ ...headers, 'retry-after': undefined });
}

const longestWaitSeconds = 86_400;

/** Of the waits that an upstream asks for, those that make sense. */
function retryHeaders(headers: ReplyHeaders): Record<string, string> {
  const sensible: Record<string, string> = {};
  for (const [name, longest] of [
    ['retry-after', longestWaitSeconds],
    ['retry-after-ms', longestWaitSeconds * 1000],
  ] as const) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const isNumber = /^\d+(?:\.\d+)?$/.test(value) && Number(value) <= longest;
    const isDate = /^[A-Z][a-z]{2}, /.test(value) && !Number.isNaN(Date.parse(value));
    if (isNumber || isDate) sensible[name] = value;
  }
  return sensible;
}

function notFound(
  deployment: Deployment,
  reply: FailedReply,
  said: string,
  known: Known,
): AppError {
  const { status, path, url } = reply;
  const where = `${deployment.group} upstream ${withoutCredentials(url)}`;
  // A file or an item of the request that is not there.
  const param = errorParam(reply.text);
  if (param !== null && param !== 'model') return refusedRequest(deployment, reply, said, known);
  const isOfModel = said.includes(deployment.model) || /model/i.test(said);
  // OpenAI: "This is a chat model and not supported in the v1/completions endpoint."
  const isOfPath = status === 405 || !isOfModel || /completions|responses|endpoint/i.test(said);
  if (isOptional(path) && isOfPath) return noEndpoint(deployment, url, path, said, known);
  if (!isOfModel) {
    return new UpstreamError(
      `There is no /${path} at the ${where}. Check the base URL of ${deployment.id}.`,
      { code: 'upstream_not_found', ...known },
    );
  }
  return new UpstreamError(
    `The ${where} does not have the model "${deployment.model}" (404). ` +
      `With Ollama: ollama pull ${deployment.model}`,
    { code: 'upstream_model_not_found', ...known },
  );
}

/** What not every server has, and what else is to be known of it. */
const optionalPaths = {
  completions: '',
  responses: ' Ollama has /responses from version 0.13.3 on.',
} as const;

type OptionalPath = keyof typeof optionalPaths;

export function isOptional(path: ApiPath): path is OptionalPath {
  return path in optionalPaths;
}

/** The model may be there all the same: nothing is wrong with the deployment. */
export function noEndpoint(
  deployment: Deployment,
  url: string,
  path: OptionalPath,
  said: string,
  known: Partial<Known> = {},
): AppError {
  const isReadable = said !== '' && said.length <= 200 && !said.startsWith('<');
  return new UpstreamError(
    `The ${deployment.group} upstream ${withoutCredentials(url)} has no /${path} for ` +
      `${deployment.model}${isReadable ? ` (it says: ${said})` : ''}; ` +
      `use /v1/chat/completions.${optionalPaths[path]}`,
    {
      ...{ status: 404, type: 'invalid_request_error', code: 'upstream_endpoint_not_found' },
      ...known,
    },
  );
}

function refusedRequest(
  deployment: Deployment,
  reply: FailedReply,
  said: string,
  known: Known,
): AppError {
  const body = parseError(reply.text);
  const param = errorParam(reply.text);
  const code = isObject(body) && typeof body['code'] === 'string' ? body['code'] : null;
  return new BadRequestError(`The ${deployment.group} model refused the request: ${said}`, {
    status: reply.status === 413 ? 413 : 400,
    param,
    code: contextTooLong.test(said) ? 'context_length_exceeded' : code,
    ...known,
  });
}

/** A thrown connection error as ours, with the host only: never an IP list, path or key. */
export function failureOfConnection(deployment: Deployment, url: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { host } = new URL(url);
  const code = errorCode(error);
  const where = `${deployment.group} upstream at ${host}`;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new UpstreamError(`The ${where} did not accept a connection in time.`, {
      code: 'upstream_unreachable',
      cause: error,
    });
  }
  if (
    code.startsWith('HPE_') ||
    code === 'HTTPParserError' ||
    code === 'UND_ERR_HEADERS_OVERFLOW'
  ) {
    return new UpstreamError(`The ${where} does not speak HTTP (${code}).`, {
      code: 'upstream_invalid_response',
      cause: error,
    });
  }
  const why =
    {
      ECONNREFUSED: 'refuses connections; is it running?',
      ENOTFOUND: 'has a host name that does not resolve.',
      EAI_AGAIN: 'has a host name that cannot be resolved now.',
      ECONNRESET: 'closed the connection.',
      UND_ERR_SOCKET: 'closed the connection.',
    }[code] ?? `cannot be reached (${code}).`;
  return new UpstreamError(`The ${where} ${why}`, { code: 'upstream_unreachable', cause: error });
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

/** The upstream's own words, trimmed, without the key that we sent. */
export function saidBy(deployment: Deployment, text: string): string {
  const body = parseError(text);
  const message =
    isObject(body) && typeof body['message'] === 'string'
      ? body['message']
      : typeof body === 'string'
        ? body
        : text;
  const key = deployment.apiKey?.reveal();
  const safe = key ? message.replaceAll(key, '***') : message;
  return safe.replace(/\s+/g, ' ').trim().slice(0, 500);
}

function errorParam(text: string): string | null {
  const body = parseError(text);
  return isObject(body) && typeof body['param'] === 'string' ? body['param'] : null;
}

/** `{"error": {...}}`, `{"error": "text"}` or vLLM's `{"object":"error","message":...}`. */
function parseError(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (!isObject(body)) return text;
    return body['error'] ?? body;
  } catch {
    return text; // not JSON: the text itself is the message
  }
}
