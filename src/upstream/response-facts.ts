import { isObject } from '../is-object.ts';
import { asArray, noteText, stringLength, tokenCount, type AnswerFacts } from './answer-facts.ts';
import type { EventKind } from './sse-events.ts';

type Json = Record<string, unknown>;

/** Reads a whole answer of the Responses API, loosely, as `readFacts` does a completion. */
export function readResponse(facts: AnswerFacts, response: Json): void {
  facts.contentChars = 0;
  for (const item of asArray(response['output'])) if (isObject(item)) readItem(facts, item);
  readEnd(facts, response);
}

/** What comes before anything that a reader would see. */
const preludes: ReadonlySet<unknown> = new Set([
  ...['response.created', 'response.queued', 'response.in_progress'],
  ...['response.output_item.added', 'response.content_part.added'],
  ...['response.reasoning_summary_part.added', 'keepalive'],
]);

const ends: ReadonlySet<unknown> = new Set([
  ...['response.completed', 'response.incomplete', 'response.cancelled'],
]);

/** Reads one event of a response's stream. */
export function readResponseEvent(facts: AnswerFacts, event: Json): EventKind {
  const { type, response, item, delta } = event;
  facts.sequence = tokenCount(event['sequence_number']) ?? facts.sequence;
  if (ends.has(type)) {
    // Its output says again what came in pieces, if it came in pieces.
    if (isObject(response)) (facts.isEmpty ? readResponse : readEnd)(facts, response);
    facts.finishReason ??= 'stop';
    return 'done';
  }
  if (isObject(response)) readState(facts, response);
  if (isObject(item)) noteItem(facts, item, type === 'response.output_item.added');
  if (preludes.has(type)) return 'prelude';
  if (typeof type === 'string' && typeof delta === 'string') readDelta(facts, type, delta);
  return 'content';
}

function readDelta(facts: AnswerFacts, type: string, delta: string): void {
  if (type === 'response.audio.delta') {
    facts.isEmpty = false; // sound, not characters
    return;
  }
  facts.contentChars += delta.length;
  if (type === 'response.output_text.delta') noteText(facts, delta);
  else if (type === 'response.refusal.delta') facts.isEmpty = false;
}

function readItem(facts: AnswerFacts, item: Json): void {
  noteItem(facts, item, true);
  const { name, arguments: args, input } = item;
  facts.contentChars += stringLength(name) + stringLength(args) + stringLength(input);
  for (const part of [...asArray(item['content']), ...asArray(item['summary'])]) {
    if (!isObject(part)) continue;
    const { text, refusal } = part;
    facts.contentChars += stringLength(text) + stringLength(refusal);
    if (stringLength(refusal) > 0) facts.isEmpty = false;
    if (part['type'] === 'output_text' && typeof text === 'string') noteText(facts, text);
  }
}

/** What the client has to do; all other calls are the provider's own work. */
const clientCalls: ReadonlySet<unknown> = new Set([
  ...['function_call', 'custom_tool_call', 'computer_call', 'local_shell_call', 'shell_call'],
  ...['apply_patch_call', 'mcp_approval_request'],
]);

/** A client can use a call and an image; reasoning alone is no answer. */
function noteItem(facts: AnswerFacts, { type }: Json, isNew: boolean): void {
  if (clientCalls.has(type)) facts.callsTools = true;
  if (clientCalls.has(type) || type === 'image_generation_call') facts.isEmpty = false;
  // What was said before the last message is a comment on the work.
  if (isNew && type === 'message' && facts.kept !== null) facts.kept.text = '';
}

function readState(facts: AnswerFacts, { model, usage }: Json): void {
  if (typeof model === 'string' && model !== '') facts.model ??= model;
  if (!isObject(usage)) return;
  const { input_tokens_details: details } = usage;
  facts.promptTokens = tokenCount(usage['input_tokens']) ?? facts.promptTokens;
  facts.cachedTokens =
    tokenCount(isObject(details) ? details['cached_tokens'] : null) ?? facts.cachedTokens;
  facts.completionTokens = tokenCount(usage['output_tokens']) ?? facts.completionTokens;
}

/** Its end in the words of a completion's `finish_reason`, which the log has for all. */
function readEnd(facts: AnswerFacts, response: Json): void {
  readState(facts, response);
  const { status, incomplete_details: details } = response;
  const reason = isObject(details) ? details['reason'] : null;
  if (status === 'incomplete') {
    const isLength = typeof reason !== 'string' || reason === 'max_output_tokens';
    facts.finishReason ??= isLength ? 'length' : reason;
  } else if (status === 'cancelled') facts.finishReason ??= status;
  else facts.finishReason ??= facts.callsTools ? 'tool_calls' : 'stop';
}
