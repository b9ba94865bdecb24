import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { KeySet } from '../../src/access/key-set.ts';
import type { Config } from '../../src/config/config.ts';
import { EmbeddingError } from '../../src/errors.ts';
import { startGateway, type Gateway, type GatewayParts } from '../../src/gateway.ts';
import { defaultServerLimits, type ServerLimits } from '../../src/http/server.ts';
import type { Router } from '../../src/routing/router.ts';
import type { Deployment } from '../../src/upstream/deployment.ts';
import { deployment } from './deployment.ts';
import { groupsOfTwo } from './groups-of-two.ts';

/** A router whose win rate stands in the prompt, as in "0.7 prove it"; 0.1 where none does. */
export function scriptedRouter(overrides: Partial<Router> = {}): Router {
  const score = (text: string) => {
    if (text.includes('embedding fails')) {
      return Promise.reject(new EmbeddingError('The scripted embedder failed.'));
    }
    const winRate = Number(/\d\.\d+/.exec(text)?.[0] ?? 0.1);
    return Promise.resolve({ winRate, embedding: Float32Array.of(0.6, 0.8) });
  };
  return {
    name: 'mf',
    version: 'scripted-1',
    defaultThreshold: 0.5,
    score,
    explain: async (text) => ({ ...(await score(text)), expectedQuality: null, reasons: [] }),
    ...overrides,
  };
}

function tierDeployment(tier: 'strong' | 'weak', baseUrl: string): Deployment {
  const name = `${tier}-model:7b`;
  return deployment({ id: tier, group: tier, name, model: name, baseUrl });
}

export function testConfig(strongUrl: string, weakUrl: string, db: string): Config {
  const [strong, weak] = [tierDeployment('strong', strongUrl), tierDeployment('weak', weakUrl)];
  return {
    host: '127.0.0.1',
    port: 0,
    ...{ strong, weak },
    ...groupsOfTwo(strong, weak),
    strongProfile: null,
    weakProfile: null,
    routers: ['mf'],
    threshold: null,
    targetStrongShare: null,
    cascade: null,
    defaultTier: 'strong',
    exploration: 0,
    rules: [],
    sessions: { maxSessions: 1000, ttlMs: 60_000 },
    embedder: { kind: 'local' },
    weightsFile: null,
    routerParts: { neighboursFile: null, bertModel: null, causalLlm: null },
    access: { clientKeys: new KeySet([]), adminKeys: new KeySet([]) },
    embeddingsUpstream: null,
    judge: null,
    shadow: null,
    db,
    logPrompts: 'none',
    redactPrompts: [],
    logEmbeddings: true,
    keepDays: null,
    verbose: false,
    timeouts: {
      connectMs: 2000,
      headersMs: 5000,
      idleMs: 5000,
      totalMs: 10_000,
      decisionMs: 5000,
      drainMs: 5000,
    },
    limits: {
      bodyBytes: 1024 * 1024,
      jsonDepth: 200,
      answerBytes: 1024 * 1024,
      eventBytes: 256 * 1024,
      inFlight: 64,
    },
    demo: false,
  };
}

/** The two tiers changed, and their groups with them. */
export function withTiers(
  config: Config,
  change: { strong?: Partial<Deployment>; weak?: Partial<Deployment> },
): Config {
  const strong = { ...config.strong, ...change.strong };
  const weak = { ...config.weak, ...change.weak };
  return { ...config, strong, weak, ...groupsOfTwo(strong, weak) };
}

/** Without retries and fallbacks, so that a single failure shows. */
export function withoutFallbacks(config: Config): Config {
  const dispatch = {
    ...config.dispatch,
    fallbacks: new Map(),
    numRetries: 0,
    disableCooldowns: true,
  };
  return { ...config, dispatch };
}

export interface TestGateway extends Gateway {
  readonly config: Config;
  readonly parts: GatewayParts;
  readonly db: string;
  /** What the logger wrote, a JSON line each. */
  readonly logLines: string[];
}

/** A real gateway on port 0 with a SQLite file of its own and a scripted router. */
export async function startTestGateway(
  urls: { strong: string; weak?: string },
  change: (config: Config) => Config = (config) => config,
  routers: readonly Router[] = [scriptedRouter()],
  serverLimits: ServerLimits = defaultServerLimits,
  level: 'debug' | 'info' = 'debug',
): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'pointsman-'));
  const db = join(folder, 'log.db');
  const config = change(testConfig(urls.strong, urls.weak ?? urls.strong, db));
  const logLines: string[] = [];
  const logger = pino({ level }, { write: (line: string) => void logLines.push(line) });
  const parts = {
    routers: new Map(routers.map((router) => [router.name, router])),
    embedderId: 'scripted-2',
  };
  const gateway = await startGateway(config, parts, { logger, serverLimits });
  return {
    ...gateway,
    ...{ config, parts },
    db,
    logLines,
    async close() {
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
