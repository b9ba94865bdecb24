import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { hashOfSentKey } from '../access/key-set.ts';
import type { Ability } from '../demands.ts';
import { BadRequestError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { wishedFormat } from '../judging/json-wish.ts';
import type { RequestFacts } from '../routing/decide.ts';
import { messageFacts, openingOf, stringsIn, textsOf } from '../routing/message-facts.ts';
import { estimateTokens } from '../upstream/token-estimate.ts';
import { presentedKey } from './auth.ts';
import type { TextRequest } from './chat-request.ts';

/** What clients name a conversation by, first one first; Codex's helpers share its `session-id`. */
const sessionHeaders = [
  ...['x-pointsman-session', 'x-session-id', 'x-openwebui-chat-id'],
  ...['thread-id', 'session-id'], // Codex
  ...['x-thread-id', 'session_id'], // Mastra, pi
];

const needsSchema = ['json_schema', 'json_object'];

/**
 * What the decision reads of a request beside its text.
 *
 * @throws BadRequestError when the header that marks private requests is neither true nor false: a
 *   slip must not make a private request public.
 */
export function requestFacts(
  req: IncomingMessage,
  request: Pick<TextRequest, 'text' | 'messages' | 'promptChars'>,
  body: Readonly<Record<string, unknown>>,
): RequestFacts {
  const { messages } = request;
  const { images, turns, isToolTurn } = messageFacts(messages ?? []);
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  const key = presentedKey(req);
  return {
    text: request.text,
    promptTokens: estimateTokens(request.promptChars),
    needs: needsOf(body, images),
    isPrivate: isMarkedPrivate(req.headers, metadata),
    headers: req.headers,
    metadata,
    keyHash: key === '' ? '' : hashOfSentKey(key),
    texts: () =>
      messages === null
        ? [request.text ?? '', ...stringsIn([body['prompt'], body['suffix']])]
        : textsOf(messages),
    session: {
      name: sessionName(req.headers, metadata),
      opening: messages === null ? null : openingWith(endUser(body), messages),
      turns,
    },
    isToolTurn,
  };
}

function needsOf(body: Readonly<Record<string, unknown>>, images: number): Ability[] {
  const { tools, functions } = body;
  const format = wishedFormat(body);
  const hasItems = (value: unknown) => Array.isArray(value) && value.length > 0;
  return [
    ...(images > 0 ? ['images' as const] : []),
    ...(hasItems(tools) || hasItems(functions) ? ['tools' as const] : []),
    ...(isObject(format) && needsSchema.includes(String(format['type']))
      ? ['schema' as const]
      : []),
  ];
}

function isMarkedPrivate(
  headers: IncomingHttpHeaders,
  metadata: Readonly<Record<string, unknown>>,
): boolean {
  const header = headers['x-pointsman-private'];
  if (header !== undefined && header !== 'true' && header !== 'false') {
    throw new BadRequestError('The header x-pointsman-private must be true or false.', {
      param: 'x-pointsman-private',
    });
  }
  // Metadata is also the upstream's: whatever does not say no is taken for a yes.
  return header === 'true' || !saysNo.includes(metadata['private'] ?? null);
}

const saysNo: readonly unknown[] = [null, false, 'false', 0, '0', 'no', ''];

function sessionName(
  headers: IncomingHttpHeaders,
  metadata: Readonly<Record<string, unknown>>,
): string | null {
  const named = sessionHeaders.map((name) => headers[name]).find(isName);
  const inBody = metadata['session_id'];
  return named ?? (isName(inBody) ? inBody : null);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** An end user is no conversation, but two of them never share one. */
function endUser(body: Readonly<Record<string, unknown>>): string {
  const { user, safety_identifier: identifier } = body;
  return isName(user) ? user : isName(identifier) ? identifier : '';
}

function openingWith(user: string, messages: readonly unknown[]): string[] | null {
  const opening = openingOf(messages);
  return opening === null ? null : [user, ...opening];
}
