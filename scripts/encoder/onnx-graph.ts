import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;

/** Codes of onnx.TensorProto.DataType. */
export const onnxType = { float: 1, uint8: 2, int64: 7 } as const;

type AttributeValue = number | number[] | { float: number };

/** A graph under construction; each adder returns the name of the tensor that it made. */
export interface OnnxGraph {
  /** One output, which gets the name `output` where one is given. */
  node(
    op: string,
    inputs: string[],
    attributes?: Record<string, AttributeValue>,
    output?: string,
  ): string;
  /** Several outputs. */
  nodes(
    op: string,
    inputs: string[],
    outputs: number,
    attributes?: Record<string, AttributeValue>,
  ): string[];
  float(name: string, dims: number[], values: Float32Array): string;
  raw(name: string, type: number, dims: number[], bytes: Uint8Array): string;
  ints(values: number[]): string;
  /** The finished file: int64 inputs `[batch, sequence]`, one float output of the named shape. */
  encode(inputs: string[], output: string, outputShape: (string | number)[]): Uint8Array;
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function attributeProto(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (Array.isArray(value)) return { name, ints: value, type: 7 };
  return { name, f: value.float, type: 1 };
}

function valueInfo(name: string, elemType: number, dims: (string | number)[]): object {
  const dim = dims.map((size) =>
    typeof size === 'string' ? { dimParam: size } : { dimValue: size },
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** Little-endian ONNX, operator set 17 (the first with LayerNormalization), ONNX IR 8. */
export function createOnnxGraph(producer: string): OnnxGraph {
  const node: object[] = [];
  const initializer: object[] = [];
  let serial = 0;

  function raw(name: string, dataType: number, dims: number[], rawData: Uint8Array): string {
    initializer.push({ name, dataType, dims, rawData });
    return name;
  }

  function add(
    opType: string,
    inputs: string[],
    attributes: Record<string, AttributeValue>,
    nameOutputs: (id: string) => string[],
  ): string[] {
    const name = `${opType.toLowerCase()}_${serial++}`;
    const output = nameOutputs(name);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    node.push({ opType, name, input: inputs, output, attribute });
    return output;
  }

  return {
    node: (op, inputs, attributes = {}, output) =>
      add(op, inputs, attributes, (id) => [output ?? id])[0]!,
    nodes: (op, inputs, outputs, attributes = {}) =>
      add(op, inputs, attributes, (id) => Array.from({ length: outputs }, (_, i) => `${id}_${i}`)),
    raw,
    float: (name, dims, values) => raw(name, onnxType.float, dims, bytesOf(values)),
    ints: (values) =>
      raw(
        `ints_${serial++}`,
        onnxType.int64,
        [values.length],
        bytesOf(BigInt64Array.from(values, BigInt)),
      ),
    encode(inputs, output, outputShape) {
      const model = onnx.ModelProto.fromObject({
        irVersion: 8,
        producerName: producer,
        opsetImport: [{ domain: '', version: 17 }],
        graph: {
          name: producer,
          node,
          initializer,
          input: inputs.map((name) => valueInfo(name, onnxType.int64, ['batch', 'sequence'])),
          output: [valueInfo(output, onnxType.float, outputShape)],
        },
      });
      return onnx.ModelProto.encode(model).finish();
    },
  };
}
