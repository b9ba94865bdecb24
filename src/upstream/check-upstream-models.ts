import { request } from 'undici';
import { z } from 'zod';
import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import { nearNames } from '../nearest-name.ts';
import type { Deployment } from './deployment.ts';

const namesShown = 5;

const modelsReply = z.object({ data: z.array(z.object({ id: z.string() })) });

/**
 * Compares the configured models with what their upstreams list (`GET /v1/models`). One line for
 * each that is missing, with near names, and for each upstream that could not be asked; never
 * fails, since an upstream may come up later or not offer the list.
 */
export async function checkUpstreamModels(
  deployments: readonly Deployment[],
  timeoutMs = 3000,
): Promise<string[]> {
  const answers = await Promise.all(deployments.map((one) => checkModel(one, timeoutMs)));
  return [...new Set(answers.filter((warning) => warning !== null))];
}

async function checkModel(deployment: Deployment, timeoutMs: number): Promise<string | null> {
  const { id, model, baseUrl, wire } = deployment;
  const place = withoutCredentials(baseUrl);
  const listed = await listModelIds(deployment, timeoutMs);
  if (typeof listed === 'string') {
    return `could not check the model names at ${place}: ${listed}`;
  }
  if (listed.some((id) => id === model || id === `${model}:latest` || `${id}:latest` === model)) {
    return null;
  }
  const pull = wire === 'ollama' ? ` (ollama pull ${model})` : '';
  return `the ${id} model "${model}" is not among the ${listed.length} models at ${place}${pull}${namesInstead(model, listed)}`;
}

/** Near names; where there is none, the first that the upstream has. */
function namesInstead(model: string, listed: readonly string[]): string {
  const near = [...new Set([...nearNames(model, listed, 3), ...sameFamily(model, listed)])];
  if (near.length > 0) return `; near names: ${near.slice(0, namesShown).join(', ')}`;
  if (listed.length === 0) return '';
  const more = listed.length > namesShown ? ', …' : '';
  return `; it has ${listed.slice(0, namesShown).join(', ')}${more}`;
}

/** Names with the same part before the tag: `llama3:8b` for `llama3:70b`. */
function sameFamily(model: string, listed: readonly string[]): string[] {
  const family = model.split(':')[0];
  return listed.filter((id) => id.split(':')[0] === family).slice(0, 3);
}

/** The ids, or why there are none. */
async function listModelIds(
  { baseUrl, apiKey }: Deployment,
  timeoutMs: number,
): Promise<string[] | string> {
  try {
    const { statusCode, body } = await request(joinApiUrl(baseUrl, 'models'), {
      signal: AbortSignal.timeout(timeoutMs),
      headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey.reveal()}` },
    });
    if (statusCode !== 200) {
      await body.dump();
      return `GET /models answered ${statusCode}`;
    }
    const reply = modelsReply.safeParse(await body.json());
    return reply.success ? reply.data.data.map(({ id }) => id) : 'GET /models is no model list';
  } catch (error) {
    return describeFailure(error, timeoutMs);
  }
}

/** By code, never by message: messages of connection errors hold addresses. */
function describeFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer in ${timeoutMs} ms`;
  if (error instanceof SyntaxError) return 'GET /models is no JSON';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return `it cannot be reached (${code})`;
}
