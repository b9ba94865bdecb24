import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { clamp } from './math/vector.ts';
import type { ScoreReference } from './routing/drift.ts';
import { followingNames } from './routing/model-name.ts';
import { windowScores } from './routing/online-threshold.ts';
import type { Router } from './routing/router.ts';
import { ScoreWatch } from './routing/score-watch.ts';
import { createThresholds, type Thresholds } from './routing/thresholds.ts';
import { calibrationReference, weightsReference } from './score-reference.ts';
import { LogUnavailableError } from './store/log-unavailable-error.ts';
import type { AppliedThreshold, LoggedScores, RequestLog } from './store/request-record.ts';

export type Routers = ReadonlyMap<string, Router>;

/** The tier boundaries over all configurations of a process: what was seen and applied stays. */
export interface ThresholdKeeper {
  readonly watch: ScoreWatch;
  /**
   * The boundaries by a configuration, with what the log knows of its routers, and of those without
   * their local heads (`bases`), to which a rollback goes back.
   * @throws LogUnavailableError
   */
  prepare(config: Config, routers: Routers, bases: Routers): Promise<Thresholds>;
  /**
   * The same for a router that will be served in the place of `before`, with another head or without
   * one again.
   * @throws LogUnavailableError
   */
  change(before: Router, router: Router, role: RouterRole): Promise<void>;
  /** Takes up a calibration; false when no router in use has its version. */
  apply(applied: AppliedThreshold, routers: Routers): boolean;
}

export interface RouterRole {
  /** The first of the routers: it answers to `auto`. */
  readonly isDefault: boolean;
  /** It has a local head, and so a threshold that was stored with it. */
  readonly isLearned: boolean;
}

export function keepThresholds(log: RequestLog, logger: Logger): ThresholdKeeper {
  /** Calibrations applied while we run, by router version. */
  let applied = new Map<string, number>();
  /** The calibrations that the log held when their routers were prepared. */
  let stored = new Map<string, number>();
  let said: Pick<Config, 'threshold' | 'targetStrongShare'> | null = null;
  const watch = new ScoreWatch((routerVersion, { reference, level, ...drift }, from) => {
    const known = { routerVersion, from, to: level, ...drift, reference: reference.origin };
    if (level === 'stable') logger.info(known, 'the scores are again as in their reference');
    else if (reference.origin === 'calibration') {
      logger.warn(known, `${level} drift of the scores since the calibration: calibrate again`);
    } else {
      logger.info(known, 'this traffic scores unlike the reference of the weights: calibrate');
    }
  });

  /** What was logged before the start; without it the watch begins with nothing. */
  async function begin(router: Router, isDefault: boolean, reference: ScoreReference | null) {
    const none: LoggedScores = { all: [], followed: [] };
    const question = {
      router: router.name,
      routerVersion: router.version,
      sinceUtc: reference?.sinceUtc ?? null,
      followedModels: followingNames(router.name, isDefault),
      newest: windowScores,
    };
    const logged = await log.loggedScores(question).catch((error: unknown) => {
      if (!(error instanceof LogUnavailableError)) throw error;
      logger.warn({ err: error }, 'earlier scores cannot be read: their watch begins anew');
      return none;
    });
    watch.begin(router.version, logged, reference);
  }

  async function prepareOne(router: Router, isDefault: boolean): Promise<AppliedThreshold | null> {
    const found = await log.appliedThreshold(router.name, router.version);
    if (!watch.has(router.version)) {
      await begin(
        router,
        isDefault,
        (found && calibrationReference(found)) ?? weightsReference(router),
      );
    }
    return found;
  }

  return {
    watch,
    async prepare(config, routers, bases) {
      const { threshold: configured, targetStrongShare } = config;
      const found = new Map<string, number>();
      for (const { name, version } of bases.values()) {
        const calibration = await log.appliedThreshold(name, version);
        if (calibration !== null) found.set(version, calibration.threshold);
      }
      for (const [index, router] of [...routers.values()].entries()) {
        const calibration = await prepareOne(router, index === 0);
        if (calibration !== null) found.set(router.version, calibration.threshold);
      }
      // Nothing is changed before the log has answered: the thresholds of before may have to go on.
      const isNew = said?.threshold !== configured || said.targetStrongShare !== targetStrongShare;
      if (isNew) applied = new Map(); // the operator's new word is the latest one
      said = { threshold: configured, targetStrongShare };
      stored = found;
      const online = (version: string) =>
        targetStrongShare === null
          ? null
          : watch.boundary(version, shareToDecide(targetStrongShare, config.exploration));
      return createThresholds({ applied, online, configured, stored });
    },
    async change(before, router, { isDefault, isLearned }) {
      const found = await prepareOne(router, isDefault);
      if (found === null) return;
      // What was stored with a head is the operator's latest word, but where a share is held.
      const isHeld = said?.targetStrongShare != null && !applied.has(before.version);
      if (isLearned && !isHeld) applied.set(router.version, found.threshold);
      else stored.set(router.version, found.threshold);
    },
    apply(found, routers) {
      const { router, routerVersion, threshold, strongShare, prompts, appliedAtUtc, goal } = found;
      const isUsed = [...routers.values()].some(({ version }) => version === routerVersion);
      if (!isUsed) return false;
      applied.set(routerVersion, threshold);
      const reference = calibrationReference(found);
      if (reference !== null) watch.compareWith(routerVersion, reference);
      const shown = { router, routerVersion, threshold, strongShare, prompts, appliedAtUtc, goal };
      logger.info(shown, 'a calibrated threshold takes effect');
      return true;
    },
  };
}

/**
 * What the scores must send to strong so that all is `target`, when `exploration` of it is drawn
 * evenly; within what can be reached.
 */
function shareToDecide(target: number, exploration: number): number {
  return clamp((target - exploration / 2) / (1 - exploration), 1e-6, 1 - 1e-6);
}
