import { unescape as decodePercents } from 'node:querystring';
import { AppError, BadRequestError, UpstreamError, type AppErrorOptions } from '../errors.ts';
import { withoutKeyShapes, type Secret } from '../secret.ts';
import type { Deployment } from './deployment.ts';

/** A text without the secrets in it. */
export type Redact = (text: string) => string;

/** A key like `ollama` is no secret, and a word of many messages. */
const shortestSecret = 8;

/**
 * Replaces every secret that is configured, and what looks like one. Upstreams repeat keys in
 * their messages (LiteLLM#5762 returned all of them).
 */
export function createRedact(deployments: readonly Deployment[], keys: readonly Secret[]): Redact {
  const known = [
    ...deployments.flatMap(({ apiKey }) => (apiKey === null ? [] : [apiKey.reveal()])),
    ...keys.map((key) => key.reveal()),
    ...deployments.flatMap(({ baseUrl }) => secretsOfUrl(baseUrl)),
  ];
  // The longest first: one may be the beginning of another.
  const secrets = [...new Set(known)]
    .filter((secret) => secret.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, '***');
    return withoutKeyShapes(safe);
  };
}

function secretsOfUrl(baseUrl: string): string[] {
  const { password, searchParams } = new URL(baseUrl);
  // Not decodeURIComponent: it throws for a % that encodes nothing, which a URL may hold.
  return [password, decodePercents(password), ...searchParams.values()];
}

/** The same error, its cause included, with all its texts redacted. */
export function redactError(error: Error, redact: Redact): Error {
  if (!(error instanceof AppError)) return error;
  const { status, type, code, param, upstreamStatus, headers, cause } = error;
  const options: AppErrorOptions & { code: string } = {
    ...{ status, type, upstreamStatus },
    cause: cause instanceof Error ? redactCause(cause, redact) : undefined,
    code: (code === null ? null : redact(code)) as string,
    param: param === null ? null : redact(param),
    headers: redactHeaders(headers, redact),
  };
  const message = redact(error.message);
  if (error instanceof UpstreamError) return new UpstreamError(message, options);
  if (error instanceof BadRequestError) return new BadRequestError(message, options);
  return new AppError(message, options);
}

export function redactHeaders(
  headers: Readonly<Record<string, string>>,
  redact: Redact,
): Record<string, string> {
  const safe: Record<string, string> = {};
  for (const name in headers) safe[name] = redact(headers[name] ?? '');
  return safe;
}

/** With message and stack only: libraries hang whole buffers on their errors. */
function redactCause(cause: Error, redact: Redact): Error {
  const safe = new Error(redact(cause.message));
  safe.name = cause.name;
  if (cause.stack !== undefined) safe.stack = redact(cause.stack);
  return safe;
}
