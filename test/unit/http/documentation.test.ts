import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/metrics/metrics.ts';

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
    const metrics = createMetrics({
      pools: () => [],
      log: () => ({ queued: 0, written: 0, dropped: 0, failure: null }),
      embeddingFailures: () => 0,
      embeddingCache: () => null,
      routers: () => [],
      strongPrice: () => null,
    });
    const exposed = (await metrics.text()).matchAll(/^# TYPE (\S+) /gm);
    metrics.close();
    const documented = [...text.matchAll(/`(pointsman_\w+)/g)].map(([, name]) => name);
    expect(documented.sort()).toEqual([...exposed].map(([, name]) => name).sort());
  });
});
