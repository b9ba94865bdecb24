// Adam (Kingma & Ba, arXiv:1412.6980) with decoupled weight decay (AdamW, arXiv:1711.05101).

export interface Adam {
  /** One step; `rate` and `decay` are the learning rate and the weight decay of this step. */
  step(rate: number, decay: number): void;
}

/** Updates `parameters` in place by `gradients` of the same length. */
export function createAdam(parameters: Float64Array, gradients: Float64Array): Adam {
  const beta1 = 0.9;
  const beta2 = 0.999;
  const first = new Float64Array(parameters.length);
  const second = new Float64Array(parameters.length);
  let steps = 0;
  return {
    step(rate, decay) {
      steps++;
      const scale = rate / (1 - beta1 ** steps);
      const correction = 1 / (1 - beta2 ** steps);
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
