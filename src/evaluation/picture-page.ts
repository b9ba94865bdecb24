import { chartStyle } from './chart-style.ts';
import { element, raw, type Child, type Markup } from './markup.ts';

/** An SVG of its own: the style is inside, so that it reads alone as in a page. */
export function svgPicture(
  width: number,
  height: number,
  title: string,
  ...children: Child[]
): Markup {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
    },
    element('title', {}, title),
    element('style', {}, raw(chartStyle)),
    element('rect', { width, height, class: 'pm-back' }),
    ...children,
  );
}

/** Names beside a piece of their line, in one or more rows. */
export function legend(
  entries: readonly { readonly name: string; readonly style: string }[],
  top: number,
  width: number,
): { readonly markup: Markup; readonly height: number } {
  const step = 128;
  const perRow = Math.max(1, Math.floor((width - 16) / step));
  const items = entries.map(({ name, style }, i): Child => {
    const x = 16 + (i % perRow) * step;
    const y = top + 14 + 18 * Math.floor(i / perRow);
    return [
      element('line', { x1: x, y1: y - 4, x2: x + 24, y2: y - 4, class: style }),
      element('text', { x: x + 30, y, class: 'pm-ink pm-small' }, name),
    ];
  });
  return {
    markup: element('g', {}, ...items),
    height: 18 * Math.ceil(entries.length / perRow) + 10,
  };
}
