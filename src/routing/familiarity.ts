// How much does a prompt resemble the tasks that training has seen? On tasks left out of training a head ranks
// prompts no better than chance, and places them worse among others than if each were an average prompt. So
//
//   f = k f_head(x) + (1 - k) f_centre,   k = least + (1 - least) P(known),   P(known) = sigmoid(slope s + bias)
//
// s: largest cosine of the prompt's wording with that of a landmark, a prompt of the training data.
// f_centre: mean factors of the training prompts. Fitted by leaving whole tasks out (fit-familiarity.ts).
import { addProductTransposed } from '../math/matrix.ts';
import { sigmoid } from '../math/vector.ts';

export interface FamiliaritySettings {
  /** Wording vectors of length 1, [landmarks x wording]. */
  readonly landmarks: Float64Array;
  readonly slope: number;
  readonly bias: number;
  /** f_centre [latent]. */
  readonly centre: Float64Array;
}

/** Above 0, so that prompts of unknown tasks keep their order among themselves. */
const least = 0.3;

/** k of a prompt with this wording vector (any length; all zeros: nothing like it is known). */
export function familiarityOf(
  wording: Float64Array,
  { landmarks, slope, bias }: FamiliaritySettings,
): number {
  const nearest = nearestCosine(wording, landmarks);
  return least + (1 - least) * sigmoid(slope * nearest + bias);
}

/** Largest cosine of `vector` with a row of `landmarks` [rows x vector], whose rows have length 1. */
export function nearestCosine(vector: Float64Array, landmarks: Float64Array): number {
  const size = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (size === 0) return 0;
  const products = new Float64Array(landmarks.length / vector.length);
  addProductTransposed(products, vector, landmarks, 1, products.length, vector.length);
  return products.reduce((largest, product) => Math.max(largest, product), -size) / size;
}
