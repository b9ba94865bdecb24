import { mean } from '../math/vector.ts';
import { pooledSource, type DevReport } from '../training/dev-report.ts';

/** What the new weights reach on dev, for people. */
export function trainReportText({ figures, calibration }: DevReport): string {
  const lines = ['APGR on dev (95 % interval; chance is 0.5)'];
  for (const { strong, weak, source, prompts, apgr, interval95, length } of figures) {
    const [low, high] = interval95.map((value) => value.toFixed(3));
    lines.push(
      `${strong} / ${weak}`.padEnd(48) +
        `${source.padEnd(13)}${String(prompts).padStart(5)}  ` +
        `${apgr.toFixed(3)} (${low} to ${high})  length ${length.toFixed(3)}`,
    );
  }
  const pooled = figures.filter(({ source }) => source === pooledSource);
  if (pooled.length > 0) {
    lines.push(`mean of the pooled figures ${mean(pooled.map(({ apgr }) => apgr)).toFixed(3)}`);
    lines.push('', 'Expected calibration error of the win rate on dev');
    lines.push(`all pairs, line fitted on the other half  ${calibration.crossFitted.toFixed(3)}`);
    lines.push(`all pairs, line fitted on the same rows   ${calibration.sameRows.toFixed(3)}`);
  } else {
    lines.push('none of the reported pairs has 40 prompts of a source in this data');
  }
  for (const { strong, weak, prompts, crossFitted } of calibration.pairs) {
    const pair = `${strong} / ${weak}`.padEnd(48);
    lines.push(`${pair}${String(prompts).padStart(5)}  ${crossFitted.toFixed(3)}`);
  }
  return `${lines.join('\n')}\n`;
}
