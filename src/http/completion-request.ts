import { BadRequestError } from '../errors.ts';
import { contentText } from '../routing/prompt-text.ts';
import { invalid, parseShared, type TextRequest } from './chat-request.ts';
import type { JsonObjectText } from './json-text.ts';

/**
 * Reads a `POST /v1/completions` body: as for chat, but one `prompt`, which is scored and passed on
 * as it came. Token ids say nothing to a router, and several prompts may need several models.
 *
 * @throws BadRequestError naming the field.
 */
export function parseCompletionRequest(body: JsonObjectText): TextRequest {
  const { prompt, messages } = body.value;
  const shared = parseShared(body, 'completions');
  if (messages !== undefined) {
    throw new BadRequestError(
      '"messages" is for chat: use POST /v1/chat/completions. This path takes a "prompt".',
      { param: 'messages' },
    );
  }
  const text = contentText(onlyPrompt(prompt));
  return { ...shared, text: text === '' ? null : text, messages: null };
}

function onlyPrompt(prompt: unknown): string {
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(prompt)) throw invalid('prompt', 'must be a string');
  const [first, ...others] = prompt as unknown[];
  if (typeof first === 'number' || Array.isArray(first)) {
    throw invalid('prompt', 'must be text; token ids cannot be routed');
  }
  if (typeof first !== 'string') throw invalid('prompt', 'must be a string');
  if (others.length > 0) throw invalid('prompt', 'must be one prompt a request');
  return first;
}
