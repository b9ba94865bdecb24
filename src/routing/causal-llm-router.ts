import { request } from 'undici';
import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import { EmbeddingError } from '../errors.ts';
import { logOdds } from '../math/vector.ts';
import type { Secret } from '../secret.ts';
import { causalLlmMessages } from './causal-llm-prompt.ts';
import { parseRatingAnswer, type RatingAnswer } from './rating-answer.ts';
import type { Router } from './router.ts';
import { shortHash } from './short-hash.ts';
import { StatusError } from './status-error.ts';

export interface CausalLlmSettings {
  /** As the endpoint names it. */
  readonly model: string;
  /** Of an OpenAI-compatible API; `/v1` is added where it has no path. */
  readonly baseUrl: string;
  readonly apiKey?: Secret;
  /** Of one rating, connect to last byte. */
  readonly timeoutMs: number;
}

/** Room for "[[4]]" and a line break before it; a rating is one token. */
const maxTokens = 8;
/** What OpenAI and vLLM give at most; enough for five digits with and without a space. */
const topLogprobs = 20;
const maxAnswerBytes = 1024 * 1024;

/**
 * RouteLLM's causal_llm with any OpenAI-compatible model: it rates from 1 to 5 how good the weak
 * model's answer will be. A server that refuses log-probabilities is asked without them from then on.
 * Scores reject with EmbeddingError when it fails, so that the default tier answers.
 */
export function createCausalLlmRouter(settings: CausalLlmSettings): Router {
  const { model, baseUrl, apiKey, timeoutMs } = settings;
  const url = joinApiUrl(baseUrl, 'chat/completions');
  const place = `${withoutCredentials(url)} (model ${model})`;
  let hasLogprobs = true;

  async function ask(text: string, signal?: AbortSignal): Promise<RatingAnswer> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      let answer = await post(text, hasLogprobs, either);
      if (hasLogprobs && (answer.status === 400 || answer.status === 422)) {
        const without = await post(text, false, either);
        // Only then were the log-probabilities what it refused.
        if (isGood(without.status)) hasLogprobs = false;
        answer = without;
      }
      if (!isGood(answer.status)) throw new StatusError(answer.status);
      return parseRatingAnswer(answer.body);
    } catch (error) {
      const reason = signal?.aborted
        ? 'aborted'
        : timeout.aborted
          ? `no answer within ${timeoutMs} ms (causal_llm.timeout)`
          : error instanceof Error
            ? error.message.split('\n')[0]
            : String(error);
      throw new EmbeddingError(`rating by ${place} failed: ${reason}`, error);
    }
  }

  async function post(text: string, withLogprobs: boolean, signal: AbortSignal) {
    const response = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(apiKey && { authorization: `Bearer ${apiKey.reveal()}` }),
      },
      body: JSON.stringify({
        model,
        messages: causalLlmMessages(text),
        max_tokens: maxTokens,
        temperature: 0,
        stream: false,
        ...(withLogprobs && { logprobs: true, top_logprobs: topLogprobs }),
      }),
      signal,
    });
    let body = '';
    for await (const chunk of response.body.setEncoding('utf8')) {
      body += chunk as string;
      if (body.length > maxAnswerBytes) throw new Error('the answer is too long');
    }
    return { status: response.statusCode, body };
  }

  return {
    name: 'causal_llm',
    version: shortHash(['causal_llm', model, baseUrl, JSON.stringify(causalLlmMessages(''))]),
    defaultThreshold: 0.5,
    async score(text, signal) {
      return { winRate: (await ask(text, signal)).score, embedding: null };
    },
    async explain(text, signal) {
      const { score, probabilities } = await ask(text, signal);
      const words = probabilities
        ? probabilities.map((p, i) => `${i + 1}: ${Math.round(100 * p)} %`).join(', ')
        : 'the answer holds no rating';
      return {
        winRate: score,
        embedding: null,
        expectedQuality: null,
        reasons: [
          {
            name: `rating of the weak answer (${words})`,
            contribution: logOdds(score),
          },
        ],
      };
    },
  };
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}
