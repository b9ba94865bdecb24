/** The first element that is not closed, or closed without being open; null: all are. */
export function unbalancedTag(markup: string, voids: readonly string[] = []): string | null {
  const open: string[] = [];
  const text = markup.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/g, '');
  for (const [, end, name, attributes] of text.matchAll(/<(\/?)([a-z][\w-]*)((?:\s[^<>]*)?)>/g)) {
    if (end === '/') {
      if (open.pop() !== name) return `</${name}>`;
    } else if (attributes?.endsWith('/') !== true && !voids.includes(name ?? '')) {
      open.push(name ?? '');
    }
  }
  const strayMarks = text.replace(/<\/?[a-z][^<>]*>/g, '').match(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
  return strayMarks?.[0] ?? open.at(-1) ?? null;
}
