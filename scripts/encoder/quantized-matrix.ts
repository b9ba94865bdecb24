import { onnxType, type OnnxGraph } from './onnx-graph.ts';

/*
 * Weights as one byte each: w = s * (q - 128), one scale s = max |w| / 127 per output column (or
 * per row of the embedding table). Activations are quantized at run time, one scale per tensor
 * (DynamicQuantizeLinear), and multiplied as integers; the runtime fuses the whole chain.
 *
 * Unsigned weights on purpose: signed ones saturate in 16-bit sums on x86 processors without VNNI,
 * so the same text would get different vectors on different machines.
 */

/** float32 is the original's arithmetic and serves as the yardstick; uint8 is what is shipped. */
export type Precision = 'float32' | 'uint8';

export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Row-major, rows * columns long. */
  readonly values: Float32Array;
}

const zeroPoint = 128;

function quantize(
  { values, rows, columns }: Matrix,
  scaledBy: 'rows' | 'columns',
): { bytes: Uint8Array; scales: Float32Array } {
  const groupOf = (i: number): number =>
    scaledBy === 'rows' ? Math.floor(i / columns) : i % columns;
  const scales = new Float32Array(scaledBy === 'rows' ? rows : columns);
  values.forEach((value, i) => {
    const group = groupOf(i);
    scales[group] = Math.max(scales[group]!, Math.abs(value) / (zeroPoint - 1));
  });
  const bytes = Uint8Array.from(values, (value, i) => {
    const scale = scales[groupOf(i)]!;
    return zeroPoint + (scale > 0 ? Math.round(value / scale) : 0);
  });
  return { bytes, scales };
}

/** y = x W + b for x [n, rows] and the tensor `bias` [columns]. */
export function multiply(
  graph: OnnxGraph,
  precision: Precision,
  x: string,
  matrix: Matrix,
  bias: string,
): string {
  const { name, rows, columns, values } = matrix;
  if (precision === 'float32') {
    return graph.node('Gemm', [x, graph.float(name, [rows, columns], values), bias]);
  }
  const { bytes, scales } = quantize(matrix, 'columns');
  const weights = graph.raw(name, onnxType.uint8, [rows, columns], bytes);
  const weightZero = graph.raw(`${name}/zero`, onnxType.uint8, [], Uint8Array.of(zeroPoint));
  const [xBytes, xScale, xZero] = graph.nodes('DynamicQuantizeLinear', [x], 3) as [
    string,
    string,
    string,
  ];
  const sums = graph.node('MatMulInteger', [xBytes, weights, xZero, weightZero]);
  const scale = graph.node('Mul', [xScale, graph.float(`${name}/scale`, [columns], scales)]);
  const product = graph.node('Mul', [graph.node('Cast', [sums], { to: onnxType.float }), scale]);
  return graph.node('Add', [product, bias]);
}

/** The rows of W that `ids` [..] name, as float32 [.., columns]. */
export function gatherRows(
  graph: OnnxGraph,
  precision: Precision,
  ids: string,
  matrix: Matrix,
): string {
  const { name, rows, columns, values } = matrix;
  if (precision === 'float32') {
    return graph.node('Gather', [graph.float(name, [rows, columns], values), ids]);
  }
  const { bytes, scales } = quantize(matrix, 'rows');
  const stored = graph.raw(name, onnxType.uint8, [rows, columns], bytes);
  const gathered = graph.node('Gather', [stored, ids]);
  const scale = graph.node('Gather', [graph.float(`${name}/scale`, [rows, 1], scales), ids]);
  const zero = graph.float(`${name}/zero`, [], Float32Array.of(zeroPoint));
  const centred = graph.node('Sub', [graph.node('Cast', [gathered], { to: onnxType.float }), zero]);
  return graph.node('Mul', [centred, scale]);
}
