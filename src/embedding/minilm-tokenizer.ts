import { env, PreTrainedTokenizer } from '@xenova/transformers';
import { keepHeadAndTail } from './bounded-text.ts';

export interface Tokenized {
  /** Ids of the text, or of its head and tail where it is very long; none for an empty text. */
  readonly ids: readonly number[];
  /** Tokens of the whole text; scaled up from head and tail where the text is very long. */
  readonly tokens: number;
  /** Share of `ids`, 0..1, that are unknown, or letters of a script that the encoder cannot read. */
  readonly unknownShare: number;
}

export type Tokenize = (text: string) => Tokenized;

/**
 * Far above the 4 windows of 254 tokens that are embedded (about 4,000 characters). A Korean
 * syllable falls into three letters, hence the second cut below.
 */
const maxCharacters = 20_000;

/**
 * Greek ones stand in formulas. The vocabulary holds single letters of many scripts more, of
 * which the network, trained on English, knows little but that they are foreign.
 */
const foreignLetter =
  /(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Common}\p{Script=Inherited}])\p{L}/u;

interface TokenizerJson {
  readonly model?: {
    readonly vocab?: Readonly<Record<string, number>>;
    readonly unk_token?: string;
  };
}

function idsOfUnknown({ model }: TokenizerJson): ReadonlySet<number> {
  const pieces = Object.entries(model?.vocab ?? {});
  return new Set(
    pieces
      .filter(([piece]) => piece === model?.unk_token || foreignLetter.test(piece))
      .map(([, id]) => id),
  );
}

/** BERT takes all of them off its letters, transformers.js only those of Latin, Greek and Cyrillic. */
function withoutAccents(text: string): string {
  return text.normalize('NFD').replace(/\p{Nonspacing_Mark}/gu, '');
}

/** How many times as long a text is as what is read of it. */
function stretchOf({ length }: string): number {
  return Math.max(1, length / maxCharacters);
}

/** The tokenizer of the shipped encoder from its two JSON files; reads nothing else, no network. */
export function createMinilmTokenizer(tokenizerJson: object, tokenizerConfig: object): Tokenize {
  env.allowRemoteModels = false;
  const tokenizer = new PreTrainedTokenizer(tokenizerJson, tokenizerConfig);
  const unknownIds = idsOfUnknown(tokenizerJson);
  return (text) => {
    const letters = withoutAccents(keepHeadAndTail(text, maxCharacters));
    const ids = tokenizer.encode(keepHeadAndTail(letters, maxCharacters), null, {
      add_special_tokens: false,
    });
    const unknown = ids.reduce((count, id) => count + (unknownIds.has(id) ? 1 : 0), 0);
    return {
      ids,
      tokens: Math.round(ids.length * stretchOf(text) * stretchOf(letters)),
      unknownShare: ids.length > 0 ? unknown / ids.length : 0,
    };
  };
}
