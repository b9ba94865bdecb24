import { withoutCredentials } from '../base-url.ts';
import { UpstreamError } from '../errors.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import { isObject } from '../is-object.ts';
import { readFacts, type AnswerFacts } from './answer-facts.ts';
import type { ApiPath } from './call-target.ts';
import type { Deployment } from './deployment.ts';
import { isOptional, noEndpoint, saidBy } from './failure.ts';
import type { Redact } from './redact.ts';
import { reportedFailure } from './reported-failure.ts';
import { readResponse } from './response-facts.ts';
import type { UpstreamReply } from './upstream-reply.ts';

/** Where to put what is read, and how to repeat what an upstream says of itself. */
interface Reading {
  readonly facts: AnswerFacts;
  readonly redact: Redact;
}

/** The list that an answer must hold, by its kind, and what to call it when it is missing. */
const requiredLists = {
  'chat/completions': { key: 'choices', name: 'choices' },
  completions: { key: 'choices', name: 'choices' },
  responses: { key: 'output', name: 'output' },
  embeddings: { key: 'data', name: 'embeddings' },
} as const;

const unfinished: ReadonlySet<unknown> = new Set(['failed', 'queued', 'in_progress']);

/** @throws UpstreamError when the body is no answer of its kind: completion or embeddings. */
export function readAnswer(
  deployment: Deployment,
  url: string,
  bytes: Buffer,
  kind: keyof typeof requiredLists,
  { facts, redact }: Reading,
): void {
  const body = parseAnswer(deployment, url, bytes, kind, redact);
  const { key, name } = requiredLists[kind];
  const list = body[key];
  // A response that was cut short may have none.
  const isThere = Array.isArray(list) && (list.length > 0 || kind === 'responses');
  if (!isThere) throw invalidAnswer(deployment, url, `without ${name}`);
  if (kind === 'responses' && unfinished.has(body['status'])) {
    throw invalidAnswer(deployment, url, `that is ${String(body['status'])}`);
  }
  (kind === 'responses' ? readResponse : readFacts)(facts, body);
}

function parseAnswer(
  deployment: Deployment,
  url: string,
  bytes: Buffer,
  path: ApiPath,
  redact: Redact,
): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalidAnswer(deployment, url, 'not JSON', error);
  }
  if (!isObject(body)) throw invalidAnswer(deployment, url, 'not a JSON object');
  const { error } = body;
  if (!isObject(error) && (typeof error !== 'string' || error === '')) return body;
  const said = saidBy(deployment, redact(bytes.toString('utf8')));
  // LM Studio says so under status 200.
  if (isOptional(path) && /unexpected endpoint/i.test(said)) {
    throw noEndpoint(deployment, url, path, said);
  }
  throw (
    reportedFailure(error, said) ??
    new UpstreamError(`The ${deployment.group} upstream answered 200 with an error.`, {
      ...{ code: 'upstream_error', cause: new Error(said) },
    })
  );
}

/** @throws UpstreamError when a stream was asked for and something else came. */
export async function assertEventStream(
  deployment: Deployment,
  url: string,
  reply: UpstreamReply,
  { path, redact }: { readonly path: ApiPath; readonly redact: Redact },
): Promise<void> {
  const type = String(reply.headers['content-type'] ?? 'none');
  if (/^text\/event-stream\b/i.test(type)) return;
  if (/^application\/json\b/i.test(type)) {
    const bytes = await readAll(reply, maxErrorBytes, 'cut', () => {});
    parseAnswer(deployment, url, bytes, path, redact);
  }
  const said = redact(type).slice(0, 60);
  throw invalidAnswer(deployment, url, `of type ${said} to a request for a stream`);
}

/** We ask for `identity`, and a body that is packed all the same cannot be read event by event. */
export function assertNotCompressed(
  deployment: Deployment,
  url: string,
  { headers }: UpstreamReply,
  redact: Redact,
): void {
  const encoding = String(headers['content-encoding'] ?? 'identity');
  if (encoding === 'identity') return;
  const said = redact(encoding).slice(0, 20);
  throw invalidAnswer(deployment, url, `packed as ${said}, which we did not ask for`);
}

function invalidAnswer(
  deployment: Deployment,
  url: string,
  what: string,
  cause?: unknown,
): UpstreamError {
  return new UpstreamError(
    `The ${deployment.group} upstream ${withoutCredentials(url)} sent an answer ${what}. ` +
      `Is the base URL of ${deployment.id} that of an OpenAI-compatible API (Ollama: http://localhost:11434/v1)?`,
    { code: 'upstream_invalid_response', cause },
  );
}

/** As much of an error's body as is read. */
export const maxErrorBytes = 64 * 1024;

/** The whole body; over `limit` bytes it is cut, or fails, and the connection is dropped. */
export async function readAll(
  reply: UpstreamReply,
  limit: number,
  over: 'cut' | 'fail',
  onChunk: () => void,
): Promise<Buffer> {
  const whole = new GrowingBytes();
  for (let bytes = await reply.read(); bytes !== null; bytes = await reply.read()) {
    onChunk();
    whole.append(bytes);
    if (whole.length <= limit) continue;
    reply.release(false);
    if (over === 'cut') break;
    throw new UpstreamError(`The upstream's answer is larger than ${limit} bytes.`, {
      code: 'upstream_response_too_large',
    });
  }
  return whole.bytes();
}
