import { describe, expect, it } from 'vitest';
import type { Ability, Demands } from '../../../src/demands.ts';
import type { Tier } from '../../../src/routing/decision.ts';
import { guard } from '../../../src/routing/guards.ts';

interface Model {
  readonly window?: number;
  readonly cannot?: readonly Ability[];
  readonly isLocal?: boolean;
}

function fitsOf(models: Readonly<Record<Tier, readonly Model[]>>) {
  return (tier: Tier, { promptTokens, needs, isLocalOnly }: Demands) =>
    models[tier].some(
      ({ window = Infinity, cannot = [], isLocal = false }) =>
        promptTokens <= window &&
        !needs.some((need) => cannot.includes(need)) &&
        (isLocal || !isLocalOnly),
    );
}

function demands(fields: Partial<Demands>): Demands {
  return { promptTokens: 10, needs: [], isLocalOnly: false, ...fields };
}

describe('guard', () => {
  const able = [{}];

  it('has nothing to say where both tiers can answer', () => {
    expect(guard(demands({ needs: ['tools'] }), fitsOf({ strong: able, weak: able }))).toBeNull();
  });

  it.each(['images', 'tools', 'schema'] as const)('takes the tier that can do %s', (need) => {
    const weak = [{ cannot: [need] }];
    const guarded = guard(demands({ needs: [need] }), fitsOf({ strong: able, weak }));
    expect(guarded).toEqual({ tier: 'strong', guard: need });
    expect(guard(demands({}), fitsOf({ strong: able, weak }))).toBeNull();
  });

  it('takes the tier whose window holds the prompt, weak too', () => {
    const short = [{ window: 100 }];
    const fits = fitsOf({ strong: short, weak: able });
    expect(guard(demands({ promptTokens: 101 }), fits)).toEqual({
      tier: 'weak',
      guard: 'context_window',
    });
    expect(guard(demands({ promptTokens: 100 }), fits)).toBeNull();
  });

  it('takes the tier with a local deployment', () => {
    const fits = fitsOf({ strong: able, weak: [{ isLocal: true }] });
    expect(guard(demands({ isLocalOnly: true }), fits)).toEqual({
      tier: 'weak',
      guard: 'local_only',
    });
  });

  it('asks for one deployment that can do all', () => {
    const weak = [{ window: 100 }, { cannot: ['images'] as const }];
    const fits = fitsOf({ strong: able, weak });
    expect(guard(demands({ needs: ['images'], promptTokens: 101 }), fits)).toEqual({
      tier: 'strong',
      guard: 'images',
    });
  });

  it('leaves it to the dispatcher where neither can', () => {
    const none = [{ cannot: ['images'] as const }];
    expect(guard(demands({ needs: ['images'] }), fitsOf({ strong: none, weak: none }))).toBeNull();
  });
});
