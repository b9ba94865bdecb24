import { parseEmbeddingsAnswer } from '../embedding/endpoint-answer.ts';
import { UpstreamError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import type { EmbeddingsRequest } from './embeddings-request.ts';

type Encoding = EmbeddingsRequest['encoding'];

/** An answer in OpenAI's shape, from vectors of our own. */
export function embeddingsBody(
  model: string,
  vectors: readonly Float32Array[],
  tokens: number,
  encoding: Encoding,
) {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      ...{ object: 'embedding', index, embedding: encode(vector, encoding) },
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/**
 * An upstream's answer with its vectors in the encoding that the client asked for, whichever they
 * came in: clients take what they asked for on trust, and read 192 wrong numbers out of 768
 * (LiteLLM#42426).
 *
 * @throws UpstreamError when it does not hold one good vector for each input.
 */
export function reencodeEmbeddings(bytes: Buffer, { count, encoding }: EmbeddingsRequest): Buffer {
  const text = bytes.toString('utf8');
  const vectors = readVectors(text);
  if (vectors.length !== count) {
    throw invalidAnswer(`with ${vectors.length} vectors for ${count} inputs`);
  }
  if (!vectors.every((vector) => vector.length > 0 && vector.every(Number.isFinite))) {
    throw invalidAnswer('with a vector that is empty or holds no finite numbers');
  }
  const body = JSON.parse(text) as Record<string, unknown> & { data: unknown[] };
  const isFloat = (entry: unknown) => isObject(entry) && Array.isArray(entry['embedding']);
  if (encoding === 'float' && body.data.every(isFloat)) return bytes;
  const data = vectors.map((vector, index) => ({
    ...{ object: 'embedding', index, embedding: encode(vector, encoding) },
  }));
  return Buffer.from(JSON.stringify({ ...body, data }));
}

function readVectors(text: string): Float32Array[] {
  try {
    return parseEmbeddingsAnswer(text);
  } catch (error) {
    throw invalidAnswer('without vectors', error);
  }
}

function invalidAnswer(what: string, cause?: unknown): UpstreamError {
  return new UpstreamError(`The embeddings upstream sent an answer ${what}.`, {
    code: 'upstream_invalid_response',
    cause,
  });
}

/** Base64 is of little-endian float32, as every platform of Node's has it in memory. */
function encode(vector: Float32Array, encoding: Encoding): number[] | string {
  return encoding === 'float'
    ? [...vector]
    : Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
