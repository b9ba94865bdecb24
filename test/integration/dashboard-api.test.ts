import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashOfKey, KeySet } from '../../src/access/key-set.ts';
import type { Config } from '../../src/config/config.ts';
import type { Overview, RequestDetail, RequestPage } from '../../src/dashboard/api-types.ts';
import { ask, post } from '../support/chat.ts';
import { readLog } from '../support/read-log.ts';
import {
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

const prices = {
  strong: { price: { inputPerMtok: 10, outputPerMtok: 30 } },
  weak: { price: { inputPerMtok: 1, outputPerMtok: 3 } },
};
const adminKey = 'admin-key-0123456789';
const withKeys = (config: Config, clientKeys: string[], adminKeys: string[]): Config => ({
  ...config,
  access: {
    clientKeys: new KeySet(clientKeys.map(hashOfKey)),
    adminKeys: new KeySet(adminKeys.map(hashOfKey)),
  },
});

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(async () => {
  gateway = await start((config) => ({ ...withTiers(config, prices), logPrompts: 'full' }));
});
afterEach(() => gateway.close());
afterAll(() => upstream.close());

const start = (change: (config: Config) => Config) =>
  startTestGateway({ strong: upstream.url }, change);

const chat = (text: string, headers = {}) =>
  post(`${gateway.url}/v1/chat/completions`, ask(text), headers);

const api = (path: string, init: RequestInit = {}) =>
  fetch(`${gateway.url}/dashboard/api/${path}`, init);

async function read<Body>(path: string): Promise<Body> {
  const response = await api(path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Body;
}

const logged = (rows: number) => expect.poll(() => readLog(gateway.db).length).toBe(rows);

const codeOf = async (response: Response) => {
  const { error } = (await response.json()) as { error?: { code: string } };
  return [response.status, error?.code];
};

const apply = (body: unknown, headers: Record<string, string> = {}, url = gateway.url) =>
  fetch(`${url}/dashboard/api/threshold`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-pointsman-dashboard': '1',
      ...headers,
    },
    body: JSON.stringify(body),
  });

