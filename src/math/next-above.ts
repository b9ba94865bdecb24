const asNumber = new Float64Array(1);
const asBits = new BigUint64Array(asNumber.buffer);

/** The smallest double above a finite `value` of 0 or more: one step of its bits (IEEE 754). */
export function nextAbove(value: number): number {
  asNumber[0] = value + 0; // -0 has the sign bit set
  asBits[0] = asBits[0]! + 1n;
  return asNumber[0];
}
