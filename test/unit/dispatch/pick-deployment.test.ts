import { describe, expect, test } from 'vitest';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import { createGroupPool } from '../../../src/dispatch/group-pool.ts';
import { pickDeployment } from '../../../src/dispatch/pick-deployment.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { deployment } from '../../support/deployment.ts';

const candidate = (id: string, fields: Parameters<typeof deployment>[0] = {}, inFlight = 0) => ({
  deployment: deployment({ id, ...fields }),
  inFlight,
});

const demands = { promptTokens: 1, needs: [], isLocalOnly: false };

describe('simple-shuffle', () => {
  /** Chi-square of the draws against the expected shares; 10.83 is its 0.1 % point for 1 degree. */
  function chiSquare(
    fields: readonly Parameters<typeof deployment>[0][],
    shares: number[],
  ): number {
    const random = seededRandom(7);
    const candidates = fields.map((field, i) => candidate(String(i), field));
    const draws = 10_000;
    const counts = shares.map(() => 0);
    for (let i = 0; i < draws; i++) {
      const id = Number(pickDeployment(candidates, 'simple-shuffle', random)?.deployment.id);
      counts[id] = (counts[id] ?? 0) + 1;
    }
    const expected = shares.map((share) => share * draws);
    return counts.reduce((sum, count, i) => {
      const wanted = expected[i] ?? 0;
      return sum + (wanted === 0 ? count : (count - wanted) ** 2 / wanted);
    }, 0);
  }

  test.each([
    ['weight 2:1', [{ weight: 2 }, { weight: 1 }], [2 / 3, 1 / 3]],
    ['a missing weight is 1', [{ weight: 3 }, {}], [3 / 4, 1 / 4]],
    ['rpm when all have it', [{ rpm: 30 }, { rpm: 10 }], [3 / 4, 1 / 4]],
    ['evenly when only one has rpm', [{ rpm: 30 }, {}], [1 / 2, 1 / 2]],
    ['tpm when all have it', [{ tpm: 1 }, { tpm: 4 }], [1 / 5, 4 / 5]],
    ['evenly when all weigh nothing', [{ weight: 0 }, { weight: 0 }], [1 / 2, 1 / 2]],
    ['never one of weight 0', [{ weight: 0 }, { weight: 1 }], [0, 1]],
  ])('%s', (_what, fields, shares) => {
    expect(chiSquare(fields, shares)).toBeLessThan(10.83);
  });

  test('only the lowest order is drawn; none comes last', () => {
    const candidates = [candidate('a'), candidate('b', { order: 2 }), candidate('c', { order: 1 })];
    for (const random of [0, 0.5, 0.99]) {
      expect(pickDeployment(candidates, 'simple-shuffle', () => random)?.deployment.id).toBe('c');
    }
    expect(pickDeployment([], 'simple-shuffle', () => 0)).toBeNull();
  });
});

describe('least-busy', () => {
  test('the fewest running calls', () => {
    const candidates = [candidate('a', {}, 2), candidate('b', {}, 1), candidate('c', {}, 3)];
    expect(pickDeployment(candidates, 'least-busy', () => 0)?.deployment.id).toBe('b');
  });

  test('AT-24: the count rises at selection, so concurrent calls spread evenly', () => {
    const deployments = ['a', 'b', 'c'].map((id) => deployment({ id }));
    const pool = createGroupPool(
      { name: 'g', deployments },
      { ...defaultDispatchSettings, routingStrategy: 'least-busy' },
      { now: () => 0, random: seededRandom(1) },
    );
    const leases = Array.from({ length: 30 }, () => pool.lease(demands, new Set()));
    expect(pool.states().map(({ inFlight }) => inFlight)).toEqual([10, 10, 10]);
    for (const lease of leases) {
      lease.succeed();
      lease.cancel(); // a second ending changes nothing
    }
    expect(pool.states().map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });
});

test('max_parallel_requests: the call over the cap goes to the next deployment', () => {
  const deployments = [
    deployment({ id: 'a', order: 1, maxParallelRequests: 1 }),
    deployment({ id: 'b', order: 2 }),
  ];
  const clock = { now: () => 0, random: () => 0 };
  const pool = createGroupPool({ name: 'g', deployments }, defaultDispatchSettings, clock);
  const ids = [1, 2, 3].map(() => pool.lease(demands, new Set()).deployment.id);
  expect(ids).toEqual(['a', 'b', 'b']);
});

test('a probe is not ended by a call that began before its deployment was taken out', () => {
  let nowMs = 0;
  const settings = { ...defaultDispatchSettings, cooldownMs: 1000 };
  const pool = createGroupPool({ name: 'g', deployments: [deployment()] }, settings, {
    now: () => nowMs,
    random: () => 0,
  });
  const lease = () => pool.lease(demands, new Set());
  const [early, refused] = [lease(), lease()];
  refused.fail('auth', null);
  nowMs += 1000;
  const probe = lease();
  early.cancel();
  expect(lease).toThrow(/cooling down or busy/);
  probe.succeed();
  expect(pool.states()).toMatchObject([{ state: 'closed' }]);
});
