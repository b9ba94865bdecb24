import type { Dispatcher } from 'undici';
import { withoutCredentials } from '../base-url.ts';
import { UpstreamError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { readFacts, type AnswerFacts } from './answer-facts.ts';
import type { Deployment } from './deployment.ts';

/** @throws UpstreamError when the body is no chat completion. */
export function readAnswer(
  deployment: Deployment,
  url: string,
  bytes: Buffer,
  facts: AnswerFacts,
): void {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalidAnswer(deployment, url, 'not JSON', error);
  }
  if (!isObject(body)) throw invalidAnswer(deployment, url, 'not a JSON object');
  if (isObject(body['error'])) {
    throw new UpstreamError(`The ${deployment.group} upstream answered 200 with an error.`, {
      code: 'upstream_error',
      cause: new Error(bytes.toString('utf8', 0, 500)),
    });
  }
  if (!Array.isArray(body['choices']) || body['choices'].length === 0) {
    throw invalidAnswer(deployment, url, 'without choices');
  }
  readFacts(facts, body);
}

/** @throws UpstreamError when a stream was asked for and something else came. */
export function assertEventStream(
  deployment: Deployment,
  url: string,
  reply: Dispatcher.ResponseData,
): void {
  const type = String(reply.headers['content-type'] ?? 'none');
  if (type.startsWith('text/event-stream')) return;
  reply.body.on('error', () => {}).destroy();
  throw invalidAnswer(deployment, url, `of type ${type.slice(0, 60)} to a request for a stream`);
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

/** The whole body; over `limit` bytes it is cut, or fails, and the connection is dropped. */
export async function readAll(
  body: Dispatcher.ResponseData['body'],
  limit: number,
  over: 'cut' | 'fail',
  onChunk: () => void,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    onChunk();
    chunks.push(chunk);
    size += chunk.length;
    if (size <= limit) continue;
    body.on('error', () => {}).destroy();
    if (over === 'cut') break;
    throw new UpstreamError(`The upstream's answer is larger than ${limit} bytes.`, {
      code: 'upstream_response_too_large',
    });
  }
  return Buffer.concat(chunks);
}
