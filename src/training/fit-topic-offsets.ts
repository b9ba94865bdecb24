import { minimize } from '../math/newton.ts';
import { crossEntropyOf, dot, sigmoid } from '../math/vector.ts';
import { latentCount, type MfHead } from '../routing/matrix-factorization.ts';
import type { TrainingRows } from './mf-loss.ts';

const stopping = { steps: 20, tolerance: 1e-4 };
/** Smaller shares are left out: they would cost most of the time and move nothing. */
const leastShare = 1e-3;
/** Of the ridge, for a topic in which some model fails by its form: such an offset is known to be large. */
const ridgeOfForm = 0.1;

/** A prompt's share of one topic. */
interface Share {
  readonly topic: number;
  readonly share: number;
}

/** A model's outcomes, and of which topics they are. */
interface OwnOutcomes {
  readonly outcomes: OwnOutcome[];
  /** By topic, 1 or 0. */
  readonly asked: Uint8Array;
}

/** One outcome of a model: its quality, and the log odds of it by the latent factors alone. */
interface OwnOutcome {
  readonly shares: readonly Share[];
  readonly quality: number;
  readonly logit: number;
}

/**
 * The head with the models' offsets for its topics: of each model
 *   o = argmin  sum over its outcomes of CE(y, sigmoid(z + o . t)) + sum over topics of ridge o^2 / 2,
 * L2-penalized logistic regression with z, the log odds by the latent factors, as given. Each outcome counts once,
 * whatever its source. Newton's method, its steps halved where the loss would rise. In a topic that a model was never
 * asked about its offset stays 0: a share of it in prompts of another topic tells nothing there.
 * @param factors f of each row [rows x rank] as serving gives them, topics included: both are held back where a
 *   prompt cannot be judged, here as there
 * @param topics of each row
 */
export function fitTopicOffsets(
  head: MfHead,
  rows: TrainingRows,
  factors: Float64Array,
  topics: readonly string[],
  ridge: number,
): MfHead {
  const { rank } = head;
  const latent = latentCount(head);
  const models = head.models.slice();
  const ridges = Float64Array.from(head.topics?.ofForm ?? [], (ofForm) =>
    ofForm ? ridge * ridgeOfForm : ridge,
  );
  for (const [m, own] of outcomesByModel(head, rows, factors, topics).entries()) {
    models.set(fitOffsets(own, ridges), m * rank + latent);
  }
  return { ...head, models };
}

function fitOffsets({ outcomes, asked }: OwnOutcomes, ridges: Float64Array): Float64Array {
  const topics = asked.length;
  const known = outcomes.map((outcome) => ({
    ...outcome,
    shares: outcome.shares.filter(({ topic }) => asked[topic] === 1),
  }));
  const logitAt = (offsets: Float64Array, { logit, shares }: OwnOutcome): number =>
    shares.reduce((sum, { topic, share }) => sum + offsets[topic]! * share, logit);
  const lossAt = (offsets: Float64Array): number =>
    known.reduce(
      (sum, outcome) => sum + crossEntropyOf(outcome.quality, logitAt(offsets, outcome)),
      offsets.reduce((sum, value, t) => sum + ridges[t]! * value * value, 0) / 2,
    );
  const slopesAt = (offsets: Float64Array) => {
    const gradient = offsets.map((value, t) => ridges[t]! * value);
    // Its lower triangle.
    const hessian = new Float64Array(topics * topics);
    for (let t = 0; t < topics; t++) hessian[t * topics + t] = ridges[t]!;
    for (const outcome of known) {
      const p = sigmoid(logitAt(offsets, outcome));
      addOutcome(gradient, hessian, outcome.shares, p - outcome.quality, p * (1 - p));
    }
    return { gradient, hessian };
  };
  return minimize({ lossAt, slopesAt }, new Float64Array(topics), stopping);
}

/** gradient += slope t, hessian += curvature t t^T. `shares` are in the order of their topics. */
function addOutcome(
  gradient: Float64Array,
  hessian: Float64Array,
  shares: readonly Share[],
  slope: number,
  curvature: number,
): void {
  const topics = gradient.length;
  for (const [i, { topic, share }] of shares.entries()) {
    gradient[topic]! += slope * share;
    for (let j = 0; j <= i; j++) {
      const other = shares[j]!;
      hessian[topic * topics + other.topic]! += curvature * share * other.share;
    }
  }
}

function outcomesByModel(
  head: MfHead,
  rows: TrainingRows,
  factors: Float64Array,
  topics: readonly string[],
): OwnOutcomes[] {
  const { rank } = head;
  const latent = latentCount(head);
  const index = new Map(head.topics?.names.map((name, topic) => [name, topic]));
  const all = Array.from(head.modelBias, (): OwnOutcomes => ({
    outcomes: [],
    asked: new Uint8Array(rank - latent),
  }));
  for (let i = 0; i < rows.count; i++) {
    const shares = Array.from({ length: rank - latent }, (_, topic): Share => {
      return { topic, share: factors[i * rank + latent + topic]! };
    }).filter(({ share }) => share >= leastShare);
    const topic = index.get(topics[i]!);
    for (let o = rows.starts[i]!; o < rows.starts[i + 1]!; o++) {
      const m = rows.models[o]!;
      const z = dot(head.models, factors, m * rank, i * rank, latent) + head.modelBias[m]!;
      all[m]!.outcomes.push({ shares, quality: rows.qualities[o]!, logit: z });
      if (topic !== undefined) all[m]!.asked[topic] = 1;
    }
  }
  return all;
}
