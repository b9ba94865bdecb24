// safetensors (huggingface/safetensors): 8 bytes length of the header (little-endian uint64), a
// JSON header { name: { dtype, shape, data_offsets: [begin, end] }, "__metadata__": strings }, then
// the tensors' bytes, little-endian, offsets counted from the end of the header.
import { ConfigError } from '../errors.ts';
import { fromHalves } from '../math/half.ts';

export type TensorData = Float32Array | Uint16Array | Int8Array | Uint8Array | Uint32Array;
export type Dtype = 'F32' | 'F16' | 'I8' | 'U8' | 'U32';

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major; halves stay bit patterns (Uint16Array) until `floatsOf`. */
  readonly data: TensorData;
}

export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const bytesPer: Record<Dtype, number> = { F32: 4, F16: 2, I8: 1, U8: 1, U32: 4 };
const maxHeaderBytes = 10_000_000;

/** @throws ConfigError naming `file` (for the message only) and the tensor that is wrong. */
export function parseSafetensors(bytes: Uint8Array, file: string): TensorFile {
  const fail = (what: string): ConfigError => new ConfigError(`${file}: ${what}`);
  if (bytes.length < 8) throw fail(`not a safetensors file (only ${bytes.length} bytes)`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > bytes.length) {
    throw fail(`truncated or no safetensors file (header of ${headerBytes} bytes)`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
  } catch (cause) {
    throw new ConfigError(`${file}: the safetensors header is not JSON`, { cause });
  }
  if (!isRecord(header)) throw fail('the safetensors header is not an object');
  const body = bytes.subarray(8 + headerBytes);
  const tensors = new Map<string, Tensor>();
  let used = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const tensor = parseEntry(entry, body);
    if (typeof tensor === 'string') throw fail(`tensor ${name}: ${tensor}`);
    tensors.set(name, tensor);
    used += tensor.data.byteLength;
  }
  if (used !== body.length) {
    throw fail(`the tensors cover ${used} bytes, the file has ${body.length}`);
  }
  return { metadata: parseMetadata(header['__metadata__'], fail), tensors };
}

/** The file's bytes; the same input gives the same bytes. */
export function writeSafetensors(file: TensorFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  let end = 0;
  for (const [name, { dtype, shape, data }] of file.tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  let json = JSON.stringify(header);
  // Spaces up to a multiple of 8, so that the tensors start aligned.
  const text = new TextEncoder().encode(json);
  json = ' '.repeat((8 - (text.length % 8)) % 8);
  const headerBytes = text.length + json.length;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + headerBytes);
  let offset = 8 + headerBytes;
  for (const { data } of file.tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** @throws ConfigError when the tensor is missing, has another shape or dtype, or holds a NaN. */
export function floatsOf(
  file: TensorFile,
  name: string,
  shape: readonly number[],
  where: string,
): Float32Array {
  const tensor = tensorOf(file, name, shape, where);
  if (tensor.dtype !== 'F32' && tensor.dtype !== 'F16') {
    throw new ConfigError(`${where}: tensor ${name} is ${tensor.dtype}, F32 or F16 expected`);
  }
  const values =
    tensor.data instanceof Uint16Array ? fromHalves(tensor.data) : (tensor.data as Float32Array);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ConfigError(`${where}: tensor ${name} is not finite at position ${bad}`);
  }
  return values;
}

/** @throws ConfigError when the tensor is missing or has another shape. */
export function tensorOf(
  file: TensorFile,
  name: string,
  shape: readonly number[],
  where: string,
): Tensor {
  const tensor = file.tensors.get(name);
  const expected = `[${shape.join(', ')}]`;
  if (!tensor) throw new ConfigError(`${where}: tensor ${name} ${expected} is missing`);
  if (tensor.shape.join() !== shape.join()) {
    const found = `[${tensor.shape.join(', ')}]`;
    throw new ConfigError(`${where}: tensor ${name} has shape ${found}, expected ${expected}`);
  }
  return tensor;
}

function parseEntry(entry: unknown, body: Uint8Array): Tensor | string {
  if (!isRecord(entry)) return 'its header is not an object';
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPer, dtype)) {
    return `dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(bytesPer).join(', ')}`;
  }
  if (!isSizes(shape)) return `shape ${JSON.stringify(shape)} is not a list of sizes`;
  if (!isSizes(offsets) || offsets.length !== 2) return 'data_offsets is not a pair of offsets';
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, length) => product * length, 1) * bytesPer[dtype as Dtype];
  if (end - begin !== size) return `${end - begin} bytes, its shape needs ${size}`;
  if (end > body.length) return `ends at byte ${end}, the file has ${body.length}: truncated?`;
  // A copy, because the bytes in the file need not be aligned (a Buffer's slice would be a view).
  const { buffer } = new Uint8Array(body.subarray(begin, end));
  return { dtype: dtype as Dtype, shape, data: viewOf(dtype as Dtype, buffer) };
}

function viewOf(dtype: Dtype, buffer: ArrayBuffer): TensorData {
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return new Uint16Array(buffer);
  if (dtype === 'U32') return new Uint32Array(buffer);
  if (dtype === 'U8') return new Uint8Array(buffer);
  return new Int8Array(buffer);
}

function parseMetadata(
  value: unknown,
  fail: (what: string) => ConfigError,
): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw fail('__metadata__ is not an object');
  const metadata: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw fail(`__metadata__.${key} is not a string`);
    metadata[key] = text;
  }
  return metadata;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
