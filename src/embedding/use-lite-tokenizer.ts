import { env, PreTrainedTokenizer } from '@xenova/transformers';
import { keepHeadAndTail } from './bounded-text.ts';

export interface Tokenized {
  /** Ids of the text, or of its head and tail where it is very long; none for an empty text. */
  readonly ids: readonly number[];
  /** Tokens of the whole text; scaled up from head and tail where the text is very long. */
  readonly tokens: number;
  /** Share of `ids`, 0..1, that are the unknown token. */
  readonly unknownShare: number;
}

export type Tokenize = (text: string) => Tokenized;

const unknownId = 0;

/**
 * Far above the 8 windows of 128 tokens that are embedded (about 4,000 characters), and still
 * under 80 ms to tokenize. NFKC can lengthen a text up to 18-fold, hence the second cut below.
 */
const maxCharacters = 20_000;

/** The tokenizer of the shipped encoder from its two JSON files; reads nothing else, no network. */
export function createUseLiteTokenizer(tokenizerJson: object, tokenizerConfig: object): Tokenize {
  env.allowRemoteModels = false;
  const tokenizer = new PreTrainedTokenizer(tokenizerJson, tokenizerConfig);
  return (text) => {
    if (text === '') return { ids: [], tokens: 0, unknownShare: 0 };
    const normalized = keepHeadAndTail(text, maxCharacters).normalize('NFKC');
    const ids = tokenizer.encode(keepHeadAndTail(normalized, maxCharacters));
    const unknown = ids.reduce((count, id) => count + (id === unknownId ? 1 : 0), 0);
    const stretch = Math.max(1, text.length / maxCharacters);
    return {
      ids,
      tokens: Math.round(ids.length * stretch),
      unknownShare: unknown / ids.length,
    };
  };
}
