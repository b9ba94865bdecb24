import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import { ConfigError, EmbeddingError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { withoutKeyShapes, type Secret } from '../secret.ts';
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

/** Under the 8,192 that embedding models commonly read: what is estimated is not what they count. */
const maxTokens = 6_000;
/** For a text that the endpoint refuses, once: it may be too long after all. */
const shorterTokens = maxTokens / 4;
const mostOfMessage = 300;
/** Texts in one request; OpenAI takes 2,048, small servers do better with few. */
const textsPerRequest = 64;
const attempts = 2;
const retryPauseMs = 100;
const maxAnswerBytes = 64 * 1024 * 1024;

/** What endpoints answer to a text that is too long for them. */
const tooLong: readonly (number | null)[] = [400, 413];

/** A failed attempt; `isTransient` says whether the same request may succeed a moment later. */
class AttemptError extends Error {
  readonly isTransient: boolean;
  /** Of the answer; null without one. */
  readonly status: number | null;

  constructor(
    message: string,
    isTransient: boolean,
    { cause, status = null }: { cause?: unknown; status?: number | null } = {},
  ) {
    super(message, { cause });
    this.isTransient = isTransient;
    this.status = status;
  }
}

/**
 * An empty input is a 400 at OpenAI; a space is the nearest text that is not. Half a surrogate
 * pair, as a cut may leave it, becomes U+FFFD, since servers refuse it.
 */
function boundText(text: string, tokens: number): string {
  return Buffer.from(keepHeadAndTail(text, charactersOf(text, tokens))).toString('utf8') || ' ';
}

function mayBeTooLong(error: unknown, texts: readonly string[]): boolean {
  return (
    error instanceof AttemptError &&
    tooLong.includes(error.status) &&
    texts.some((text) => boundText(text, shorterTokens) !== boundText(text, maxTokens))
  );
}

/** How much of the text is about so many tokens: four ASCII characters are one, of others each is. */
function charactersOf(text: string, tokens: number): number {
  let others = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) others++;
  const estimated = others + (text.length - others) / 4;
  return estimated <= tokens ? text.length : Math.floor((text.length * tokens) / estimated);
}

/** What the endpoint says of a failure, without keys. */
function messageOf(body: string, apiKey: Secret | undefined): string {
  let said: unknown;
  try {
    const { error, message } = JSON.parse(body) as Record<string, unknown>;
    said = isObject(error) ? error['message'] : (error ?? message);
  } catch {
    return ''; // such as a proxy's page
  }
  if (typeof said !== 'string') return '';
  const safe = withoutKeyShapes(apiKey ? said.replaceAll(apiKey.reveal(), '***') : said);
  const words = safe.replace(/\s+/g, ' ').trim();
  return words === '' ? '' : `: ${words.slice(0, mostOfMessage)}`;
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
      throw new AttemptError(
        `status ${statusCode}${messageOf(text, apiKey)}`,
        statusCode >= 500 || statusCode === 429,
        { status: statusCode },
      );
    } catch (error) {
      if (error instanceof AttemptError) throw error;
      if (signal?.aborted) throw new AttemptError('aborted', false, { cause: signal.reason });
      if (timeout.aborted)
        throw new AttemptError(`no answer within ${timeoutMs} ms`, true, { cause: error });
      throw new AttemptError(error instanceof Error ? error.message : String(error), true, {
        cause: error,
      });
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

  async function vectorsOf(
    texts: readonly string[],
    tokens: number,
    signal?: AbortSignal,
  ): Promise<Embedding[]> {
    const body = JSON.stringify({
      model,
      input: texts.map((text) => boundText(text, tokens)),
      encoding_format: 'float',
      ...(options.dimensions && { dimensions: options.dimensions }),
    });
    const vectors = parseEmbeddingsAnswer(await postWithRetry(body, signal));
    if (vectors.length !== texts.length) {
      throw new Error(`${vectors.length} vectors for ${texts.length} texts`);
    }
    return vectors.map(check);
  }

  async function request(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    try {
      return (
        (await vectorsOf(texts, maxTokens, signal).catch((error: unknown) => {
          if (!mayBeTooLong(error, texts)) throw error;
          return texts.length === 1 ? vectorsOf(texts, shorterTokens, signal) : null;
        })) ?? (await embedEach(texts, signal))
      );
    } catch (error) {
      if (error instanceof EmbeddingError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new EmbeddingError(`embedding by ${place} failed: ${reason}`, error);
    }
  }

  /** Only the one that is too long for the endpoint is cut shorter. */
  async function embedEach(texts: readonly string[], signal?: AbortSignal): Promise<Embedding[]> {
    const results: Embedding[] = [];
    for (const text of texts) results.push(...(await request([text], signal)));
    return results;
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
