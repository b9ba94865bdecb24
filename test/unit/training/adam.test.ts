import { describe, expect, it } from 'vitest';
import { createAdam } from '../../../src/training/adam.ts';

describe('AdamW', () => {
  it('takes the steps worked out by hand', () => {
    const [parameters, gradients] = [Float64Array.of(1), Float64Array.of(2)];
    const adam = createAdam(parameters, gradients);
    // The first step is the rate, whatever the gradient: m / (1 - .9) = 2, sqrt(v / (1 - .999)) = 2.
    adam.step(0.1, 0);
    expect(parameters[0]).toBeCloseTo(0.9, 7);
    gradients[0] = -1;
    adam.step(0.1, 0);
    const m = 0.9 * 0.2 - 0.1;
    const v = 0.999 * 0.004 + 0.001;
    const move = (0.1 * m) / (1 - 0.9 ** 2) / Math.sqrt(v / (1 - 0.999 ** 2));
    expect(parameters[0]).toBeCloseTo(0.9 - move, 7);
  });

  it('takes decay off the parameters themselves, not by way of the gradient', () => {
    const parameters = Float64Array.of(3, -2);
    const adam = createAdam(parameters, new Float64Array(2));
    adam.step(0.1, 0.5);
    expect(parameters[0]).toBeCloseTo(3 * 0.95, 12);
    expect(parameters[1]).toBeCloseTo(-2 * 0.95, 12);
  });

  it('goes on from its moving means as if it had not stopped', () => {
    const gradient = (step: number): number => Math.sin(step);
    const run = (cutAt: number): number => {
      const [parameters, gradients] = [Float64Array.of(1), new Float64Array(1)];
      let adam = createAdam(parameters, gradients);
      for (let step = 0; step < 10; step++) {
        if (step === cutAt) {
          const { first, second } = adam;
          adam = createAdam(parameters, gradients, step);
          adam.first.set(first);
          adam.second.set(second);
        }
        gradients[0] = gradient(step);
        adam.step(0.05, 0.01);
      }
      return parameters[0]!;
    };
    expect(run(5)).toBe(run(-1));
  });
});
