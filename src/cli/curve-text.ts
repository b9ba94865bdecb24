import type { Curve, CurvePoint } from '../calibration/curve.ts';
import type { Estimate } from '../calibration/interval.ts';
import { textTable } from './text-table.ts';

// How the figures of a curve look in words and tables: one place, so that they agree.

/** 97.6 % (95.1 to 100.4). */
export function percentText({ value, interval95: [low, high] }: Estimate, sign = false): string {
  const text = (share: number): string => (100 * share).toFixed(1);
  const plus = sign && value >= 0 ? '+' : '';
  return `${plus}${text(value)}% (${text(low)} to ${text(high)})`;
}

/** $1.93 (1.90 to 1.97). */
export function usdText({ value, interval95: [low, high] }: Estimate): string {
  return `$${dollars(value)} (${dollars(low)} to ${dollars(high)})`;
}

/** Cents, or four figures of less than a dollar. */
export function dollars(usd: number): string {
  return Math.abs(usd) >= 1 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(3);
}

const sourceWords = { explicit: 'explicit', judged: 'judged' } as const;

/** "1,204 explicit (weight 0.31) and 912 judged (0.69)". */
function sourcesText({ sources }: Pick<Curve, 'sources'>): string {
  const parts = sources.map(({ name, outcomes, weight }) => {
    const share = sources.length > 1 ? ` (weight ${weight.toFixed(2)})` : '';
    return `${outcomes} ${sourceWords[name]}${share}`;
  });
  return parts.join(' and ');
}

/** About the two models and the log. */
function evidenceLines(found: Curve): string[] {
  const lines: string[] = [];
  if (found.quality !== null) {
    const { weak, strong, advantage } = found.quality;
    lines.push(
      `quality of weak ${percentText(weak)}, of strong ${percentText(strong)}, ` +
        `advantage ${percentText(advantage)}; 95% intervals`,
      `from ${sourcesText(found)} outcomes, ${found.evidence.requests} requests` +
        exploredText(found),
    );
    const conflict = conflictText(found);
    if (conflict !== null) lines.push(conflict);
  }
  if (found.cost !== null) {
    const { weakUsd, strongUsd, basis } = found.cost;
    lines.push(
      `1000 requests cost ${usdText(weakUsd)} by weak alone, ${usdText(strongUsd)} by strong alone` +
        (basis === 'modelled'
          ? '; read off other prompts by their length, since no chance decided (exploration)'
          : ''),
    );
  }
  return lines;
}

function exploredText({ sources, evidence }: Curve): string {
  if (!sources.some(({ name }) => name === 'explicit')) return '';
  const { explored, clipped } = evidence.explicit;
  const cut = clipped > 0 ? `; ${clipped} with a propensity under 0.01, which count as 0.01` : '';
  return `, ${explored} of the rated answers sent by exploration against the score${cut}`;
}

/** Two kinds that measure the same differ by no more than chance. */
function conflictText({ sources }: Curve): string | null {
  const [a, b] = sources;
  if (a === undefined || b === undefined) return null;
  const variance = [a, b].reduce((sum, { advantage: { interval95 } }) => {
    return sum + ((interval95[1] - interval95[0]) / 3.92) ** 2;
  }, 0);
  const difference = a.advantage.value - b.advantage.value;
  if (Math.abs(difference) < 1.96 * Math.sqrt(variance)) return null;
  return (
    `note: the kinds of outcomes disagree on the advantage: ${a.name} ${percentText(a.advantage)}, ` +
    `${b.name} ${percentText(b.advantage)}; --outcomes ${a.name} or ${b.name} takes one of them`
  );
}

/** Evidence, then a table of every tenth share with the chosen threshold among them. */
export function curveText(found: Curve, chosen: number | null): string {
  const rows = tablePoints(found.points, chosen).map((point) => rowOf(point, chosen));
  const head = ['share', 'threshold'];
  if (found.quality !== null) head.push('kept of the advantage', 'quality', 'length keeps');
  if (found.cost !== null) head.push('$ per 1000', 'saved', 'extra');
  return [
    ...[...evidenceLines(found), ...textTable([head, ...rows])].map((line) => `  ${line}`),
    '  share: of strong calls, as much as chance keeps of the advantage; length: the longest prompts to strong;',
    '  saved: against always strong; extra: against always weak; 95% intervals; * chosen',
    '',
  ].join('\n');
}

function rowOf(point: CurvePoint, chosen: number | null): string[] {
  const { threshold, share, pgr, quality, floors, costPer1kUsd } = point;
  const mark = threshold === chosen ? '*' : '';
  const row = [`${mark}${(100 * share).toFixed(1)}%`, threshold.toFixed(5)];
  if (quality !== null) {
    row.push(
      pgr === null ? '-' : percentText(pgr),
      percentText(quality),
      floors.length === null ? '-' : `${(100 * floors.length.pgr.value).toFixed(1)}%`,
    );
  }
  if (costPer1kUsd !== null) {
    row.push(
      usdText(costPer1kUsd),
      dollars(point.savedAgainstStrongUsd!.value),
      dollars(point.extraAgainstWeakUsd!.value),
    );
  }
  return row;
}

/** Ten steps of the share, and the chosen one. */
function tablePoints(points: readonly CurvePoint[], chosen: number | null): CurvePoint[] {
  const falling = [...points].sort((a, b) => a.threshold - b.threshold);
  const kept = new Set<CurvePoint>();
  for (let step = 10; step >= 0; step--) {
    kept.add(
      falling.reduce((best, point) =>
        Math.abs(point.share - step / 10) < Math.abs(best.share - step / 10) ? point : best,
      ),
    );
  }
  return falling.filter((point) => kept.has(point) || point.threshold === chosen);
}
