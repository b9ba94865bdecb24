import type { MfHead } from '../routing/matrix-factorization.ts';

/**
 * The average of several heads' logits as one wider head: latent factors side by side, the models'
 * factors and biases divided by the number of heads.
 */
export function joinHeads(heads: readonly MfHead[]): MfHead {
  const first = heads[0]!;
  const k = heads.length;
  const { inputs } = first;
  const rank = heads.reduce((sum, head) => sum + head.rank, 0);
  const hidden = heads.reduce((sum, head) => sum + head.hidden, 0);
  const modelCount = first.modelBias.length;
  const output = new Float64Array(rank * hidden);
  const models = new Float64Array(modelCount * rank);
  const modelBias = new Float64Array(modelCount);
  let r0 = 0;
  let h0 = 0;
  for (const head of heads) {
    for (let r = 0; r < head.rank; r++) {
      output.set(
        head.output.subarray(r * head.hidden, (r + 1) * head.hidden),
        (r0 + r) * hidden + h0,
      );
      for (let m = 0; m < modelCount; m++) {
        models[m * rank + r0 + r] = head.models[m * head.rank + r]! / k;
      }
    }
    for (let m = 0; m < modelCount; m++) modelBias[m]! += head.modelBias[m]! / k;
    r0 += head.rank;
    h0 += head.hidden;
  }
  const joined = (name: 'linear' | 'hiddenWeights' | 'hiddenBias'): Float64Array =>
    Float64Array.from(heads.flatMap((head) => Array.from(head[name])));
  return {
    ...{ inputs, hidden, rank, output, models, modelBias },
    linear: joined('linear'),
    hiddenWeights: joined('hiddenWeights'),
    hiddenBias: joined('hiddenBias'),
    topics: null,
  };
}
