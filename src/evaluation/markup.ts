// Small builders for SVG and HTML: attributes and text are always escaped, markup is a type of its own.

/** Markup that is already escaped. */
export interface Markup {
  readonly markup: string;
}

export type Attributes = Readonly<Record<string, string | number>>;
export type Child = Markup | string | readonly Child[];

/** `element('td', { class: 'x' }, 'a < b')`; strings are text, markup is kept. */
export function element(name: string, attributes: Attributes = {}, ...children: Child[]): Markup {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`);
  const inside = children.map(inner).join('');
  const isVoid = voidElements.has(name);
  if (inside === '' && selfClosing.has(name)) return { markup: `<${name}${written.join('')}/>` };
  return { markup: `<${name}${written.join('')}>${isVoid ? '' : `${inside}</${name}>`}` };
}

/** CSS and the like: put in as it is. */
export function raw(markup: string): Markup {
  return { markup };
}

function inner(child: Child): string {
  if (typeof child === 'string') return escape(child);
  return 'markup' in child ? child.markup : child.map(inner).join('');
}

function escape(value: string | number): string {
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const voidElements = new Set(['meta']);
const selfClosing = new Set(['path', 'line', 'circle', 'rect']);
