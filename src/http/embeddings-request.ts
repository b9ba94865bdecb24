import { BadRequestError } from '../errors.ts';
import { assertNoUpstreamFields, invalid } from './chat-request.ts';
import type { JsonObjectText } from './json-text.ts';

/** The fields of an embeddings request that we read; an upstream gets the others, too. */
export interface EmbeddingsRequest {
  readonly model: string;
  /** Null when they are token ids. */
  readonly texts: readonly string[] | null;
  /** How many inputs there are. */
  readonly count: number;
  readonly encoding: 'float' | 'base64';
  readonly dimensions: number | null;
  /** Characters of the body: the base of an estimate. */
  readonly chars: number;
}

/** OpenAI's limit. */
const maxInputs = 2048;

/** @throws BadRequestError naming the field. */
export function parseEmbeddingsRequest({ value: body, text }: JsonObjectText): EmbeddingsRequest {
  assertNoUpstreamFields(body);
  const { model, encoding_format: format, dimensions = null } = body;
  if (typeof model !== 'string') throw invalid('model', 'must be a string');
  const encoding = format ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') {
    throw invalid('encoding_format', 'must be "float" or "base64"');
  }
  if (dimensions !== null && !(Number.isSafeInteger(dimensions) && Number(dimensions) > 0)) {
    throw invalid('dimensions', 'must be a whole number over 0');
  }
  return {
    ...{ model, encoding, dimensions: dimensions as number | null, chars: text.length },
    ...parseInput(body['input']),
  };
}

/** A text, a list of texts, a list of token ids, or a list of such lists. */
function parseInput(input: unknown): Pick<EmbeddingsRequest, 'texts' | 'count'> {
  const items: unknown[] = Array.isArray(input) ? input : [input];
  if (items.length === 0) throw invalid('input', 'must hold at least one text');
  if (items.every((item) => typeof item === 'number')) return { texts: null, count: 1 };
  if (items.length > maxInputs) throw invalid('input', `must hold at most ${maxInputs} texts`);
  if (items.every((item) => Array.isArray(item))) return { texts: null, count: items.length };
  const wrong = items.findIndex((item) => typeof item !== 'string' || item === '');
  if (wrong === -1) return { texts: items as string[], count: items.length };
  const at = Array.isArray(input) ? `input[${wrong}]` : 'input';
  throw new BadRequestError(`"${at}" must be a text that is not empty.`, { param: at });
}
