/**
 * Keeps the first and the last half of `maxCharacters` (UTF-16 units) of a longer text: what is
 * asked stands at the beginning or at the end, what was pasted in between.
 */
export function keepHeadAndTail(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const head = Math.ceil(maxCharacters / 2);
  const tail = maxCharacters - head;
  return text.slice(0, head) + text.slice(text.length - tail);
}
