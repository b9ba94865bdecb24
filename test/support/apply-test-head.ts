import { headVersionOf, writeLocalHead, type LocalHead } from '../../src/routing/local-head.ts';
import { applyHead } from '../../src/store/apply-head.ts';
import type { HeadReport } from '../../src/store/head-report.ts';

/** For the vectors of `scriptedRouter`, of length 2. Doubles the logit. */
export const steepHead: LocalHead = { slope: 2, bias: 0, weights: Float32Array.of(0, 0) };

/** What `train --apply` stores, for `scriptedRouter`: a head, its threshold, and a measured report. */
export async function applyTestHead(
  db: string,
  { head = steepHead, threshold = 0.7, strongShare = 0.167 } = {},
): Promise<HeadReport> {
  const baseVersion = 'scripted-1';
  const weights = writeLocalHead({ head, baseVersion, embedderId: 'scripted-2' });
  const headVersion = headVersionOf(baseVersion, weights);
  const report = testReport(headVersion, threshold, strongShare);
  const reportJson = JSON.stringify(report);
  const moved = { threshold, strongShare, prompts: 1000, scoreDeciles: uniformDeciles };
  const isTakenUp = await applyHead(
    db,
    { router: 'mf', baseVersion, headVersion, weights, reportJson },
    { router: 'mf', routerVersion: headVersion, goal: 'strong_share', ...moved },
    { waitMs: 10_000, pollMs: 10 },
  );
  if (!isTakenUp) throw new Error('no server took the head up');
  return report;
}

const uniformDeciles = Array.from({ length: 11 }, (_, i) => i / 10);

function testReport(headVersion: string, threshold: number, strongShare: number): HeadReport {
  const figures = (
    name: string,
    [apgr, low, high]: readonly [number, number, number],
    [kept, from, to]: readonly [number, number, number],
  ) => ({
    ...{ name, apgr, apgr_interval_95: [low, high] as const, strong_share: strongShare },
    ...{ gap_recovered: kept, gap_recovered_interval_95: [from, to] as const },
  });
  const always = (name: string, share: number) => ({
    ...{ name, apgr: null, apgr_interval_95: null, strong_share: share },
    ...{ gap_recovered: share, gap_recovered_interval_95: null },
  });
  return {
    ...{ router: 'mf', base_version: 'scripted-1', present_version: 'scripted-1' },
    ...{ head_version: headVersion, outcomes: 785, compared: 600, rated: 500, telling: 785 },
    contenders: [
      figures('new head', [0.7015, 0.6429, 0.7782], [0.3627, 0.2761, 0.4714]),
      figures('present head', [0.4922, 0.4284, 0.5553], [0.1579, 0.0852, 0.2295]),
      figures('random', [0.5019, 0.4843, 0.5203], [0.155, 0.1318, 0.1784]),
      always('always weak', 0),
      always('always strong', 1),
    ],
    ...{ gap: 0.2104, apgr_gain: 0.2093, apgr_gain_interval_95: [0.1342, 0.3041] },
    ...{ quality_gain: 0.044, quality_gain_interval_95: [0.0278, 0.0612], is_better: true },
    ...{ outcomes_needed: null, freedom: 0.26, shipped_probability: 1e-9, seed: 1 },
    ...{ strong_share: strongShare, present_threshold: 0.3197, threshold },
  };
}
