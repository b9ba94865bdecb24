import { BadRequestError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { promptText } from '../routing/prompt-text.ts';
import { countPromptChars, invalid, parseShared, type TextRequest } from './chat-request.ts';
import type { JsonObjectText } from './json-text.ts';

/**
 * Reads a `POST /v1/responses` body. Its `instructions` and `input` are read as the messages of a
 * chat, so that a conversation is routed alike whichever API its client speaks.
 *
 * @throws BadRequestError naming the field, also for what one upstream alone could resolve: the
 *   next turn may go to the other model.
 */
export function parseResponsesRequest(body: JsonObjectText): TextRequest {
  const { input, instructions, messages: ofChat } = body.value;
  const shared = parseShared(body, 'responses');
  if (ofChat !== undefined) {
    throw new BadRequestError(
      '"messages" is for chat: use POST /v1/chat/completions. This path takes "input".',
      { param: 'messages' },
    );
  }
  assertStateless(body.value);
  const system =
    typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  const messages = [...system, ...toMessages(input)];
  const promptChars = countPromptChars(body.text, messages);
  return { text: promptText(messages), messages, ...shared, promptChars };
}

/** What an upstream would have kept of earlier turns, and what would have to be fetched from it. */
const stateful = ['previous_response_id', 'conversation', 'prompt', 'background'];

function assertStateless(body: Readonly<Record<string, unknown>>): void {
  for (const field of stateful) {
    if ((body[field] ?? false) === false) continue;
    throw new BadRequestError(
      `"${field}" needs what one upstream keeps, and each turn may go to another one. ` +
        'Send the whole conversation as "input", with "store": false.',
      { param: field, code: 'unsupported_parameter' },
    );
  }
}

const roles = new Set(['system', 'developer', 'user', 'assistant']);

function toMessages(input: unknown): unknown[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw invalid('input', 'must be a string or a list of items');
  if (input.length === 0) throw invalid('input', 'must hold at least one item');
  return (input as unknown[]).map((item, index) => toMessage(item, `input[${index}]`));
}

function toMessage(item: unknown, at: string): unknown {
  if (!isObject(item)) throw invalid(at, 'must be an object, such as a message or a tool call');
  const { role, content = null } = item;
  const type = typeOf(item);
  if (type === 'item_reference') {
    throw new BadRequestError(
      `"${at}" refers to what one upstream keeps, and each turn may go to another one. ` +
        'With "store": false clients send the item itself.',
      { param: at, code: 'unsupported_parameter' },
    );
  }
  if (type !== 'message') return otherItem(type, item);
  if (typeof role !== 'string' || !roles.has(role)) {
    throw invalid(`${at}.role`, `must be one of ${[...roles].join(', ')}`);
  }
  if (content !== null && typeof content !== 'string' && !Array.isArray(content)) {
    throw invalid(`${at}.content`, 'must be a string or a list of content parts');
  }
  return item;
}

/** Messages and references may leave it out. */
function typeOf({ type, role, id }: Readonly<Record<string, unknown>>): string {
  if (typeof type === 'string') return type;
  return role === undefined && id !== undefined ? 'item_reference' : 'message';
}

/** What a tool said; all else is the model's: its calls, its thoughts, the images it made. */
function otherItem(type: string, item: Readonly<Record<string, unknown>>): unknown {
  const { content = null, output, result } = item;
  if (type === 'image_generation_call' && typeof result === 'string') {
    const image = { type: 'input_image', image_url: `data:;base64,${result}` };
    return { role: 'assistant', content: [image] };
  }
  if (type === 'additional_tools') return item; // nobody's turn
  const role = /_(output|response)$/.test(type) ? 'tool' : 'assistant';
  // A screenshot stands alone, where a message has a list.
  return { ...item, role, content: isObject(output) ? [output] : (output ?? content) };
}
