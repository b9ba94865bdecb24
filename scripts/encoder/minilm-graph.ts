import type { Weight } from './half-weights.ts';
import { createOnnxGraph, type OnnxGraph } from './onnx-graph.ts';
import { gatherRows, multiply, type Precision } from './quantized-matrix.ts';

/*
 * The first three layers of all-MiniLM-L6-v2 as ONNX: 30,522 word pieces x 384, post-norm transformer
 * layers (12 heads, feed-forward 1,536), mean over the tokens. It follows BERT less the masking of
 * padded places (every text of a batch has the same number of tokens here) and less the three last
 * layers, which were trained for likeness of sentences and lose some of what makes a prompt hard
 * (models/README.md).
 * Source: Devlin et al. 2019, arXiv:1810.04805; Wang et al. 2020 (MiniLM), arXiv:2002.10957.
 */

export const layers = 3;
export const windowPlaces = 256;
const heads = 12;
const dimensions = 384;
const epsilon = 1e-12;

interface Context {
  graph: OnnxGraph;
  precision: Precision;
  readonly weight: (name: string) => Weight;
}

/** One or more linear layers that read the same x, side by side: W [in, out], b [out]. */
interface Linear {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly inputs: number;
}

/** From PyTorch's [out, in]; `scale` multiplies weights and bias. */
function readLinear({ weight }: Context, name: string, scale = 1): Linear {
  const { shape, values } = weight(`${name}.weight`);
  const [outputs, inputs] = shape as [number, number];
  const weights = new Float32Array(values.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) weights[i * outputs + o] = scale * values[o * inputs + i]!;
  }
  return { weights, bias: weight(`${name}.bias`).values.map((b) => scale * b), inputs };
}

function sideBySide(parts: readonly Linear[]): Linear {
  const { inputs } = parts[0]!;
  const outputs = parts.reduce((sum, { bias }) => sum + bias.length, 0);
  const weights = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  let offset = 0;
  for (const part of parts) {
    const width = part.bias.length;
    bias.set(part.bias, offset);
    for (let i = 0; i < inputs; i++) {
      weights.set(part.weights.subarray(i * width, (i + 1) * width), i * outputs + offset);
    }
    offset += width;
  }
  return { weights, bias, inputs };
}

/** y = x W + b for x [rows, in]. */
function linear(
  { graph, precision }: Context,
  x: string,
  name: string,
  { weights, bias, inputs }: Linear,
): string {
  const columns = bias.length;
  const matrix = { name, rows: inputs, columns, values: weights };
  return multiply(graph, precision, x, matrix, graph.float(`${name}/bias`, [columns], bias));
}

function layerNorm({ graph, weight }: Context, x: string, name: string): string {
  const { values: scale } = weight(`${name}.weight`);
  const { values: bias } = weight(`${name}.bias`);
  return graph.node(
    'LayerNormalization',
    [
      x,
      graph.float(`${name}/scale`, [scale.length], scale),
      graph.float(`${name}/bias`, [bias.length], bias),
    ],
    { axis: -1, epsilon: { float: epsilon } },
  );
}

/** softmax(q k' / sqrt(size)) v, all heads; x [rows, 384], `shape` = [batch, sequence, heads, size]. */
function attention(context: Context, x: string, path: string, shape: string): string {
  const { graph } = context;
  const self = `${path}.attention.self`;
  const qkv = linear(
    context,
    x,
    `${self}.qkv`,
    sideBySide([
      readLinear(context, `${self}.query`, 1 / Math.sqrt(dimensions / heads)),
      readLinear(context, `${self}.key`),
      readLinear(context, `${self}.value`),
    ]),
  );
  const widths = graph.ints([dimensions, dimensions, dimensions]);
  const [q, k, v] = graph
    .nodes('Split', [qkv, widths], 3, { axis: 1 })
    .map((part) => graph.node('Reshape', [part, shape])) as [string, string, string];
  const byHead = (part: string): string => graph.node('Transpose', [part], { perm: [0, 2, 1, 3] });
  const keys = graph.node('Transpose', [k], { perm: [0, 2, 3, 1] });
  const weights = graph.node('Softmax', [graph.node('MatMul', [byHead(q), keys])], { axis: -1 });
  const mixed = byHead(graph.node('MatMul', [weights, byHead(v)]));
  const flat = graph.node('Reshape', [mixed, graph.ints([-1, dimensions])]);
  const output = `${path}.attention.output.dense`;
  return linear(context, flat, output, readLinear(context, output));
}

