// Reads a rating 1..5 from a chat completion. With log-probabilities, at the first token that is a
// rating, and p_k the probability of rating k over the listed alternatives, normalised to the five,
//   score = 1 - (p4 + p5)        (RouteLLM, causal_llm: high ratings of the weak answer go to weak)
// Without them the rating in the text counts as certain. No rating at all: 1, as in RouteLLM. Reasoning
// and the scale, such as "on a scale of 1 to 5", hold none.
import { z } from 'zod';
import { parseAnswer } from '../parse-answer.ts';

const alternative = z.object({ token: z.string(), logprob: z.number() });

/** Loose on purpose: only what is read is checked. */
const answerSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish() }),
        logprobs: z
          .object({
            content: z
              .array(alternative.extend({ top_logprobs: z.array(alternative).nullish() }))
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
});

export interface RatingAnswer {
  readonly score: number;
  /** Of ratings 1 to 5; null when the answer holds none. */
  readonly probabilities: readonly number[] | null;
}

const ratings = 5;

/** @throws Error when it is no chat completion */
export function parseRatingAnswer(body: string): RatingAnswer {
  const [choice] = parseAnswer(answerSchema, body).choices;
  const first = firstRating(choice?.logprobs?.content ?? []);
  const probabilities = first
    ? normalized(first.top_logprobs?.length ? first.top_logprobs : [first])
    : certain(choice?.message.content ?? '');
  if (probabilities === null) return { score: 1, probabilities };
  return { score: 1 - (probabilities[3]! + probabilities[4]!), probabilities };
}

const noRating =
  /<think>[^]*?(?:<\/think>|$)|(?<![\d.,])1\s*(?:\([^)]*\)\s*)?(?:to|and|through|[-–—])\s*5(?![\d]|[.,]\d)/gi;

/** Spaces for what is no rating: all else keeps its place. */
function withoutScale(text: string): string {
  return text.replace(noRating, (part) => ' '.repeat(part.length));
}

function firstRating<Token extends { readonly token: string }>(
  tokens: readonly Token[],
): Token | undefined {
  const text = withoutScale(tokens.map(({ token }) => token).join(''));
  let end = 0;
  return tokens.find(({ token }) => {
    const start = end;
    end += token.length;
    return ratingOf(text.slice(start, end)) !== null;
  });
}

/** The digit of a token such as "4", " 4", "[[4]]". */
function ratingOf(token: string): number | null {
  const digit = /^[^\p{L}\p{N}]*([1-5])[^\p{L}\p{N}]*$/u.exec(token)?.[1];
  return digit === undefined ? null : Number(digit);
}

function normalized(alternatives: readonly z.infer<typeof alternative>[]): number[] | null {
  const sums = new Array<number>(ratings).fill(0);
  for (const { token, logprob } of alternatives) {
    const rating = ratingOf(token);
    if (rating !== null) sums[rating - 1]! += Math.exp(Math.min(0, logprob));
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  return total > 0 ? sums.map((value) => value / total) : null;
}

/** The first digit of the text that stands alone: "Rating: 4", "[[4]]", "4/5". */
function certain(text: string): number[] | null {
  const answer = withoutScale(text);
  const rating = /(?<![\d.,])([1-5])(?:\s*(?:\/|out of)\s*5)?(?![\d]|[.,]\d)/.exec(answer)?.[1];
  if (rating === undefined) return null;
  return Array.from({ length: ratings }, (_, i) => (i + 1 === Number(rating) ? 1 : 0));
}
