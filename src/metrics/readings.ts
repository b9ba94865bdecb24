import { Counter, Gauge, type Registry } from 'prom-client';
import type { LoopLag } from './loop-lag.ts';
import type { MetricsSources, RouterGauges } from './metrics.ts';

const driftLevels = { stable: 0, moderate: 1, major: 2 } as const;
const breakerLevels = { closed: 0, half_open: 1, open: 2 } as const;

/** What others count already, read at each scrape. What a reload took away is not shown again. */
export function registerReadings(registry: Registry, sources: MetricsSources, lag: LoopLag): void {
  const registers = [registry];
  const name = (rest: string) => `pointsman_${rest}`;

  new Gauge({
    ...{ name: name('breaker_state'), registers, labelNames: ['deployment'] },
    help: 'Breaker of a deployment: 0 closed, 1 half open, 2 open.',
    collect() {
      this.reset();
      for (const { deployment, state } of states(sources)) {
        this.set({ deployment: deployment.id }, breakerLevels[state]);
      }
    },
  });
  new Gauge({
    ...{ name: name('inflight'), registers, labelNames: ['deployment'] },
    help: 'Calls that a deployment has running.',
    collect() {
      this.reset();
      for (const { deployment, inFlight } of states(sources)) {
        this.set({ deployment: deployment.id }, inFlight);
      }
    },
  });
  const routerGauge = (
    metric: string,
    help: string,
    read: (router: RouterGauges) => number | null | undefined,
  ) =>
    new Gauge({
      ...{ name: name(metric), help, registers, labelNames: ['router'] },
      collect() {
        this.reset();
        for (const router of sources.routers()) {
          const value = read(router);
          if (value !== null && value !== undefined) this.set({ router: router.name }, value);
        }
      },
    });
  routerGauge('threshold', 'Tier boundary in force.', ({ threshold }) => threshold);
  routerGauge(
    'target_strong_share',
    'Share of strong calls that the threshold is to hold.',
    ({ targetStrongShare }) => targetStrongShare,
  );
  routerGauge(
    'recent_strong_share',
    'Share of the last scores that went to strong.',
    ({ recent }) => recent.strongShare,
  );
  routerGauge(
    'drift_psi',
    'Population stability index of the last scores against their reference.',
    ({ recent }) => recent.drift?.psi,
  );
  routerGauge(
    'drift_level',
    'Drift of the scores beyond chance: 0 stable, 1 moderate, 2 major.',
    ({ recent }) => recent.drift && driftLevels[recent.drift.level],
  );
  new Counter({
    ...{ name: name('embedding_failures_total'), registers },
    help: 'Prompts that could not be scored; the default tier answered.',
    collect() {
      this.reset();
      this.inc(sources.embeddingFailures());
    },
  });
  new Counter({
    ...{ name: name('embedding_cache_total'), registers, labelNames: ['result'] },
    help: 'Embeddings by whether they were kept from an earlier request.',
    collect() {
      this.reset();
      const counts = sources.embeddingCache();
      if (counts === null) return;
      this.inc({ result: 'hit' }, counts.hits);
      this.inc({ result: 'miss' }, counts.misses);
    },
  });
  new Gauge({
    ...{ name: name('log_queue_depth'), registers },
    help: 'Rows that wait for the database.',
    collect() {
      this.set(sources.log().queued);
    },
  });
  new Counter({
    ...{ name: name('log_dropped_total'), registers },
    help: 'Rows that the log lost.',
    collect() {
      this.reset();
      this.inc(sources.log().dropped);
    },
  });
  new Gauge({
    ...{ name: name('event_loop_lag_seconds'), registers, labelNames: ['quantile'] },
    help: 'How late the event loop was since the last scrape.',
    collect() {
      const { p50, p99, max } = lag.read();
      this.set({ quantile: '0.5' }, p50);
      this.set({ quantile: '0.99' }, p99);
      this.set({ quantile: '1' }, max);
    },
  });
}

function states({ pools }: MetricsSources) {
  return pools().flatMap((pool) => pool.states());
}
