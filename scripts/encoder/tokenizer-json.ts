/** Pieces with log probabilities, in id order, as vocab.json of the original lists them. */
export type Vocabulary = [piece: string, score: number][];

/** Ids 0..5 are reserved and never match text: unknown, begin, end, three spare ones. */
const reserved = 6;

/**
 * The vocabulary as a `tokenizer.json` of transformers.js. What the original does, in its words:
 * NFKC, one "▁" before the text, every space becomes "▁", then the best path of the unigram model.
 * Metaspace is not used, since it leaves the leading "▁" out where the text begins with a space.
 * A reserved piece gets a name with a space in it: no text holds one once spaces are replaced.
 */
export function buildTokenizerJson(vocabulary: Vocabulary): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKC' },
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: vocabulary.map(([piece, score], id) =>
        id > 0 && id < reserved ? [`reserved ${id}`, 0] : [piece, score],
      ),
    },
  };
}