describe('what the dashboard tells of the log', () => {
  test('an empty log is an overview of nothing', async () => {
    const { traffic, server } = await read<Overview>('overview');
    expect(traffic.logged_requests).toBe(0);
    expect(traffic.totals).toMatchObject({ requests: 0, cost_usd: null });
    expect(traffic).toMatchObject({ scores: null, errors: [] });
    expect(server.router).toMatchObject({ threshold: 0.5, origin: 'default' });
    expect(server).toMatchObject({ drift: null, recent: { scores: 0, strong_share: null } });
    expect((await read<RequestPage>('requests')).requests).toEqual([]);
  });

  test('tiers, shares, money and scores add up', async () => {
    for (const score of ['0.1', '0.2', '0.3', '0.9']) await chat(`${score} x`);
    await logged(4);
    const { traffic } = await read<Overview>('overview?range=1h');
    const { totals, series, scores } = traffic;
    expect(totals).toMatchObject({ requests: 4, strong: 1, weak: 3, routed: 4, routed_strong: 1 });
    // 11 tokens in and 7 out each: 320 micro-dollars by strong, 32 by weak.
    expect(totals.cost_usd).toBeCloseTo(0.000416, 9);
    expect(totals.savings.always_strong_usd).toBeCloseTo(0.00128, 9);
    expect(totals.savings.usd).toBeCloseTo(0.000864, 9);
    const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
    expect([sum(series.strong), sum(series.weak), sum(series.failed)]).toEqual([1, 3, 0]);
    expect(series.t.every((t, i) => i === 0 || t - series.t[i - 1]! === 60)).toBe(true);
    expect(scores?.count).toBe(4);
    expect(scores?.counts.flatMap((n, i) => (n > 0 ? [i] : []))).toEqual([100, 200, 300, 900]);
    expect(scores?.usd_per_1k?.[0]).toBeCloseTo(0.32, 6); // all strong
    expect(scores?.usd_per_1k?.[301]).toBeCloseTo(0.104, 6); // one of four
    expect(scores?.usd_per_1k?.[1000]).toBeCloseTo(0.032, 6); // all weak
  });

  test('failures and fallbacks are counted with their last request', async () => {
    upstream.enqueue(failure(401));
    await chat('0.9 falls back');
    upstream.enqueue(failure(401)); // and strong is out of service now
    await chat('0.1 fails');
    await logged(2);
    const { traffic } = await read<Overview>('overview');
    expect(traffic.totals.failed).toBe(1);
    expect(traffic.fallbacks).toContainEqual(
      expect.objectContaining({ tier: 'strong', model: 'weak-model:7b', count: 1 }),
    );
    expect(traffic.errors).toMatchObject([{ code: 'upstream_auth_failed', status: 502, count: 1 }]);
    const { requests } = await read<RequestPage>('requests?result=failed');
    expect(requests.map((one) => one.decision_id)).toEqual([traffic.errors[0]?.last_decision_id]);
  });

  test('an unchanged log is a 304; a new request is not', async () => {
    await chat('0.1 x');
    await logged(1);
    const first = await api('overview');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-store');
    const headers = { 'if-none-match': etag };
    expect((await api('overview', { headers })).status).toBe(304);
    await chat('0.1 y');
    await logged(2);
    // A sum that took long is not made anew at once.
    const requestsNow = async () => {
      const next = await api('overview', { headers });
      return next.status === 200 ? ((await next.json()) as Overview).traffic.totals.requests : null;
    };
    await expect.poll(requestsNow).toBe(2);
  });

  test('requests come in pages, newest first, and by every filter', async () => {
    for (const score of ['0.1', '0.2', '0.7', '0.8', '0.9']) await chat(`${score} x`);
    const named = await chat('0.3 50% of _it_');
    const id = named.headers.get('x-pointsman-decision-id');
    await post(`${gateway.url}/v1/router/feedback`, { decision_id: id, value: false });
    await logged(6);
    const seen: string[] = [];
    for (let before: string | null = ''; before !== null;) {
      const query = before === '' ? '' : `&before=${encodeURIComponent(before)}`;
      const page: RequestPage = await read(`requests?limit=4${query}`);
      seen.push(...page.requests.map((one) => String(one.prompt).slice(0, 3)));
      before = page.next;
    }
    expect(seen).toEqual(['0.3', '0.9', '0.8', '0.7', '0.2', '0.1']);
    const found = async (query: string) =>
      (await read<RequestPage>(`requests?${query}`)).requests.map((one) => one.score);
    expect(await found('tier=weak')).toEqual([0.3, 0.2, 0.1]);
    expect(await found('min_score=0.75&max_score=0.85')).toEqual([0.8]);
    expect(await found('evidence=explicit')).toEqual([0.3]);
    expect(await found('evidence=bad')).toEqual([0.3]);
    expect(await found('evidence=compared')).toEqual([]);
    expect(await found(`text=${encodeURIComponent('0% of _it')}`)).toEqual([0.3]);
    expect(await found(`text=${encodeURIComponent('5_% of')}`)).toEqual([]);
    expect(await found(`text=${id}`)).toEqual([0.3]);
    expect(await found('reason=score&result=ok&range=15m')).toHaveLength(6);
  });

  test('one request: the decision, the reasons, how it went, what is like it', async () => {
    await chat('0.2 one');
    const reply = await chat('0.9 another');
    const id = reply.headers.get('x-pointsman-decision-id') ?? '';
    const feedback = { decision_id: id, value: 0.25, comment: 'too long', source: 'judge' };
    await post(`${gateway.url}/v1/router/feedback`, feedback);
    await logged(2);
    const detail = await read<RequestDetail>(`requests/${id}`);
    expect(detail.request).toMatchObject({
      ...{
        decision_id: id,
        tier: 'strong',
        score: 0.9,
        threshold: 0.5,
        prompt_text: '0.9 another',
      },
      ...{ is_stream: false, is_private: false, explicit: 0.25, upstream_model: 'strong-model:7b' },
    });
    expect(detail.feedback).toMatchObject([{ source: 'judge', value: 0.25, comment: 'too long' }]);
    expect(detail.nearest).toMatchObject([{ prompt: '0.2 one', tier: 'weak', times: 1 }]);
    expect(detail.nearest[0]?.similarity).toBeCloseTo(1, 6);
    expect(detail.searched).toBe(1);
    expect(detail.explanation).toMatchObject({ score: 0.9 });
    expect((await api('requests/dec_unknown')).status).toBe(404);
  });

  test('without logged texts there is none here', async () => {
    const quiet = await start((config) => config);
    const url = `${quiet.url}/v1/chat/completions`;
    const reply = await post(url, ask('0.9 canary text'));
    await expect.poll(() => readLog(quiet.db).length).toBe(1);
    const id = reply.headers.get('x-pointsman-decision-id');
    for (const path of ['overview', 'requests', `requests/${id}`]) {
      const text = await (await fetch(`${quiet.url}/dashboard/api/${path}`)).text();
      expect(text).not.toContain('canary');
    }
    await quiet.close();
  });

  test('a wrong question is a 400 that names the parameter', async () => {
    for (const [path, param, message] of [
      [
        'overview?range=2h',
        'range',
        'range is "2h": it must be one of 15m, 1h, 6h, 24h, 7d, 30d, all.',
      ],
      ['overview?x=1', 'x', '"x" is not a field of the query; known: range.'],
      ['requests?limit=0', 'limit', 'limit is "0": it must be 1 at least.'],
      ['requests?limit=ten', 'limit', 'limit is "ten": it must be a number.'],
      ['requests?tier=best', 'tier', 'tier is "best": it must be one of strong, weak, none.'],
      ['requests?before=yesterday', 'before', '"before" must be the "next" of a page.'],
    ]) {
      const response = await api(path!);
      expect(response.status, path).toBe(400);
      const { error } = (await response.json()) as { error: { param: string; message: string } };
      expect(error).toMatchObject({ param, message });
    }
    expect((await api('overview', { method: 'DELETE' })).status).toBe(405);
  });
});

