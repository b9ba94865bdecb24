// What is a prompt about? Multinomial logistic regression over the topics of training, a topic being the
// source and the category of an outcome row:
//
//   t(x) = softmax(T x + d)
//
// A prompt between two topics gets some of both.
import { addProductTransposed } from '../math/matrix.ts';
import { softmax } from '../math/vector.ts';

export interface TopicLayer {
  /** "mmlu/law", in the order of the rows. */
  readonly names: readonly string[];
  /**
   * By topic: whether its share counts only where the prompt gives options to choose from, since a model's offset
   * tells of that form (../training/below-guessing.ts).
   */
  readonly ofForm: readonly boolean[];
  /** T [topics x inputs] and d [topics]. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** t [n x topics] of x [n x inputs]; every row sums to 1. */
export function topicShares(
  { weights, bias }: Pick<TopicLayer, 'weights' | 'bias'>,
  x: Float64Array,
  n: number,
): Float64Array {
  const topics = bias.length;
  const shares = new Float64Array(n * topics);
  for (let i = 0; i < n; i++) shares.set(bias, i * topics);
  addProductTransposed(shares, x, weights, n, topics, weights.length / topics);
  for (let i = 0; i < n; i++) {
    shares.set(softmax(shares.subarray(i * topics, (i + 1) * topics)), i * topics);
  }
  return shares;
}
