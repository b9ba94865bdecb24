import { BadRequestError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { messageFacts } from '../routing/message-facts.ts';
import { promptText } from '../routing/prompt-text.ts';
import type { JsonObjectText } from './json-text.ts';

/** Below the base URL, ours and an upstream's. */
export type Endpoint = 'chat/completions' | 'completions' | 'responses' | 'embeddings';

/** The fields of a request for text that we read; all others pass through as they came. */
export interface TextRequest {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly stream: boolean;
  /** A stream that tells its usage only when asked to. */
  readonly asksUsage: boolean;
  /** The client asked for the stream's usage chunk itself. */
  readonly wantsUsage: boolean;
  /** `stream_options` as it came; null when there is none. */
  readonly streamOptions: Readonly<Record<string, unknown>> | null;
  /** What is scored; null when no message has text. */
  readonly text: string | null;
  /** The conversation as messages of a chat; null for a bare prompt. */
  readonly messages: readonly unknown[] | null;
  /** What the request says about retries and fallbacks; not forwarded. */
  readonly dispatch: DispatchWishes;
  /** Characters of the request without its pictures' bytes: the base of an estimate. */
  readonly promptChars: number;
}

export interface DispatchWishes {
  readonly numRetries: number | null;
  /** Groups to try before the configured fallbacks. */
  readonly fallbacks: readonly string[];
  readonly disableFallbacks: boolean;
}

/** Fields for us alone. */
export const ownFields: ReadonlySet<string> = new Set([
  'num_retries',
  'fallbacks',
  'disable_fallbacks',
]);

const roles = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/** Never taken from a request: they would choose our upstream or its key (CVE-2024-6587). */
const forbidden = new Set([
  'api_base',
  'base_url',
  'api_key',
  'api_version',
  'extra_headers',
  'model_list',
  'deployment_id',
]);

/** What the user, or a schema, says: any key may stand there. */
const freeForm = new Set([
  ...['messages', 'tools', 'functions', 'response_format', 'prompt'],
  ...['input', 'text.format'], // of responses
]);

/**
 * Reads a `POST /v1/chat/completions` body. Checked by hand and only where we read it: the schema
 * is the upstream's, it grows, and a closed copy of it refuses real requests.
 *
 * @throws BadRequestError naming the field.
 */
export function parseChatRequest(body: JsonObjectText): TextRequest {
  const shared = parseShared(body, 'chat/completions');
  const messages = parseMessages(body.value['messages']);
  const promptChars = countPromptChars(body.text, messages);
  return { text: promptText(messages), messages, ...shared, promptChars };
}

/** Characters of a request, with what a picture is worth in place of its bytes. */
export function countPromptChars(body: string, messages: readonly unknown[] | null): number {
  if (messages === null) return body.length;
  const { images, inlineChars } = messageFacts(messages);
  return body.length - inlineChars + images * charsOfImage;
}

/** A picture is some 1000 tokens, however many characters its base64 has. */
const charsOfImage = 4000;

/** What the endpoints have in common. */
export function parseShared(
  { value: body, text }: JsonObjectText,
  endpoint: Endpoint,
): Omit<TextRequest, 'text' | 'messages'> {
  assertNoUpstreamFields(body);
  const model = body['model'];
  if (typeof model !== 'string') {
    throw invalid('model', 'must be a string, such as "auto"; GET /v1/models lists the names');
  }
  const stream = body['stream'] ?? false;
  if (typeof stream !== 'boolean') throw invalid('stream', 'must be true or false');
  const streamOptions = body['stream_options'] ?? null;
  if (streamOptions !== null && !isObject(streamOptions)) {
    throw invalid('stream_options', 'must be an object');
  }
  if (streamOptions !== null && !stream) {
    throw invalid('stream_options', 'is only allowed with "stream": true');
  }
  return {
    endpoint,
    model,
    stream,
    streamOptions,
    asksUsage: stream && endpoint !== 'responses',
    wantsUsage: streamOptions?.['include_usage'] === true,
    dispatch: parseDispatchWishes(body),
    promptChars: text.length,
  };
}

/** @throws BadRequestError naming the message, such as `messages[3].content`. */
export function parseMessages(messages: unknown): readonly unknown[] {
  if (!Array.isArray(messages)) throw invalid('messages', 'must be a list of messages');
  if (messages.length === 0) throw invalid('messages', 'must hold at least one message');
  for (const [index, message] of (messages as unknown[]).entries()) {
    const at = `messages[${index}]`;
    if (!isObject(message)) throw invalid(at, 'must be an object with role and content');
    const role = message['role'];
    if (typeof role !== 'string' || !roles.has(role)) {
      throw invalid(`${at}.role`, `must be one of ${[...roles].join(', ')}`);
    }
    const content = message['content'] ?? null;
    if (content !== null && typeof content !== 'string' && !Array.isArray(content)) {
      throw invalid(`${at}.content`, 'must be a string, a list of content parts, or null');
    }
  }
  return messages as unknown[];
}

function parseDispatchWishes(body: Readonly<Record<string, unknown>>): DispatchWishes {
  const { num_retries: numRetries = null, disable_fallbacks: disableFallbacks = false } = body;
  const isCount = Number.isSafeInteger(numRetries) && Number(numRetries) >= 0;
  if (numRetries !== null && (!isCount || Number(numRetries) > 10)) {
    throw invalid('num_retries', 'must be a whole number from 0 to 10');
  }
  if (typeof disableFallbacks !== 'boolean') {
    throw invalid('disable_fallbacks', 'must be true or false');
  }
  // One name alone is one name, never a list of its letters (LiteLLM#34362).
  const fallbacks = typeof body['fallbacks'] === 'string' ? [body['fallbacks']] : body['fallbacks'];
  const isNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string');
  if (fallbacks !== undefined && fallbacks !== null && !isNames(fallbacks)) {
    throw invalid('fallbacks', 'must be a list of configured model names');
  }
  return { numRetries: numRetries as number | null, fallbacks: fallbacks ?? [], disableFallbacks };
}

/** @throws BadRequestError at any depth outside of what the user says. */
export function assertNoUpstreamFields(value: unknown, path = ''): void {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as unknown[]).entries()) {
      assertNoUpstreamFields(item, `${path}[${index}]`);
    }
    return;
  }
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (freeForm.has(at)) continue;
    if (forbidden.has(key)) {
      throw new BadRequestError(
        `"${at}" is not accepted in a request: upstreams are set in pointsman's configuration.`,
        { param: at, code: 'unsupported_parameter' },
      );
    }
    if (typeof item === 'object') assertNoUpstreamFields(item, at);
  }
}

export function invalid(param: string, why: string): BadRequestError {
  return new BadRequestError(`"${param}" ${why}.`, { param });
}
