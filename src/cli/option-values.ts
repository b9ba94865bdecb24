import { ConfigError } from '../errors.ts';

/** Of an option that takes a value; undefined without one. */
export function textOf(option: unknown): string | undefined {
  return typeof option === 'string' ? option : undefined;
}

/**
 * @param value as it was written, or the default
 * @throws ConfigError naming the flag and what it takes
 */
export function wholeNumber(
  flag: string,
  value: string | number,
  least: number,
  most = Infinity,
): number {
  const number = Number(value);
  const isWritten = String(value).trim() !== '';
  if (isWritten && Number.isInteger(number) && number >= least && number <= most) return number;
  const atLeast = least > 0 ? ` of at least ${least}` : '';
  const range = most < Infinity ? ` from ${least} to ${most}` : atLeast;
  throw new ConfigError(`${flag} ${value} is not a whole number${range}.`);
}
