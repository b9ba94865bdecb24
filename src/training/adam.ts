// Adam (Kingma & Ba, arXiv:1412.6980) with decoupled weight decay (AdamW, arXiv:1711.05101).
import { power } from '../math/power.ts';

export interface Adam {
  /** One step; `rate` and `decay` are the learning rate and the weight decay of this step. */
  step(rate: number, decay: number): void;
  /** Moving means of gradients and squares: with the number of steps, all that it remembers. */
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** Updates `parameters` in place by `gradients` of the same length; `stepsBefore` were taken already. */
export function createAdam(
  parameters: Float64Array,
  gradients: Float64Array,
  stepsBefore = 0,
): Adam {
  const beta1 = 0.9;
  const beta2 = 0.999;
  const first = new Float64Array(parameters.length);
  const second = new Float64Array(parameters.length);
  let steps = stepsBefore;
  return {
    first,
    second,
    step(rate, decay) {
      steps++;
      const scale = rate / (1 - power(beta1, steps));
      const correction = 1 / (1 - power(beta2, steps));
      for (let i = 0; i < parameters.length; i++) {
        const g = gradients[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const move = (scale * first[i]!) / (Math.sqrt(second[i]! * correction) + 1e-8);
        parameters[i]! -= move + rate * decay * parameters[i]!;
      }
    },
  };
}
