import type { Request, RequestHandler, Response } from 'express';
import { BadRequestError } from '../errors.ts';
import { scoringIsLate } from '../routing/decide.ts';
import { inTime } from '../routing/in-time.ts';
import { parseModelName } from '../routing/model-name.ts';
import { contentText, promptText } from '../routing/prompt-text.ts';
import { tierOf } from '../routing/thresholds.ts';
import type { AppDeps } from './app.ts';
import { callOf } from './call.ts';
import { countPromptChars, parseMessages } from './chat-request.ts';
import { parseJsonObject } from './json-text.ts';
import { readBody } from './read-body.ts';
import { sendJson } from './reply.ts';
import { requestFacts } from './request-facts.ts';
import type { Serving } from './serving.ts';
import { whileInFlight } from './while-in-flight.ts';

/**
 * `POST /v1/router/score {messages | prompt, model?}`: decides and explains as for a chat request,
 * but calls no model and logs nothing. Guards and rules are told beside the score; a conversation
 * is not looked up.
 *
 * @throws EmbeddingError 503 when the embedder fails: without a score there is nothing to tell.
 */
export function postScore(deps: AppDeps): RequestHandler {
  return async (req, res) => {
    const text = await readBody(req, deps);
    const serving = deps.serving();
    await whileInFlight(deps.inFlight, res, serving, () => answer(req, res, text, serving));
  };
}

async function answer(req: Request, res: Response, text: string, serving: Serving): Promise<void> {
  const { decisionMs, names, limits, routers, thresholds, modelOf, tierGroups } = serving;
  const { value: body } = parseJsonObject(text, limits.jsonDepth);
  const model = body['model'] ?? 'auto';
  if (typeof model !== 'string') {
    throw new BadRequestError('"model" must be a string.', { param: 'model' });
  }
  const requested = parseModelName(model, names);
  const prompt = textToScore(body);
  if (requested.kind !== 'router') {
    const tier = requested.kind === 'bypass' ? requested.tier : 'none';
    const group = requested.kind === 'bypass' ? tierGroups[requested.tier] : requested.group;
    sendJson(res, 200, { tier, model: modelOf(group), reason: 'bypass', score: null });
    return;
  }
  const router = routers.get(requested.router);
  if (router === undefined) throw new Error(`router ${requested.router} is not loaded`);
  const messages = Array.isArray(body['messages']) ? (body['messages'] as unknown[]) : null;
  const asked = { text: prompt, messages, promptChars: countPromptChars(text, messages) };
  const { forced, isPrivate } = serving.precheck(requestFacts(req, asked, body));
  if (isPrivate && serving.outsideRouters.has(router.name)) {
    throw new BadRequestError(
      `The request is private, and the router ${router.name} would show it to another machine.`,
      { param: 'model' },
    );
  }
  const current = thresholds.current(router);
  const threshold = requested.threshold ?? current.threshold;
  const { winRate, expectedQuality, reasons } = await inTime(
    (signal) => router.explain(prompt, signal),
    callOf(res).signal,
    decisionMs,
    () => scoringIsLate(decisionMs),
  );
  const tier = forced?.tier ?? tierOf(winRate, threshold);
  sendJson(res, 200, {
    tier,
    model: modelOf(tierGroups[tier]),
    reason: forced?.reason ?? 'score',
    ...(forced !== null && { reason_detail: forced.reasonDetail }),
    score: winRate,
    threshold,
    threshold_origin: requested.threshold === null ? current.origin : 'request',
    router: router.name,
    router_version: router.version,
    expected_quality: expectedQuality,
    reasons,
  });
}

function textToScore(body: Readonly<Record<string, unknown>>): string {
  const { prompt, messages } = body;
  if (prompt !== undefined && messages !== undefined) {
    throw new BadRequestError('Send "messages" or "prompt", not both.', { param: 'prompt' });
  }
  if (messages === undefined && typeof prompt !== 'string') {
    throw new BadRequestError('Send "messages" (as for chat) or "prompt" (a string).', {
      param: prompt === undefined ? 'messages' : 'prompt',
    });
  }
  const text = messages === undefined ? contentText(prompt) : promptText(parseMessages(messages));
  if (text === null || text === '') {
    throw new BadRequestError('There is no text to score.', {
      param: messages === undefined ? 'prompt' : 'messages',
    });
  }
  return text;
}
