import type { FoundModels } from '../config/load-config.ts';
import type { TierSettings } from '../config/settings-schema.ts';
import { demoPair, startDemoModels, type DemoServer } from '../demo/demo-models.ts';
import { findOllamaPair, localOllamaUrl, type OllamaPair } from '../upstream/ollama.ts';

export interface FoundOrSimulated {
  readonly models: FoundModels;
  /** One line for the operator: where the models come from. */
  readonly notice: string;
  /** Null when the models are real. */
  readonly demo: DemoServer | null;
}

/** For a start without models: two of a local Ollama, else two simulated ones. */
export async function findModels(ollamaUrl = localOllamaUrl): Promise<FoundOrSimulated> {
  const pair = await findOllamaPair(ollamaUrl);
  if (pair !== null) {
    const { strong, weak } = withProvider(pair);
    const shared = { base_url: ollamaUrl, wire: 'ollama' } as const;
    return {
      models: { strong: { ...shared, ...strong }, weak: { ...shared, ...weak }, demo: false },
      notice:
        `No model is named: taking the largest and the smallest chat model of the Ollama at ` +
        `${ollamaUrl}: ${pair.strong} as strong, ${pair.weak} as weak.`,
      demo: null,
    };
  }
  const demo = await startDemoModels();
  const shared = { base_url: demo.baseUrl, wire: 'openai' } as const;
  const { strong, weak } = demoPair;
  return {
    models: { strong: { ...shared, ...strong }, weak: { ...shared, ...weak }, demo: true },
    notice:
      `No Ollama with two chat models at ${ollamaUrl}: answering with two simulated models ` +
      `(${strong.model}, ${weak.model}). Name real ones: npm start -- --strong-model ... --weak-model ...`,
    demo,
  };
}

/** The pair that `serve` would take now, for a command that scores and calls no model. */
export async function findModelNames(
  ollamaUrl = localOllamaUrl,
): Promise<{ strong: TierSettings; weak: TierSettings }> {
  const pair = await findOllamaPair(ollamaUrl);
  return pair === null ? demoPair : withProvider(pair);
}

function withProvider({ strong, weak }: OllamaPair) {
  return { strong: { model: `ollama/${strong}` }, weak: { model: `ollama/${weak}` } };
}
