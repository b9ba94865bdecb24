import type { Config } from '../config/config.ts';
import { readRouter } from '../http/router-reading.ts';
import type { Serving } from '../http/serving.ts';
import { driftJson } from '../routing/drift-json.ts';
import type { Router } from '../routing/router.ts';
import type { WatchedDrift } from '../routing/score-watch.ts';
import type { LogState } from '../store/request-record.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { version } from '../version.ts';
import type { Drift, ReportCard, ServerState } from './api-types.ts';

export interface StateSources {
  readonly config: () => Config;
  readonly serving: () => Serving;
  readonly log: () => LogState;
}

/** What the page shows of the running server: names and numbers, never a URL or a key. */
export function serverState({ config, serving, log }: StateSources): ServerState {
  const { strong, weak, logPrompts, demo } = config();
  const { dispatcher } = serving();
  const router = defaultRouter(serving());
  const { threshold, origin, recent, targetStrongShare } = readRouter(router, serving());
  const { dropped, failure } = log();
  return {
    version: version(),
    models: { strong: modelOf(strong), weak: modelOf(weak) },
    router: { name: router.name, version: router.version, threshold, origin },
    recent: { scores: recent.scores, strong_share: recent.strongShare },
    target_strong_share: targetStrongShare,
    drift: recent.drift && driftOf(recent.drift),
    card: cardOf(router),
    deployments: [...dispatcher.pools.values()].flatMap((pool) =>
      pool.states().map(({ deployment: { id, group, model }, state, inFlight }) => ({
        ...{ id, group, model, state, in_flight: inFlight },
      })),
    ),
    log: { prompts: logPrompts, dropped, failure },
    demo,
  };
}

/** The one that answers to `auto`. */
export function defaultRouter({ routers }: Pick<Serving, 'routers'>): Router {
  const [first] = routers.values();
  if (first === undefined) throw new Error('a gateway needs a router');
  return first;
}

function modelOf({ name, price }: Deployment): ServerState['models']['strong'] {
  return {
    name,
    price: price && { input_per_mtok: price.inputPerMtok, output_per_mtok: price.outputPerMtok },
  };
}

function driftOf(drift: WatchedDrift): Drift {
  const { level, psi, psi_noise, scores, reference } = driftJson(drift, drift.reference);
  return { level, psi, psi_noise, scores, reference, shares: drift.shares };
}

function cardOf({ card }: Router): ReportCard | null {
  if (card === undefined) return null;
  const { prompts, outcomes, models, pairs } = card;
  return {
    strong_profile: card.strongProfile,
    weak_profile: card.weakProfile,
    embedder: card.embedderId,
    ...{ prompts, outcomes, models, pairs },
    dev_loss: card.devLoss,
    calibration_error: card.calibrationError,
  };
}
