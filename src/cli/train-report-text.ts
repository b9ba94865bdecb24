import { mean } from '../math/vector.ts';
import { fewestRows, type DevReport } from '../training/dev-report.ts';
import { pooledSource } from '../training/outcomes.ts';

/** What the new weights reach on dev, for people. */
export function trainReportText({ figures, calibration }: DevReport): string {
  const lines = [
    `APGR on dev (95 % interval; chance is 0.5), of sources with ${fewestRows} prompts of the pair or more`,
  ];
  for (const { strong, weak, source, prompts, apgr, interval95, length } of figures) {
    const [low, high] = interval95.map((value) => value.toFixed(3));
    lines.push(
      `${`${strong} / ${weak}`.padEnd(47)} ` +
        `${source.padEnd(12)} ${String(prompts).padStart(5)}  ` +
        `${apgr.toFixed(3)} (${low} to ${high})  length ${length.toFixed(3)}`,
    );
  }
  const pooled = figures.filter(({ source }) => source === pooledSource);
  if (pooled.length > 0) {
    lines.push(`mean of the pooled figures ${mean(pooled.map(({ apgr }) => apgr)).toFixed(3)}`);
  } else {
    lines.push(
      `none: no pair has ${fewestRows} prompts of a source to choose on, or they do equally well there`,
    );
  }
  const { crossFitted, sameRows } = calibration;
  if (crossFitted !== null && sameRows !== null) {
    lines.push('', 'Expected calibration error of the win rate on dev');
    lines.push(`all pairs, line fitted on the other half  ${crossFitted.toFixed(3)}`);
    lines.push(`all pairs, line fitted on the same rows   ${sameRows.toFixed(3)}`);
  }
  for (const { strong, weak, prompts, crossFitted } of calibration.pairs) {
    const pair = `${strong} / ${weak}`.padEnd(47);
    lines.push(`${pair} ${String(prompts).padStart(5)}  ${crossFitted.toFixed(3)}`);
  }
  return `${lines.join('\n')}\n`;
}
