import { request } from 'undici';
import { z } from 'zod';

/** Where a local Ollama listens unless told otherwise. */
export const localOllamaUrl = 'http://127.0.0.1:11434';

/** Only what is read; Ollama sends more, and the sizes are missing in old versions. */
const tagsReply = z.object({
  models: z.array(
    z.object({
      name: z.string().min(1),
      digest: z.string().nullish(),
      size: z.number().nullish(),
      details: z
        .object({
          family: z.string().nullish(),
          families: z.array(z.string()).nullish(),
          parameter_size: z.string().nullish(),
        })
        .nullish(),
    }),
  ),
});

type OllamaModel = z.infer<typeof tagsReply>['models'][number];

/** The largest and the smallest chat model of an Ollama. */
export interface OllamaPair {
  readonly strong: string;
  readonly weak: string;
}

/**
 * Asks an Ollama for its models (`GET /api/tags`). Null when none answers in time or when it has
 * fewer than two chat models: the caller has another way to get two.
 */
export async function findOllamaPair(
  baseUrl = localOllamaUrl,
  timeoutMs = 1000,
): Promise<OllamaPair | null> {
  const models = await listModels(baseUrl, timeoutMs);
  const chatModels = withoutCopies(models)
    .filter((model) => !isEmbeddingOnly(model))
    .map((model) => ({ name: model.name, size: sizeOf(model) }))
    .sort((a, b) => b.size - a.size || a.name.localeCompare(b.name));
  const strong = chatModels[0];
  const weak = chatModels.at(-1);
  if (!strong || !weak || strong === weak) return null;
  return { strong: strong.name, weak: weak.name };
}

async function listModels(baseUrl: string, timeoutMs: number): Promise<OllamaModel[]> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await request(new URL('/api/tags', baseUrl), { signal });
    if (statusCode !== 200) {
      await body.dump();
      return [];
    }
    const reply = tagsReply.safeParse(await body.json());
    return reply.success ? reply.data.models : [];
  } catch {
    // Nobody listens, or something that is no Ollama: the usual case on a machine without one.
    return [];
  }
}

/** `llama3` and `llama3:8b` may be two names of the same weights: one model, not a pair. */
function withoutCopies(models: readonly OllamaModel[]): OllamaModel[] {
  const seen = new Set<string>();
  return models.filter(({ name, digest }) => {
    const identity = digest ?? name;
    return !seen.has(identity) && seen.add(identity);
  });
}

function isEmbeddingOnly({ name, details }: OllamaModel): boolean {
  const families = [details?.family, ...(details?.families ?? [])];
  return /embed/i.test(name) || families.some((family) => /bert/i.test(family ?? ''));
}

/** Parameters where Ollama says them ("70.6B", "137M"), else bytes at about one per parameter. */
function sizeOf({ size, details }: OllamaModel): number {
  const match = /^([\d.]+)\s*([KMBT])$/i.exec(details?.parameter_size ?? '');
  if (!match) return size ?? 0;
  const factor = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 }[(match[2] ?? 'B').toUpperCase()] ?? 1;
  return Number(match[1]) * factor;
}
