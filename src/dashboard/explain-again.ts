import type { CancelSignal } from '../cancellation.ts';
import { EmbeddingError } from '../errors.ts';
import type { Serving } from '../http/serving.ts';
import { scoringIsLate } from '../routing/decide.ts';
import { inTime } from '../routing/in-time.ts';
import type { RequestDetail } from './api-types.ts';

/**
 * Asks the router again why a logged prompt got its score. Null when its text is not logged whole,
 * when that router version is gone, or when it does not answer.
 */
export async function explainAgain(
  { routers, decisionMs }: Pick<Serving, 'routers' | 'decisionMs'>,
  request: RequestDetail['request'],
  signal: CancelSignal,
): Promise<RequestDetail['explanation']> {
  const { router: name, router_version: version, prompt_text: text, prompt_chars } = request;
  const router = name === null ? undefined : routers.get(name);
  if (router === undefined || router.version !== version || request.score === null) return null;
  if (text === null || text === '' || (prompt_chars ?? text.length) > text.length) return null;
  try {
    const { winRate, expectedQuality, reasons } = await inTime(
      (inner) => router.explain(text, inner),
      signal,
      decisionMs,
      () => scoringIsLate(decisionMs),
    );
    return { score: winRate, expected_quality: expectedQuality, reasons };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EmbeddingError) return null;
    throw error;
  }
}
