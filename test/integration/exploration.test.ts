import { expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';

test('an explored request says so in its headers and its row; a bypass never explores', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    exploration: 0.5,
  }));
  try {
    const seen = new Set<string>();
    for (let i = 0; i < 60 && seen.size < 2; i++) {
      const { headers } = await post(`${gateway.url}/v1/chat/completions`, ask('0.9 hard'));
      const reason = headers.get('x-pointsman-reason') ?? '';
      if (seen.has(reason)) continue;
      seen.add(reason);
      const isExplored = reason === 'exploration';
      expect(headers.get('x-pointsman-tier')).toBe(isExplored ? 'weak' : 'strong');
      const { tier, propensity, score } = await waitForDecision(gateway.db, headers);
      expect({ tier, propensity, score }).toEqual({
        tier: isExplored ? 'weak' : 'strong',
        propensity: isExplored ? 0.25 : 0.75,
        score: 0.9,
      });
    }
    // 60 draws of 0.25 miss one side once in 3e7.
    expect([...seen].sort()).toEqual(['exploration', 'score']);

    const bypass = await post(
      `${gateway.url}/v1/chat/completions`,
      ask('0.9 hard', { model: 'weak' }),
    );
    expect(bypass.headers.get('x-pointsman-reason')).toBe('bypass');
    const row = await waitForDecision(gateway.db, bypass.headers);
    expect(row['propensity']).toBeNull();
  } finally {
    await gateway.close();
    await upstream.close();
  }
});
