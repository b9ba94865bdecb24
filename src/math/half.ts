// IEEE 754 half precision, as in safetensors' F16 (little-endian bit patterns in a Uint16Array).

const floatBits = new Float32Array(1);
const intBits = new Uint32Array(floatBits.buffer);

/** The nearest half to `value` (ties to even); overflow becomes infinity. */
export function toHalf(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and above
  if (magnitude < 0x38800000) {
    // Subnormal half: a multiple of 2^-24.
    const scaled = Math.abs(floatBits[0]) * 16777216;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function toHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, toHalf);
}

export function fromHalves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, fromHalf);
}
