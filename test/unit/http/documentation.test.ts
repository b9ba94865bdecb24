import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import { createGroupPool } from '../../../src/dispatch/group-pool.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { deployment } from '../../support/deployment.ts';
import { requestRecord } from '../../support/request-record.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const text = read('docs/http-api.md');

/** The paths that are given to Express, as the page writes them. */
function routes(): string[] {
  const app = read('src/http/app.ts').matchAll(/app\.(get|post)\(([^;]*)\);/g);
  const dashboard = read('src/dashboard/routes.ts')
    .replaceAll("'/api/", "'/dashboard/api/")
    .matchAll(/router\.(get|post)\(('\/dashboard[^;]*)\);/g);
  return [...app, ...dashboard].flatMap(([, method = '', args = '']) => {
    const isBoth = args.startsWith('both(');
    const paths = [...args.matchAll(/'(\/[^']*)'/g)].map(([, path = '']) => path);
    return paths.map((path) => `${method.toUpperCase()} ${isBoth ? `/v1${path}` : path}`);
  });
}

describe('docs/http-api.md', () => {
  it('finds the routes', () => {
    expect(routes()).toContain('POST /v1/chat/completions');
    expect(routes()).toContain('POST /dashboard/api/threshold');
    expect(routes().length).toBeGreaterThan(12);
  });

  it.each(routes())('has %s', (route) => {
    const [method, path = ''] = route
      .replace('*id', '{id}')
      .replace(':id', '{decision_id}')
      .split(' ');
    const rows = text.split('\n').filter((line) => line.startsWith(`| \`${method} `));
    expect(rows.some((row) => row.includes(`${path}\``))).toBe(true);
  });

  it('has every metric with its labels, and no other', async () => {
    const documented = [...text.matchAll(/`(pointsman_\w+(?:\{[\w,]*\})?)`/g)].map(
      ([, name]) => name,
    );
    expect(documented.sort()).toEqual((await exposedMetrics()).sort());
  });
});

/** Every metric as `name{labels}`, of a gateway to which all has happened that is counted. */
async function exposedMetrics(): Promise<string[]> {
  const group = { name: 'g', deployments: [deployment()] };
  const clock = { now: () => 0, random: () => 0 };
  const metrics = createMetrics({
    pools: () => [createGroupPool(group, defaultDispatchSettings, clock)],
    log: () => ({ queued: 0, written: 0, dropped: 0, failure: null }),
    embeddingFailures: () => 0,
    embeddingCache: () => ({ hits: 0, misses: 0 }),
    routers: () => [
      {
        ...{ name: 'mf', threshold: 0.5, targetStrongShare: 0.5 },
        recent: { strongShare: 0.5, drift: { psi: 0, level: 'stable' } },
      },
    ],
    strongPrice: () => ({ inputPerMtok: 1, outputPerMtok: 1 }),
  });
  metrics.onRequest(requestRecord({ stream: true, confidence: -0.1 }));
  metrics.onOverhead(1);
  metrics.onRetry(deployment());
  metrics.onFallback('g', 'h', 'server');
  metrics.onSignal('empty_answer');
  metrics.onShadow('stored');
  metrics.onShadowSpent(1);
  metrics.onReload('success');
  const lines = (await metrics.text()).split('\n');
  metrics.close();
  return lines.flatMap((line) => {
    const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (name === '') return [];
    const sample = type === 'histogram' ? `${name}_count` : name;
    const found = lines.find((other) => other.replace(/[{ ].*/, '') === sample);
    expect(found, `a sample of ${name}`).toBeDefined();
    const labels = [...found!.matchAll(/(\w+)="/g)].map(([, label]) => label);
    return [labels.length === 0 ? name : `${name}{${labels.join(',')}}`];
  });
}
