/* The gateway of the soak, in a process of its own, so that what it holds is its alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { testConfig, withTiers } from '../../test/support/start-gateway.ts';
import { createRandomRouter } from '../../src/routing/random-router.ts';
import { startGateway, type Gateway } from '../../src/gateway.ts';
import type { ToProcess } from './messages.ts';
import { send, sendResources } from './resources.ts';

const folder = mkdtempSync(join(tmpdir(), 'pointsman-soak-'));
let gateway: Gateway | null = null;

process.on('message', (message: ToProcess) => {
  if (message.kind === 'resources') sendResources();
  else if (message.kind === 'upstream') void start(message.url);
  else void stop();
});

async function start(upstreamUrl: string): Promise<void> {
  const base = testConfig(upstreamUrl, upstreamUrl, join(folder, 'log.db'));
  const config = withTiers(base, {
    strong: { baseUrl: `${upstreamUrl}/strong/v1` },
    weak: { baseUrl: `${upstreamUrl}/weak/v1` },
  });
  const router = createRandomRouter();
  gateway = await startGateway(
    {
      ...config,
      timeouts: { ...config.timeouts, headersMs: 1000, idleMs: 1000, totalMs: 120_000 },
      limits: { ...config.limits, inFlight: 256 },
      // A breaker would answer in the place of the faults that are looked at here.
      dispatch: { ...config.dispatch, disableCooldowns: true, numRetries: 0 },
    },
    { routers: new Map([[router.name, router]]), embedderId: null },
    { logger: pino({ level: 'silent' }) },
  );
  send({ kind: 'listening', url: gateway.url });
}

async function stop(): Promise<void> {
  await gateway?.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
