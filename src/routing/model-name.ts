import { BadRequestError, ModelNotFoundError } from '../errors.ts';
import type { Tier } from './decision.ts';

/** What the `model` of a request asks for. */
export type RequestedModel =
  | { readonly kind: 'router'; readonly router: string; readonly threshold: number | null }
  | { readonly kind: 'bypass'; readonly tier: Tier }
  | { readonly kind: 'group'; readonly group: string };

export interface KnownNames {
  /** Loaded routers; the first one answers to `auto` and `router`. */
  readonly routers: readonly string[];
  /** Names under which a client may ask for a tier's model directly. */
  readonly strong: readonly string[];
  readonly weak: readonly string[];
  /** Names and aliases of all groups of deployments. */
  readonly groups: ReadonlyMap<string, string>;
  /** Those of them that are not listed. */
  readonly hidden?: ReadonlySet<string>;
  /** Other spellings of the two models, accepted but not listed. */
  readonly unlisted: ReadonlyMap<string, Tier>;
}

const decimalNumber = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads RouteLLM's model-name grammar, strictly: `router-<name>-<threshold>`, and ours:
 * `router-<name>`, `router`, `auto`, `router@<threshold>`, `strong`, `weak` and the real names.
 * A null threshold means the configured one.
 *
 * @throws BadRequestError (400 `invalid_model`) for a name that means a router but is malformed.
 * @throws ModelNotFoundError (404) for a name, or a router, that is not configured.
 */
export function parseModelName(name: string, known: KnownNames): RequestedModel {
  if (name === '') throw invalid(name, 'it is empty; ask for "auto" or see GET /v1/models');
  if (name === 'strong' || known.strong.includes(name)) return { kind: 'bypass', tier: 'strong' };
  if (name === 'weak' || known.weak.includes(name)) return { kind: 'bypass', tier: 'weak' };

  const group = known.groups.get(name);
  if (group !== undefined) return { kind: 'group', group };
  const tier = known.unlisted.get(name);
  if (tier !== undefined) return { kind: 'bypass', tier };

  const [defaultRouter] = known.routers;
  if (defaultRouter === undefined) throw new Error('no router is loaded');
  if (name === 'auto' || name === 'router') {
    return { kind: 'router', router: defaultRouter, threshold: null };
  }
  if (name.startsWith('router@')) {
    const threshold = parseThreshold(name, name.slice('router@'.length));
    return { kind: 'router', router: defaultRouter, threshold };
  }
  const match = /^router-([^-]+)(?:-(.*))?$/s.exec(name);
  if (!match) throw notFound(name, known);
  const [, router = '', threshold] = match;
  if (!known.routers.includes(router)) throw notFound(name, known);
  return {
    kind: 'router',
    router,
    threshold: threshold === undefined ? null : parseThreshold(name, threshold),
  };
}

/** Whether the request leaves the threshold to the server. */
export function followsThreshold(requested: RequestedModel): boolean {
  return requested.kind === 'router' && requested.threshold === null;
}

/** The names that leave the threshold of a router to the server. */
export function followingNames(router: string, isDefault: boolean): string[] {
  return [...(isDefault ? ['auto', 'router'] : []), `router-${router}`];
}

/** Names that `GET /v1/models` lists: routers first, then tiers, then the real models. */
export function listModelNames(known: KnownNames): string[] {
  const routers = known.routers.map((router) => `router-${router}`);
  return [
    ...new Set([
      'auto',
      'router',
      ...routers,
      'strong',
      'weak',
      ...known.strong,
      ...known.weak,
      ...[...known.groups.keys()].filter((name) => !known.hidden?.has(name)),
    ]),
  ];
}

function parseThreshold(name: string, text: string): number {
  const threshold = decimalNumber.test(text) ? Number(text) : NaN;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw invalid(name, 'the threshold must be a number from 0 to 1, as in "router-mf-0.116"');
  }
  return threshold;
}

function invalid(name: string, why: string): BadRequestError {
  return new BadRequestError(`Model name ${quote(name)} is not valid: ${why}.`, {
    param: 'model',
    code: 'invalid_model',
  });
}

function notFound(name: string, known: KnownNames): ModelNotFoundError {
  return new ModelNotFoundError(
    `The model ${quote(name)} does not exist here. Known models: ${listModelNames(known).join(', ')}; ` +
      `a threshold can follow a router, as in "router-${known.routers[0] ?? 'mf'}-0.5".`,
  );
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
