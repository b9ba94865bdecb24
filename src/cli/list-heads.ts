import type { AppliedHead } from '../store/applied-head.ts';
import { openHeadQueries } from '../store/head-queries.ts';
import { parseHeadReport, type HeadReport } from '../store/head-report.ts';
import type { CliIo } from './cli-io.ts';

/** `pointsman models heads`: newest first. @throws ConfigError when there is no log */
export function listHeads(db: string, json: boolean, io: Pick<CliIo, 'stdout'>): void {
  const queries = openHeadQueries(db);
  try {
    const heads = queries.heads();
    if (json) io.stdout.write(`${JSON.stringify(asJson(heads), null, 2)}\n`);
    else io.stdout.write(heads.length === 0 ? noneText(db) : heads.map(describe).join(''));
  } finally {
    queries.close();
  }
}

function asJson(heads: readonly AppliedHead[]) {
  const inForce = headsInForce(heads);
  return heads.map((head) => ({
    id: head.id,
    router: head.router,
    base_version: head.baseVersion,
    head_version: head.headVersion,
    in_force: inForce.has(head.id),
    applied_at_utc: head.appliedAtUtc,
    taken_up_at_utc: head.takenUpAtUtc,
    withdrawn_at_utc: head.withdrawnAtUtc,
    report: parseHeadReport(head.reportJson),
  }));
}

function describe(head: AppliedHead, _: number, all: readonly AppliedHead[]): string {
  const state = headsInForce(all).has(head.id)
    ? 'in force'
    : head.withdrawnAtUtc === null
      ? 'replaced'
      : `withdrawn ${head.withdrawnAtUtc}`;
  const report = parseHeadReport(head.reportJson);
  return (
    `${head.headVersion}  router ${head.router}  applied ${head.appliedAtUtc}  ${state}\n` +
    `  ${report === null ? 'its report cannot be read' : gainText(report)}\n`
  );
}

function gainText(report: HeadReport): string {
  const { outcomes, quality_gain: gain, quality_gain_interval_95: interval } = report;
  const figures = [gain, ...(interval ?? [])].map((value) => value?.toFixed(4));
  return (
    `from ${outcomes} outcomes; quality over the head before ${figures[0]} ` +
    `(95 % interval ${figures[1]} to ${figures[2]}); ` +
    `APGR ${apgrOf(report, 'new head')} against ${apgrOf(report, 'present head')}`
  );
}

function apgrOf({ contenders }: HeadReport, name: string): string {
  return contenders.find((one) => one.name === name)?.apgr?.toFixed(3) ?? '-';
}

/** The newest of each router version that is not withdrawn; `heads` are newest first. */
function headsInForce(heads: readonly AppliedHead[]): ReadonlySet<number> {
  const newest = new Map<string, number>();
  for (const { id, router, baseVersion, withdrawnAtUtc } of heads) {
    const key = `${router} ${baseVersion}`;
    if (withdrawnAtUtc === null && !newest.has(key)) newest.set(key, id);
  }
  return new Set(newest.values());
}

function noneText(db: string): string {
  return `${db} holds no local head: \`pointsman train --apply\` makes one from logged outcomes.\n`;
}
