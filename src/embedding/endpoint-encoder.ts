import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import { ConfigError, EmbeddingError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { keepHeadAndTail } from './bounded-text.ts';
import type { Embedder, Embedding } from './embedder.ts';
import { parseEmbeddingsAnswer } from './endpoint-answer.ts';
import { normalizeInPlace } from './token-windows.ts';

export interface EndpointEncoderOptions {
  /** `/v1` is added where it has no path. */
  readonly baseUrl: string;
  readonly model: string;
  /** Without one, no Authorization header is sent; no environment variable is read. */
  readonly apiKey?: Secret;
  /** Asked of the endpoint; without it the first answer says how long the vectors are. */
  readonly dimensions?: number;
  /** Of one attempt, connect to last byte. Default 5,000. */
  readonly timeoutMs?: number;
}

/** Under the 8,192 tokens that embedding models commonly read, for prose and for code. */
const maxCharacters = 24_000;
/** Texts in one request; OpenAI takes 2,048, small servers do better with few. */
const textsPerRequest = 64;
const attempts = 2;
const retryPauseMs = 100;
const maxAnswerBytes = 64 * 1024 * 1024;

/** A failed attempt; `isTransient` says whether the same request may succeed a moment later. */
class AttemptError extends Error {
  readonly isTransient: boolean;

  constructor(message: string, isTransient: boolean, cause?: unknown) {
    super(message, { cause });
    this.isTransient = isTransient;
  }
}

/**
 * An empty input is a 400 at OpenAI; a space is the nearest text that is not. Half a surrogate
 * pair, as a cut may leave it, becomes U+FFFD, since servers refuse it.
 */
function boundText(text: string): string {
  return Buffer.from(keepHeadAndTail(text, maxCharacters)).toString('utf8') || ' ';
}

/**
 * An OpenAI-compatible `/v1/embeddings`, such as Ollama's. Where `dimensions` is not given, one
 * text is embedded at the start, to learn how long the vectors are.
 * @throws ConfigError when that first request fails
 */
export async function createEndpointEncoder(options: EndpointEncoderOptions): Promise<Embedder> {
  const { model, apiKey, timeoutMs = 5000 } = options;
  const url = new URL(joinApiUrl(options.baseUrl, 'embeddings'));
  const place = `${withoutCredentials(url.href)} (model ${model})`;
  const pool = new Pool(url.origin, { maxResponseSize: maxAnswerBytes });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(apiKey && { authorization: `Bearer ${apiKey.reveal()}` }),
  };
  let dimensions = options.dimensions;

  async function post(body: string, signal?: AbortSignal): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await pool.request({
        method: 'POST',
        path: url.pathname + url.search,
        headers,
        body,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const text = await response.body.text();
      const { statusCode } = response;
      if (statusCode >= 200 && statusCode < 300) return text;
      throw new AttemptError(`status ${statusCode}`, statusCode >= 500 || statusCode === 429);
    } catch (error) {
      if (error instanceof AttemptError) throw error;
      if (signal?.aborted) throw new AttemptError('aborted', false, signal.reason);
      if (timeout.aborted) throw new AttemptError(`no answer within ${timeoutMs} ms`, true, error);
      throw new AttemptError(error instanceof Error ? error.message : String(error), true, error);
    }
  }

  async function postWithRetry(body: string, signal?: AbortSignal): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await post(body, signal);
      } catch (error) {
        const mayRetry = error instanceof AttemptError && error.isTransient && attempt < attempts;
        if (!mayRetry) throw error;
        await delay(retryPauseMs, undefined, signal && { signal });
      }
    }
  }

  function check(vector: Float32Array): Embedding {
    dimensions ??= vector.length;
    if (vector.length !== dimensions) {
      throw new Error(`a vector has ${vector.length} numbers, expected ${dimensions}`);
    }
    if (vector.length === 0 || !vector.every(Number.isFinite)) {
      throw new Error('a vector is empty or holds a number that is not finite');
    }
    return { vector: normalizeInPlace(vector), tokens: null, unknownShare: null };
  }

  async function request(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    const body = JSON.stringify({
      model,
      input: texts.map(boundText),
      encoding_format: 'float',
      ...(options.dimensions && { dimensions: options.dimensions }),
    });
    try {
      const vectors = parseEmbeddingsAnswer(await postWithRetry(body, signal));
      if (vectors.length !== texts.length) {
        throw new Error(`${vectors.length} vectors for ${texts.length} texts`);
      }
      return vectors.map(check);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EmbeddingError(`embedding by ${place} failed: ${reason}`, error);
    }
  }

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    const results: Embedding[] = [];
    for (let i = 0; i < texts.length; i += textsPerRequest) {
      results.push(...(await request(texts.slice(i, i + textsPerRequest), signal)));
    }
    return results;
  }

  if (dimensions === undefined) {
    try {
      await embed(['ready?']);
    } catch (error) {
      await pool.destroy();
      throw new ConfigError(
        `${error instanceof Error ? error.message : String(error)}. Start the endpoint, check its ` +
          'base URL, model and key, or give the dimensions to start without it.',
        { cause: error },
      );
    }
  }
  const length = dimensions ?? 0;
  return {
    id: `endpoint:${model}:${length}`,
    dimensions: length,
    embed,
    close: () => pool.destroy(),
  };
}