/** x / 2 (1 + erf(x / sqrt 2)), which the runtime fuses; Hendrycks and Gimpel 2016, arXiv:1606.08415. */
function gelu({ graph }: Context, x: string, name: string): string {
  const constant = (what: string, value: number): string =>
    graph.float(`${name}/${what}`, [], Float32Array.of(value));
  const erf = graph.node('Erf', [graph.node('Div', [x, constant('root', Math.SQRT2)])]);
  const share = graph.node('Add', [erf, constant('one', 1)]);
  return graph.node('Mul', [graph.node('Mul', [x, share]), constant('half', 0.5)]);
}

function feedForward(context: Context, x: string, path: string): string {
  const [inner, outer] = [`${path}.intermediate.dense`, `${path}.output.dense`];
  const hidden = linear(context, x, inner, readLinear(context, inner));
  return linear(context, gelu(context, hidden, inner), outer, readLinear(context, outer));
}

/** Piece + place + the type of a first text, normalized. Shape [batch, sequence, 384]. */
function tokenInputs(context: Context, ids: string): string {
  const { graph, precision, weight } = context;
  const pieces = weight('embeddings.word_embeddings.weight');
  const { values: places } = weight('embeddings.position_embeddings.weight');
  const { values: types } = weight('embeddings.token_type_embeddings.weight');
  const placed = places
    .slice(0, windowPlaces * dimensions)
    .map((value, i) => value + types[i % dimensions]!);
  const table = {
    name: 'pieces',
    rows: pieces.shape[0]!,
    columns: dimensions,
    values: pieces.values,
  };
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });
  const placeRows = graph.node('Slice', [
    graph.float('places', [windowPlaces, dimensions], placed),
    graph.ints([0]),
    length,
    graph.ints([0]),
  ]);
  const sum = graph.node('Add', [gatherRows(graph, precision, ids, table), placeRows]);
  return layerNorm(context, sum, 'embeddings.LayerNorm');
}

/** Input `input_ids` [batch, sequence <= 256], [CLS] and [SEP] among them; output `token_mean` [batch, 384]. */
export function buildMinilmGraph(weights: Map<string, Weight>, precision: Precision): Uint8Array {
  const graph = createOnnxGraph('pointsman-minilm');
  const context: Context = {
    graph,
    precision,
    weight: (name) => {
      const found = weights.get(name);
      if (!found) throw new Error(`the model has no weight ${name}`);
      return found;
    },
  };
  const shapeOf = (...rest: number[]): string =>
    graph.node('Concat', [graph.node('Shape', ['input_ids']), graph.ints(rest)], { axis: 0 });
  const headShape = shapeOf(heads, dimensions / heads);
  let x = graph.node('Reshape', [tokenInputs(context, 'input_ids'), graph.ints([-1, dimensions])]);
  for (let layer = 0; layer < layers; layer++) {
    const path = `encoder.layer.${layer}`;
    const attended = graph.node('Add', [attention(context, x, path, headShape), x]);
    x = layerNorm(context, attended, `${path}.attention.output.LayerNorm`);
    const fed = graph.node('Add', [feedForward(context, x, path), x]);
    x = layerNorm(context, fed, `${path}.output.LayerNorm`);
  }
  const tokens = graph.node('Reshape', [x, shapeOf(dimensions)]);
  graph.node('ReduceMean', [tokens], { axes: [1], keepdims: 0 }, 'token_mean');
  return graph.encode(['input_ids'], 'token_mean', ['batch', dimensions]);
}
