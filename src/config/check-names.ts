import { withoutCredentials } from '../base-url.ts';
import type { Deployment } from '../upstream/deployment.ts';

const reservedNames = ['auto', 'router', 'strong', 'weak'];

export interface NameCheck {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Whether clients ask for routing, or a tier, by this name. */
export function isReservedName(name: string): boolean {
  return reservedNames.includes(name) || /^router[-@]/.test(name);
}

/**
 * A client's `model` must mean one thing: a router, a tier, or one of the two models. It may ask
 * for a model by the configured string and by the id in it.
 *
 * @param ownTiers the tiers that are no group of `model_list`: clients may ask for them by name
 */
export function checkNames(
  strong: Deployment,
  weak: Deployment,
  ownTiers: readonly Deployment[] = [strong, weak],
): NameCheck {
  const problems = ownTiers.flatMap((deployment) =>
    namesOf(deployment)
      .filter(isReservedName)
      .map((name) => reservedName(deployment, name)),
  );
  if (isSameUpstream(strong, weak)) {
    const both = strong.name === weak.name ? strong.name : `${strong.name} and ${weak.name}`;
    problems.push(
      `strong.model and weak.model are the same deployment (${both} at ${withoutCredentials(strong.baseUrl)}): name two different models`,
    );
    return { problems, warnings: [] };
  }
  if (ownTiers.length < 2) return { problems, warnings: [] };
  const shared = namesOf(strong).filter((name) => namesOf(weak).includes(name));
  const warnings = shared.map(
    (name) =>
      `"${name}" names the strong and the weak model: a client that asks for it gets the strong one`,
  );
  return { problems, warnings };
}

/** Why a tier's model cannot have a name that clients ask for routing by. */
export function reservedName({ id, name }: Pick<Deployment, 'id' | 'name'>, reserved: string) {
  return (
    `${id}.model "${name}": clients ask for routing by the name "${reserved}", ` +
    'so no model can have it: give the model another name at its upstream'
  );
}

/** What clients may ask for it by. */
export function namesOf({ name, model }: Deployment): string[] {
  return [...new Set([name, model])];
}

/** The same model at the same place, however it is written. */
export function isSameUpstream(a: Deployment, b: Deployment): boolean {
  return (
    withTag(a.model) === withTag(b.model) && comparableUrl(a.baseUrl) === comparableUrl(b.baseUrl)
  );
}

/** `llama3` and `llama3:latest` are the same model on Ollama, and nowhere two different ones. */
function withTag(model: string): string {
  return /:[^/]*$/.test(model) ? model : `${model}:latest`;
}

function comparableUrl(baseUrl: string): string {
  const url = new URL(baseUrl);
  const host = url.host.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
  return `${url.protocol}//${host}${url.pathname.replace(/\/+$/, '') || '/v1'}${url.search}`;
}
