import ort from 'onnxruntime-node';

/** A loaded network: token ids in, one vector out. Blocks its thread while it runs. */
export interface OnnxSession {
  run(ids: readonly number[]): Promise<Float32Array>;
}

/**
 * The only place that uses onnxruntime-node (CommonJS: the default import is the one that works).
 * One thread a session: more processes are the way to more throughput.
 *
 * @param file network with one int64 input [batch, sequence] and one float output [batch, dimensions]
 */
export async function openOnnxSession(file: string): Promise<OnnxSession> {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const input = session.inputNames[0] ?? 'input_ids';
  const output = session.outputNames[0] ?? 'token_mean';
  return {
    async run(ids) {
      const tensor = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
      const results = await session.run({ [input]: tensor });
      return Float32Array.from(results[output]?.data as Float32Array);
    },
  };
}
