import { createScorerOf } from '../../src/cli/create-scorer.ts';
import { deciles } from '../../src/math/quantile.ts';
import { seededRandom } from '../../src/math/random.ts';
import { tierOf } from '../../src/routing/thresholds.ts';
import { applyThreshold } from '../../src/store/apply-threshold.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openRequestLog } from '../../src/store/request-log.ts';
import type { RequestRecord } from '../../src/store/request-record.ts';
import { costNanoUsd } from '../../src/upstream/cost.ts';
import { demoPrompt } from './demo-prompts.ts';

export const strongModel = 'openai/gpt-4.1';
export const weakModel = 'ollama/llama3.1:8b';
export const demoPrices = {
  strong: { inputPerMtok: 2, outputPerMtok: 8 },
  weak: { inputPerMtok: 0.05, outputPerMtok: 0.08 },
};

export interface DemoLogOptions {
  readonly file: string;
  readonly requests: number;
  readonly endMs: number;
  readonly seed: number;
}

/** Writes a day of traffic, as a server would have: scores are the shipped router's own. */
export async function writeDemoLog({ file, requests, endMs, seed }: DemoLogOptions): Promise<void> {
  const random = seededRandom(seed);
  const scorer = await createScorerOf({}, process.env, () => {})({
    ...{ router: 'mf', strongModel, weakModel },
  });
  const log = await openRequestLog({ file });
  const { name: router, version: routerVersion } = scorer.router;
  const prompts = Array.from({ length: requests }, () => demoPrompt(random));
  const scored = [];
  for (const prompt of prompts)
    scored.push({ ...prompt, ...(await scorer.router.score(prompt.text)) });
  const scores = scored.map(({ winRate }) => winRate);
  const threshold = Number(deciles(scores)[7]!.toFixed(3));
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  const times = Array.from({ length: requests }, () => endMs - dayTime(random)).sort(
    (a, b) => a - b,
  );
  for (const [i, { text, winRate, embedding, hard }] of scored.entries()) {
    // A tenth is drawn evenly, as with `exploration: 0.1`.
    const usual = tierOf(winRate, threshold);
    const isDrawn = random() < 0.1;
    const tier = isDrawn ? (random() < 0.5 ? 'strong' : 'weak') : usual;
    const price = demoPrices[tier];
    const isOutage = endMs - times[i]! > 5.1 * 3_600_000 && endMs - times[i]! < 5.5 * 3_600_000;
    const isFailed = random() < 0.004;
    const fellBack = !isFailed && ((isOutage && tier === 'weak') || random() < 0.003);
    const answering = fellBack ? (tier === 'weak' ? 'strong' : 'weak') : tier;
    const promptTokens = Math.round(text.length / 4) + 20 + Math.round(random() * 200);
    const completionTokens = Math.max(4, Math.round((hard ? 420 : 90) * Math.exp(0.5 * normal())));
    const ttftMs =
      (answering === 'strong' ? 640 : 130) * Math.exp(0.35 * normal()) + (fellBack ? 400 : 0);
    const durationMs =
      ttftMs + completionTokens * (answering === 'strong' ? 14 : 7.5) * Math.exp(0.15 * normal());
    const record: RequestRecord = {
      decisionId: `dec_demo_${String(i).padStart(5, '0')}`,
      requestId: `req_demo_${i}`,
      startedAtMs: times[i]!,
      endpoint: 'chat/completions',
      ...{ router, routerVersion, score: winRate, threshold, tier, reason: isDrawn ? 'exploration' : 'score' },
      requestedModel: 'auto',
      answeredModel: null,
      upstreamModel: answering === 'strong' ? 'gpt-4.1' : 'llama3.1:8b',
      upstreamUrl: answering === 'strong' ? 'https://api.openai.com/v1/chat/completions' : 'http://127.0.0.1:11434/v1/chat/completions',
      status: isFailed ? 504 : 200,
      stream: random() < 0.8,
      outcome: isFailed ? 'upstream_error' : 'done',
      errorCode: isFailed ? (random() < 0.5 ? 'upstream_timeout' : 'upstream_rate_limited') : null,
      finishReason: isFailed ? null : 'stop',
      promptTokens: isFailed ? null : promptTokens,
      cachedTokens: null,
      completionTokens: isFailed ? null : completionTokens,
      usageEstimated: false,
      attempts: fellBack ? 3 : 1,
      fallbacks: fellBack ? 1 : 0,
      failedCalls: fellBack ? 'weak: upstream_unreachable; weak: upstream_unreachable' : null,
      deploymentId: answering,
      durationMs,
      ttftMs: isFailed ? null : ttftMs,
      decisionMs: 1.1 + random() * 1.6,
      costNanoUsd: isFailed ? null : costNanoUsd(price, { promptTokens, completionTokens }),
      promptText: text,
      promptHash: null,
      embedderId: 'minilm-384-v1',
      embedding,
      clientRetryCount: 0,
      ...{ reasonDetail: null, propensity: tier === usual ? 0.95 : 0.05, promptChars: text.length, sessionHash: null },
      ...{ isPrivate: false, confidence: null, discardedCostNanoUsd: null },
    }; // prettier-ignore
    log.append(record);
    if (i % 200 === 0) await log.flush();
    if (isFailed || random() > 0.45) continue;
    const good = random() < (answering === 'strong' ? 0.93 : hard ? 0.42 : 0.9);
    const comment = good ? null : 'wrong in the second step';
    await log.recordFeedback({
      decisionId: record.decisionId,
      source: 'user',
      value: good ? 1 : 0,
      comment,
    });
  }
  await log.flush();
  await log.close();
  // As if applied a while ago, on the scores until then: drift is measured on those since.
  const appliedAt = Math.floor(requests * 0.6);
  const before = scores.slice(0, appliedAt);
  const strongShare = scores.filter((score) => score >= threshold).length / scores.length;
  const applied = {
    router,
    routerVersion,
    threshold,
    strongShare,
    prompts: requests,
    goal: 'strong_share',
  };
  await applyThreshold(
    file,
    { ...applied, prompts: before.length, scoreDeciles: deciles(before) },
    { waitMs: 0, pollMs: 1 },
  );
  const database = openDatabase(file);
  const row = database.prepare('update applied_threshold set applied_at_utc = ?');
  row.run(new Date(times[appliedAt]!).toISOString());
  database.close();
  await scorer.close();
}

/** How long ago, in ms: within 24 hours, more in the working hours, the last two hours ago included. */
function dayTime(random: () => number): number {
  for (;;) {
    const hours = random() * 24;
    const wave = 0.18 + 0.82 * Math.max(0, Math.cos(((hours - 4) / 24) * 2 * Math.PI)) ** 1.3;
    if (random() < wave) return hours * 3_600_000 + random() * 60_000;
  }
}
