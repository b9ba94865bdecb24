/**
 * base ^ exponent for a base over 0, with the same digits on every Node: the last ones of `**` and Math.pow differ
 * between V8's versions (Node 22 and 24), those of exp and log do not, and training must give the same bytes.
 */
export function power(base: number, exponent: number): number {
  return Math.exp(exponent * Math.log(base));
}
