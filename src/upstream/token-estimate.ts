/** Tokens of a text by the rule of thumb of four characters each, where nobody counted them. */
export function estimateTokens(chars: number): number {
  return Math.ceil(chars / 4);
}
