import { AutoModelForSequenceClassification, AutoTokenizer } from '@xenova/transformers';
import type { ClassifierSource } from './encoder-protocol.ts';
import { findHubModel } from './hub-model.ts';
import type { EncodeText } from './minilm-encoder.ts';

/** Tokens that a classifier reads (RouteLLM's bert); what follows is cut, as there. */
const maxTokens = 512;
/** Far more than 512 tokens; bounds the cost of tokenizing. */
const maxCharacters = 20_000;

interface Tokens {
  readonly input_ids: { readonly dims: readonly number[] };
}

type Tokenize = (
  text: string,
  options: { readonly truncation: boolean; readonly max_length: number },
) => Tokens;
type Classify = (tokens: Tokens) => Promise<{ readonly logits: { readonly data: Float32Array } }>;

/** Any sequence classifier of transformers.js; the "vector" of a text is the logits of its labels. */
export async function loadHubClassifier(source: ClassifierSource): Promise<EncodeText> {
  const { name, quantized } = findHubModel(source);
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForSequenceClassification.from_pretrained(name, { quantized });
  // transformers.js 2 types both as plain functions of anything.
  const tokenize = tokenizer as unknown as Tokenize;
  const classify = model as unknown as Classify;
  const limit = Math.min(maxTokens, Number(tokenizer.model_max_length) || maxTokens);

  return async (text) => {
    const tokens = tokenize(text.slice(0, maxCharacters), { truncation: true, max_length: limit });
    const { logits } = await classify(tokens);
    return {
      vector: Float32Array.from(logits.data),
      tokens: tokens.input_ids.dims.at(-1) ?? null,
      unknownShare: null,
    };
  };
}
