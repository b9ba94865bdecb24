import { billedTokens, costNanoUsd } from '../upstream/cost.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { UpstreamClient } from '../upstream/openai-client.ts';

export interface ModelAnswer {
  readonly text: string;
  /** False when the text was too long to keep. */
  readonly isWhole: boolean;
  readonly callsTools: boolean;
  /** 1e-9 US dollars; null where no price is configured. */
  readonly costNanoUsd: number | null;
}

/**
 * One call to one model, not streamed, without retries and fallbacks.
 *
 * @param body of `POST /v1/chat/completions`; its model and stream fields do not matter
 * @throws AppError as an upstream fails; the signal's reason
 */
export type AskModel = (
  deployment: Deployment,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<ModelAnswer>;

/** @param onSpent told what every answered call cost, in 1e-9 US dollars; 0 without a price */
export function createAskModel(
  upstream: Pick<UpstreamClient, 'ask'>,
  onSpent: (nanoUsd: number) => void,
): AskModel {
  return async function askModel(deployment, body, signal) {
    const text = JSON.stringify({ ...body, model: deployment.model, stream: false });
    const call = {
      path: 'chat/completions',
      body: text,
      ...{ stream: false, stripUsage: false, keepText: true, headers: {} },
      onResend: () => {},
    } as const;
    const { facts, body: bytes } = await upstream.ask(deployment, call, signal);
    while (!(await bytes.next()).done); // read, so that the connection is free again
    const cost = costNanoUsd(deployment.price, billedTokens(facts, text.length));
    onSpent(cost ?? 0);
    return {
      text: facts.kept?.text ?? '',
      isWhole: facts.kept?.isWhole ?? false,
      callsTools: facts.callsTools,
      costNanoUsd: cost,
    };
  };
}