describe('applying a threshold', () => {
  test('the very next decision uses it, the log keeps it, calibrate --apply would do the same', async () => {
    for (const score of ['0.1', '0.3', '0.4', '0.6']) await chat(`${score} x`);
    await logged(4);
    expect((await chat('0.4 again')).headers.get('x-pointsman-tier')).toBe('weak');
    await logged(5);
    const reply = await apply({ threshold: 0.35, router_version: 'scripted-1' });
    expect(await reply.json()).toEqual({
      ...{ threshold: 0.35, router: 'mf', router_version: 'scripted-1', prompts: 5 },
      strong_share: 0.6,
    });
    const next = await chat('0.4 again');
    expect(next.headers.get('x-pointsman-tier')).toBe('strong');
    expect(next.headers.get('x-pointsman-threshold')).toBe('0.35');
    const { traffic, server } = await read<Overview>('overview');
    expect(server.router).toMatchObject({ threshold: 0.35, origin: 'calibrated' });
    expect(traffic.thresholds).toMatchObject([
      { threshold: 0.35, goal: 'dashboard', prompts: 5, is_current_version: true },
    ]);
    await expect
      .poll(async () => (await read<Overview>('overview')).traffic.thresholds[0]?.taken_up_at)
      .toBeTruthy();
  });

  test('is refused without scores, for another version, and for what is no threshold', async () => {
    const codeOf = async (body: unknown) => {
      const response = await apply(body);
      const { error } = (await response.json()) as { error: { code: string | null } };
      return [response.status, error.code];
    };
    expect(await codeOf({ threshold: 0.3, router_version: 'scripted-1' })).toEqual([400, null]);
    await chat('0.1 x');
    await logged(1);
    expect(await codeOf({ threshold: 0.3, router_version: 'other' })).toEqual([
      409,
      'router_changed',
    ]);
    expect(await codeOf({ threshold: 1.3, router_version: 'scripted-1' })).toEqual([400, null]);
    expect(await codeOf({ threshold: 0.3 })).toEqual([400, null]);
  });

  test('is refused to any other page', async () => {
    await chat('0.1 x');
    await logged(1);
    const body = { threshold: 0.3, router_version: 'scripted-1' };
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'content-type': 'text/plain' },
      { 'x-pointsman-dashboard': '' },
    ]) {
      const reply = await apply(body, headers);
      expect(await codeOf(reply), JSON.stringify(headers)).toEqual([403, 'cross_site_request']);
    }
    expect((await apply(body, { origin: gateway.url })).status).toBe(200);
    const preflight = await fetch(`${gateway.url}/dashboard/api/threshold`, { method: 'OPTIONS' });
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('who may look', () => {
  const answersOf = async (
    change: (config: Config) => Config,
    headers: Record<string, string> = {},
  ) => {
    const other = await start(change);
    const results: unknown[] = [];
    for (const path of ['overview', 'requests', 'requests/dec_x']) {
      const url = `${other.url}/dashboard/api/${path}`;
      results.push(await codeOf(await fetch(url, { headers })));
    }
    const body = { threshold: 0.3, router_version: 'scripted-1' };
    results.push(await codeOf(await apply(body, headers, other.url)));
    await other.close();
    return results;
  };

  test('with an admin key it alone', async () => {
    const refused = Array<unknown>(4).fill([401, 'invalid_api_key']);
    const closed = (config: Config) => withKeys(config, ['client-key-0123'], [adminKey]);
    expect(await answersOf(closed)).toEqual(refused);
    const client = { authorization: 'Bearer client-key-0123' };
    expect(await answersOf(closed, client)).toEqual(refused);
    const admin = { authorization: `Bearer ${adminKey}` };
    expect(await answersOf(closed, admin)).toEqual([
      [200, undefined],
      [200, undefined],
      [404, 'decision_not_found'],
      [400, null],
    ]);
  });

  test('without one nobody where others could reach the server, or keys are used', async () => {
    const none = Array<unknown>(4).fill([403, 'dashboard_closed']);
    expect(await answersOf((config) => ({ ...config, host: '0.0.0.0' }))).toEqual(none);
    expect(await answersOf((config) => withKeys(config, ['client-key-0123'], []))).toEqual(none);
    const proxied = { 'x-forwarded-for': '203.0.113.9' };
    expect(await answersOf((config) => config, proxied)).toEqual(none);
  });

  test('a name that was bound to this address is not this machine (DNS rebinding)', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const url = `${gateway.url}/dashboard/api/overview`;
      const headers = { host: 'evil.example:80' };
      request(url, { headers }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(403);
  });
});

test('the page and its files are served with a policy that allows no other host', async () => {
  for (const [path, type] of [
    ['', 'text/html'],
    ['/page/main.js', 'text/javascript'],
    ['/page/page.css', 'text/css'],
    ['/charts/uPlot.esm.js', 'text/javascript'],
    ['/charts/uPlot.min.css', 'text/css'],
  ]) {
    const response = await fetch(`${gateway.url}/dashboard${path}`);
    expect(response.status, path).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await response.text()).not.toMatch(/(src|href)=["']?(https?:)?\/\//);
  }
  const slash = await fetch(`${gateway.url}/dashboard/`, { redirect: 'manual' });
  expect(slash.headers.get('location')).toBe('../dashboard');
  for (const path of [
    '/page/../routes.ts',
    '/page/%2e%2e/routes.ts',
    '/charts/uPlot.cjs.js',
    '/page/',
  ]) {
    expect((await fetch(`${gateway.url}/dashboard${path}`)).status, path).toBe(404);
  }
});
