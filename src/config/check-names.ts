import { withoutCredentials } from '../base-url.ts';
import type { Deployment } from '../upstream/deployment.ts';

const reservedNames = ['auto', 'router', 'strong', 'weak'];

export interface NameCheck {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * A client's `model` must mean one thing: a router, a tier, or one of the two models. It may ask
 * for a model by the configured string and by the id in it.
 */
export function checkNames(strong: Deployment, weak: Deployment): NameCheck {
  const problems = [strong, weak].flatMap((deployment) =>
    namesOf(deployment)
      .filter((name) => reservedNames.includes(name) || /^router[-@]/.test(name))
      .map(
        (name) =>
          `${deployment.id}.model "${deployment.name}": clients ask for routing by the name "${name}", ` +
          `so no model can have it: give the model another name at its upstream`,
      ),
  );
  if (isSameDeployment(strong, weak)) {
    const both = strong.name === weak.name ? strong.name : `${strong.name} and ${weak.name}`;
    problems.push(
      `strong.model and weak.model are the same deployment (${both} at ${withoutCredentials(strong.baseUrl)}): name two different models`,
    );
    return { problems, warnings: [] };
  }
  const shared = namesOf(strong).filter((name) => namesOf(weak).includes(name));
  const warnings = shared.map(
    (name) =>
      `"${name}" names the strong and the weak model: a client that asks for it gets the strong one`,
  );
  return { problems, warnings };
}

function namesOf({ name, model }: Deployment): string[] {
  return [...new Set([name, model])];
}

function isSameDeployment(a: Deployment, b: Deployment): boolean {
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
