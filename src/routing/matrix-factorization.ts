// THE score, for serving, training, calibration and evaluation alike.
//
//   f(x)   = [W x + V max(0, U x + c), t(x)]        factors of a prompt: latent ones, shared by all models, and behind
//            them the shares t of the topics of training (./topics.ts), of which each model has its own offset
//            (mixed with those of ./prompt-factors.ts for what the head has not learned)
//   p_m(x) = sigmoid(a_m . f(x) + b_m)              expected quality of model m's answer, 0..1
//   gap    = p_strong(x) - p_weak(x)                expected gain of sending the prompt to strong
//   win rate = sigmoid(alpha + beta * gap)          P(the strong answer scores strictly higher)
//
// alpha and beta > 0 are fixed for a pair, so that ranking prompts by win rate is ranking them by
// expected gain, which is what APGR measures. They come from five numbers fitted once over all pairs:
// with the models' mean qualities q on the training mix and pi = logit(q_s (1 - q_w)), the log odds
// that a pair of independent answers of that quality is a win,
//   alpha = t0 + t1 * pi + t2 * (q_s - q_w),   beta = exp(t3 + t4 * pi).
// Multi-model logistic MF after RouteLLM (arXiv:2406.18665, section 4.2), with a bias per model.
import { addProductTransposed, sideBySide } from '../math/matrix.ts';
import { clamp, dot, logit, sigmoid } from '../math/vector.ts';
import { topicShares, type TopicLayer } from './topics.ts';

/** All matrices row-major. */
export interface MfHead {
  /** Length of x. */
  readonly inputs: number;
  readonly hidden: number;
  /** Length of f: latent factors and topics together. */
  readonly rank: number;
  /** W [latent x inputs]. */
  readonly linear: Float64Array;
  /** U [hidden x inputs] and c [hidden]. */
  readonly hiddenWeights: Float64Array;
  readonly hiddenBias: Float64Array;
  /** V [latent x hidden]. */
  readonly output: Float64Array;
  /** A [models x rank] and b [models]. */
  readonly models: Float64Array;
  readonly modelBias: Float64Array;
  /** Null: f is latent factors alone. */
  readonly topics: TopicLayer | null;
}

/** t0..t4 of the win rate. */
export type WinRateParameters = [number, number, number, number, number];

export interface PairScore {
  /** In [0, 1], always finite. */
  readonly winRate: number;
  /** Expected quality of either answer, 0..1. */
  readonly strong: number;
  readonly weak: number;
}

export interface PairScorer {
  /** From f; `offset` is where it starts in `factors`. */
  scoreFactors(factors: Float64Array, offset?: number): PairScore;
}

/** How many numbers of f are latent factors: all but the topics. */
export function latentCount({ rank, topics }: Pick<MfHead, 'rank' | 'topics'>): number {
  return rank - (topics?.names.length ?? 0);
}

/** Hidden activations h [n x hidden] of x [n x inputs]; `keep` multiplies them (dropout in training). */
export function hiddenLayer(
  head: MfHead,
  x: Float64Array,
  n: number,
  keep?: Float64Array,
): Float64Array {
  const { hidden, hiddenBias } = head;
  const h = new Float64Array(n * hidden);
  addProductTransposed(h, x, head.hiddenWeights, n, hidden, head.inputs);
  for (let i = 0; i < h.length; i++) {
    const active = Math.max(0, h[i]! + hiddenBias[i % hidden]!);
    h[i] = keep ? active * keep[i]! : active;
  }
  return h;
}

/** f [n x rank] of x [n x inputs]; `h` as `hiddenLayer` gives it. */
export function factorsOf(
  head: MfHead,
  x: Float64Array,
  n: number,
  h: Float64Array = hiddenLayer(head, x, n),
): Float64Array {
  const { topics } = head;
  const latent = latentCount(head);
  const f = new Float64Array(n * latent);
  addProductTransposed(f, x, head.linear, n, latent, head.inputs);
  addProductTransposed(f, h, head.output, n, latent, head.hidden);
  return topics ? sideBySide(f, topicShares(topics, x, n), n) : f;
}

/** p_m: expected quality, 0..1, of model row `model` on the prompt whose factors start at `offset`. */
export function expectedQuality(
  head: MfHead,
  model: number,
  factors: Float64Array,
  offset = 0,
): number {
  const { rank } = head;
  const z = dot(head.models, factors, model * rank, offset, rank) + head.modelBias[model]!;
  return sigmoid(z);
}

/** alpha and beta of a pair whose models have the mean qualities `strong` and `weak`, and pi, which they depend on. */
export function winRateLine(
  parameters: WinRateParameters,
  strong: number,
  weak: number,
): { alpha: number; beta: number; pi: number } {
  const [t0, t1, t2, t3, t4] = parameters;
  const pi = logit(clamp(strong * (1 - weak), 0.001, 0.999));
  return { alpha: t0 + t1 * pi + t2 * (strong - weak), beta: Math.exp(t3 + t4 * pi), pi };
}

/** `meanQuality` [models]: mean p_m over the training mix. */
export function pairScorer(
  head: MfHead,
  parameters: WinRateParameters,
  meanQuality: ArrayLike<number>,
  strong: number,
  weak: number,
): PairScorer {
  const line = winRateLine(parameters, meanQuality[strong]!, meanQuality[weak]!);
  const scoreFactors = (factors: Float64Array, offset = 0): PairScore => {
    const qualities = {
      strong: expectedQuality(head, strong, factors, offset),
      weak: expectedQuality(head, weak, factors, offset),
    };
    const rate = sigmoid(line.alpha + line.beta * (qualities.strong - qualities.weak));
    return { winRate: Number.isFinite(rate) ? rate : 0.5, ...qualities };
  };
  return { scoreFactors };
}
