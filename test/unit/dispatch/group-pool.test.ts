import { expect, test } from 'vitest';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import { createGroupPool, type GroupPool } from '../../../src/dispatch/group-pool.ts';
import type { Deployment } from '../../../src/upstream/deployment.ts';
import { deployment } from '../../support/deployment.ts';

const demands = { promptTokens: 10, needs: [], isLocalOnly: false };
const cooldownMs = 1000;

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
