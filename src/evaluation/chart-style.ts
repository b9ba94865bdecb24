import type { TableRow } from './evaluation.ts';

/** Colours for light and dark, told by the reader's system; classes start with "pm-". */
export const chartStyle = `
.pm-back{fill:#ffffff}.pm-ink{fill:#1f2328;stroke:none;font:12px system-ui,sans-serif}
.pm-title{font-weight:600;font-size:13px}.pm-small{font-size:11px;fill:#59636e}
.pm-grid{stroke:#d1d9e0;stroke-width:1}.pm-axis{stroke:#59636e;stroke-width:1}
.pm-line{fill:none;stroke-width:1.6}.pm-router{stroke-width:2.6}
.pm-dashed{stroke-dasharray:5 4}.pm-dotted{stroke-dasharray:1.5 3}
.pm-c0{stroke:#0969da;color:#0969da}.pm-c1{stroke:#8250df;color:#8250df}
.pm-c2{stroke:#bf3989;color:#bf3989}.pm-c3{stroke:#1b7c83;color:#1b7c83}
.pm-oracle{stroke:#1a7f37;color:#1a7f37}.pm-topic{stroke:#bc4c00;color:#bc4c00}
.pm-source{stroke:#9a6700;color:#9a6700}.pm-length{stroke:#6e4a1f;color:#6e4a1f}
.pm-random{stroke:#818b98;color:#818b98}
.pm-band{stroke:none;fill:currentColor;opacity:.16}.pm-dot{stroke:none;fill:currentColor}
.pm-bar{stroke:none;fill:currentColor;opacity:.55}
@media (prefers-color-scheme:dark){
.pm-back{fill:#0d1117}.pm-ink{fill:#e6edf3}.pm-small{fill:#9198a1}
.pm-grid{stroke:#2f353d}.pm-axis{stroke:#9198a1}
.pm-c0{stroke:#58a6ff;color:#58a6ff}.pm-c1{stroke:#bc8cff;color:#bc8cff}
.pm-c2{stroke:#f778ba;color:#f778ba}.pm-c3{stroke:#39c5cf;color:#39c5cf}
.pm-oracle{stroke:#3fb950;color:#3fb950}.pm-topic{stroke:#f0883e;color:#f0883e}
.pm-source{stroke:#d29922;color:#d29922}.pm-length{stroke:#c9a26b;color:#c9a26b}
.pm-random{stroke:#8b949e;color:#8b949e}}
`;

const routerColours = 4;

/** Classes of a contender's line; routers take colours in their order. */
export function lineClass(
  { name, kind }: Pick<TableRow, 'name' | 'kind'>,
  routers: readonly string[],
) {
  if (kind === 'router') {
    return `pm-line pm-router pm-c${Math.max(0, routers.indexOf(name)) % routerColours}`;
  }
  const dash = kind === 'oracle' ? 'pm-dotted' : 'pm-dashed';
  return `pm-line ${dash} pm-${name}`;
}
