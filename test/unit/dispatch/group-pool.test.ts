import { expect, test } from 'vitest';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import { createGroupPool, type GroupPool } from '../../../src/dispatch/group-pool.ts';
import type { Deployment } from '../../../src/upstream/deployment.ts';
import { deployment } from '../../support/deployment.ts';

const demands = { promptTokens: 10, needs: [], isLocalOnly: false };
const cooldownMs = 10_000;

function setUp() {
  let nowMs = 0;
  const [ill, well] = ['ill', 'well'].map((id) => deployment({ id, group: 'g', cooldownMs }));
  const pool = createGroupPool({ name: 'g', deployments: [ill!, well!] }, defaultDispatchSettings, {
    now: () => nowMs,
    random: () => 0,
  });
  const leaseOf = (wanted: Deployment) => pool.lease(demands, others(pool, wanted));
  return { ill: ill!, well: well!, pool, leaseOf, pass: (ms: number) => (nowMs += ms) };
}

function others({ group }: GroupPool, wanted: Deployment): ReadonlySet<Deployment> {
  return new Set(group.deployments.filter((one) => one !== wanted));
}

test('a deployment whose probe is running is none that could be leased', () => {
  const { ill, well, pool, leaseOf, pass } = setUp();
  leaseOf(ill).fail('auth', null);
  expect(pool.available(demands, new Set([well]))).toBe(0);
  pass(cooldownMs);
  expect(pool.available(demands, new Set([well]))).toBe(1);
  const probe = leaseOf(ill);
  expect(pool.available(demands, new Set([well]))).toBe(0);
  expect(pool.lease(demands, new Set()).deployment).toBe(well);
  expect(() => leaseOf(ill)).toThrow(expect.objectContaining({ code: 'no_deployment_available' }));
  probe.succeed();
  expect(pool.available(demands, new Set([well]))).toBe(1);
});

test('who gets no deployment is told why calls are kept from each, and when to try again', () => {
  const { ill, well, pool, leaseOf, pass } = setUp();
  const refusal = () => {
    try {
      pool.lease(demands, new Set());
    } catch (error) {
      return error as { message: string; headers: Record<string, string> };
    }
    throw new Error('there was a deployment');
  };
  leaseOf(ill).fail('auth', null);
  pass(cooldownMs / 2);
  leaseOf(well).fail('rate_limit', 30_000);
  expect(refusal().message).toBe(
    'All deployments of "g" are cooling down or busy (the upstream refused our credentials; the upstream limits the rate).',
  );
  expect(refusal().headers['retry-after']).toBe('5');
  pass(cooldownMs / 2);
  leaseOf(ill).succeed();
  const running = leaseOf(ill);
  running.fail('not_found', null);
  expect(refusal().message).toMatch(/has no such model or path; the upstream limits the rate/);
});

test('a deployment that could not answer in any case says nothing of when to try again', () => {
  const ids = ['blind', 'seeing'];
  const [blind, seeing] = ids.map((id) =>
    deployment({ id, group: 'g', cooldownMs: 9000, cannot: id === 'blind' ? ['images'] : [] }),
  );
  const pool = createGroupPool(
    { name: 'g', deployments: [blind!, seeing!] },
    defaultDispatchSettings,
    {
      now: () => 0,
      random: () => 0,
    },
  );
  const asked = { ...demands, needs: ['images' as const] };
  pool.lease(asked, new Set()).fail('not_found', null);
  expect(() => pool.lease(asked, new Set())).toThrow(
    expect.objectContaining({ status: 503, headers: { 'retry-after': '9' } }),
  );
});
