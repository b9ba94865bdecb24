import { createDecider, type Decide, type DeciderOptions } from '../../src/routing/decide.ts';
import type { RequestFacts } from '../../src/routing/decide.ts';
import { createSessions } from '../../src/routing/sessions.ts';
import { createThresholds } from '../../src/routing/thresholds.ts';
import { scriptedRouter } from './start-gateway.ts';

/** The scripted router with threshold 0.5 and two tiers that can do everything. */
export function testDecider(overrides: Partial<DeciderOptions> = {}): Decide {
  return createDecider({
    routers: new Map([['mf', scriptedRouter()]]),
    thresholds: createThresholds({
      applied: new Map(),
      online: () => null,
      configured: 0.5,
      stored: new Map(),
    }),
    tierGroups: { strong: 'strong', weak: 'weak' },
    defaultTier: 'strong',
    timeoutMs: 1000,
    precheck: { rules: [], fits: () => true },
    sessions: createSessions({ maxSessions: 10, ttlMs: 60_000 }),
    outsideRouters: new Set(),
    exploration: 0,
    random: Math.random,
    onEmbeddingFailed: () => {},
    ...overrides,
  });
}

/** A single turn of a client without a key; name what matters to the test. */
export function requestFacts(
  text: string | null,
  fields: Partial<RequestFacts> = {},
): RequestFacts {
  return {
    text,
    promptTokens: 10,
    needs: [],
    isPrivate: false,
    headers: {},
    metadata: {},
    keyHash: '',
    texts: () => [text ?? ''],
    session: { name: null, opening: null, turns: 1 },
    isToolTurn: false,
    ...fields,
  };
}

export const auto = { kind: 'router', router: 'mf', threshold: null } as const;
