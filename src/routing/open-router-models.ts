import { createEmbedder, type EmbedderSettings } from '../embedding/create-embedder.ts';
import type { Embedder } from '../embedding/embedder.ts';
import { createHubClassifier } from '../embedding/hub-classifier.ts';
import { needsEmbedder } from './create-router.ts';

/** The networks that the routers of a start read prompts with. */
export interface RouterModels {
  /** Null where no router scores sentence vectors. */
  readonly embedder: Embedder | null;
  /** Null without the router bert. */
  readonly classifier: Embedder | null;
}

/** @throws ConfigError when one cannot be loaded; the other is closed again */
export async function openRouterModels(
  routers: readonly string[],
  settings: {
    /** Read only where a router needs one. */
    readonly embedder: () => EmbedderSettings;
    readonly bertModel: string | null;
  },
  log?: (message: string) => void,
): Promise<RouterModels> {
  const embedder = needsEmbedder(routers) ? await createEmbedder(settings.embedder(), log) : null;
  try {
    const isBert = routers.includes('bert') && settings.bertModel !== null;
    const classifier = isBert ? await createHubClassifier({ model: settings.bertModel }) : null;
    return { embedder, classifier };
  } catch (error) {
    await embedder?.close();
    throw error;
  }
}

export async function closeRouterModels({ embedder, classifier }: RouterModels): Promise<void> {
  await Promise.all([embedder?.close(), classifier?.close()]);
}
