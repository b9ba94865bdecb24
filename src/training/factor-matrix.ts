import { promptFactors, readPromptFor, type FactorSettings } from '../routing/prompt-factors.ts';
import type { EmbeddedPrompt } from './fit-features.ts';

/** f of prompts as serving gives them, [prompts x rank]. */
export function factorMatrix(
  prompts: readonly EmbeddedPrompt[],
  settings: FactorSettings,
): Float64Array {
  const { rank } = settings.head;
  const factors = new Float64Array(prompts.length * rank);
  for (const [i, { text, embedding }] of prompts.entries()) {
    factors.set(promptFactors(readPromptFor(text, embedding, settings), settings), i * rank);
  }
  return factors;
}
