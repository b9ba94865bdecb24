import { z } from 'zod';
import { parseAnswer } from '../parse-answer.ts';

/** Loose on purpose: only what is read is checked. */
const answerSchema = z.object({
  data: z
    .array(
      z.object({
        index: z.int().optional(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    )
    .min(1),
});

/** Base64 of little-endian float32, which some servers send although floats were asked for. */
function decodeBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  const vector = new Float32Array(Math.floor(bytes.length / 4));
  for (let i = 0; i < vector.length; i++) vector[i] = bytes.readFloatLE(4 * i);
  return vector;
}

/**
 * The vectors of an OpenAI embeddings answer, in the order of the inputs.
 * @throws Error when the answer is something else
 */
export function parseEmbeddingsAnswer(body: string): Float32Array[] {
  const { data } = parseAnswer(answerSchema, body);
  return data
    .map((entry, position) => ({ place: entry.index ?? position, embedding: entry.embedding }))
    .sort((a, b) => a.place - b.place)
    .map(({ embedding }) =>
      typeof embedding === 'string' ? decodeBase64(embedding) : Float32Array.from(embedding),
    );
}
