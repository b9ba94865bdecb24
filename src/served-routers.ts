import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import type { Routers, ThresholdKeeper } from './keep-thresholds.ts';
import { withAppliedHeads } from './applied-heads.ts';
import type { Router } from './routing/router.ts';
import type { Thresholds } from './routing/thresholds.ts';
import type { RequestLog } from './store/request-record.ts';

/** The routers that are asked, each with the local head that is in force for it. */
export interface ServedRouters {
  /**
   * Takes up the routers of a configuration. The returned table changes in place when a head is
   * applied or withdrawn, until another configuration is taken up.
   * @throws LogUnavailableError; the table before stays in force then
   */
  take(config: Config, bases: Routers): Promise<Taken>;
  /** From here on follows what is applied and withdrawn; call it once, after the first `take`. */
  watchHeads(): void;
}

export interface Taken {
  /** By name. */
  readonly routers: Routers;
  readonly thresholds: Thresholds;
}

interface Present {
  /** Without heads. */
  readonly bases: Routers;
  readonly routers: Map<string, Router>;
}

export interface ServedRoutersDeps {
  readonly log: Pick<RequestLog, 'activeHead' | 'headTakenUp' | 'onHeadsChanged'>;
  readonly keeper: ThresholdKeeper;
  readonly logger: Logger;
}

export function createServedRouters({ log, keeper, logger }: ServedRoutersDeps): ServedRouters {
  let present: Present | null = null;
  /** One change at a time: each would else see half of another. */
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = last.then(change);
    last = result.catch(() => {}); // whoever asked for it is told
    return result;
  }

  async function take(config: Config, bases: Routers): Promise<Taken> {
    const withHeads = await withAppliedHeads(bases.values(), log, logger);
    const routers = new Map(withHeads.map(({ router }) => [router.name, router]));
    const thresholds = await keeper.prepare(config, routers, bases);
    for (const { headId } of withHeads) if (headId !== null) log.headTakenUp(headId);
    present = { bases, routers };
    return { routers, thresholds };
  }

  /** Serves by the heads that are in force now, from the next decision on. */
  async function followHeads(): Promise<void> {
    if (present === null) return;
    const { bases, routers } = present;
    const withHeads = await withAppliedHeads(bases.values(), log, logger);
    for (const [index, { router, headId }] of withHeads.entries()) {
      const before = routers.get(router.name);
      if (before === undefined) continue;
      if (before.version !== router.version) {
        await keeper.change(before, router, { isDefault: index === 0, isLearned: headId !== null });
        routers.set(router.name, router);
        logger.info({ router: router.name, version: router.version }, 'another head takes effect');
      }
      if (headId !== null) log.headTakenUp(headId);
    }
  }

  return {
    take: (config, bases) => inTurn(() => take(config, bases)),
    watchHeads: () =>
      log.onHeadsChanged(() => {
        inTurn(followHeads).catch((error: unknown) => {
          logger.error({ err: error }, 'a change of heads could not be followed');
        });
      }),
  };
}
