import type { Cascaded } from './cascade.ts';
import type { Decision } from '../routing/decision.ts';

/** `x-pointsman-*` headers that tell what was decided and why; numbers as short decimals. */
export function decisionHeaders(decision: Decision): Record<string, string> {
  const headers: Record<string, string> = {
    'x-pointsman-tier': decision.tier,
    'x-pointsman-reason': decision.reason,
    'x-pointsman-decision-id': decision.id,
  };
  if (decision.reasonDetail !== null) {
    headers['x-pointsman-reason-detail'] = decision.reasonDetail;
  }
  if (decision.router !== null) headers['x-pointsman-router'] = decision.router;
  if (decision.score !== null) headers['x-pointsman-score'] = decimal(decision.score);
  if (decision.threshold !== null) headers['x-pointsman-threshold'] = decimal(decision.threshold);
  return headers;
}

/** What a cascade made of it; over the headers of the first decision. */
export function cascadeHeaders(cascaded: Cascaded | null): Record<string, string> {
  if (cascaded === null) return {};
  const { result, confidence, decision } = cascaded;
  return {
    ...decisionHeaders(decision),
    'x-pointsman-cascade': result,
    ...(confidence !== null && { 'x-pointsman-confidence': decimal(confidence) }),
  };
}

function decimal(value: number): string {
  return String(Number(value.toFixed(6)));
}
