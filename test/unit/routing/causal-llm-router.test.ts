import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddingError } from '../../../src/errors.ts';
import { createCausalLlmRouter } from '../../../src/routing/causal-llm-router.ts';
import { parseRatingAnswer } from '../../../src/routing/rating-answer.ts';
import { Secret } from '../../../src/secret.ts';

interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A chat server that answers as `reply` says: a status, a text, or never ('hang'). */
async function startRater(reply: (asked: Asked) => number | string) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const one = {
        url: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Record<string, unknown>,
      };
      asked.push(one);
      const answer = reply(one);
      if (answer === 'hang') return;
      if (typeof answer === 'number') response.writeHead(answer).end('{}');
      else response.end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { baseUrl, asked };
}

const logprob = (token: string, p: number) => ({ token, logprob: Math.log(p) });

function completion(content: string | null, tokens?: unknown[]): string {
  return JSON.stringify({
    choices: [
      { message: { role: 'assistant', content }, logprobs: tokens ? { content: tokens } : null },
    ],
  });
}

const certainFour = completion('4', [
  {
    ...logprob('4', 0.5),
    top_logprobs: [logprob('4', 0.5), logprob(' 5', 0.1), logprob('2', 0.2), logprob('Sure', 0.2)],
  },
]);

describe('a rating', () => {
  it('is 1 - (p4 + p5) over the digit tokens, normalised', () => {
    const { score, probabilities } = parseRatingAnswer(certainFour);
    [0, 0.25, 0, 0.625, 0.125].forEach((p, i) => expect(probabilities![i]).toBeCloseTo(p, 10));
    expect(score).toBeCloseTo(0.25, 10);
  });

  it('is read at the first token that is one, spelled with spaces or brackets', () => {
    const body = completion('[[2]]', [
      { ...logprob('[[', 1), top_logprobs: [logprob('[[', 1), logprob('5', 0.001)] },
      { ...logprob('2', 0.6), top_logprobs: [logprob('2', 0.6), logprob('4', 0.2)] },
    ]);
    expect(parseRatingAnswer(body).score).toBeCloseTo(0.75, 10);
    const special = completion('[[1]]', [
      { ...logprob('[[1]]', 0.9), top_logprobs: [logprob('[[1]]', 0.9), logprob('[[5]]', 0.1)] },
    ]);
    expect(parseRatingAnswer(special).score).toBeCloseTo(0.9, 10);
  });

  it('is not read in the scale', () => {
    const words = ['scale', ' ', '1', ' to', ' ', '5', ':', ' '].map((word) => logprob(word, 1));
    const four = { ...logprob('4', 0.9), top_logprobs: [logprob('4', 0.9), logprob('1', 0.1)] };
    const body = completion('scale 1 to 5: 4', [...words, four]);
    expect(parseRatingAnswer(body).score).toBeCloseTo(0.1, 10);
  });

  it('counts as certain without alternatives', () => {
    expect(parseRatingAnswer(completion('4', [logprob('4', 0.3)])).score).toBe(0);
  });

  it.each([
    ['4', 0],
    ['Rating: 2', 1],
    ['[[5]]', 0],
    ['I would say 3/5.', 1],
    ['4 out of 5', 0],
    ['<think>1 or 2?</think>5', 0],
    ['<think>\n5 is the best', 1],
    ['On a scale of 1 to 5: 4', 0],
    ['From 1 to 5, I give 5.', 0],
    ['(1-5) 4', 0],
    ['Between 1 (worst) and 5 (best): 2', 1],
    ['on a scale from 1 to 5', 1],
    ['1, too hard', 1],
    ['10', 1],
    ['2.5', 1],
    ['', 1],
    ['hard to tell', 1],
  ])('of the text %j makes the score %d', (text, score) => {
    expect(parseRatingAnswer(completion(text)).score).toBe(score);
  });

  it('that no answer holds makes the score 1', () => {
    expect(parseRatingAnswer(completion(null))).toEqual({ score: 1, probabilities: null });
  });
});

describe('the causal_llm router', () => {
  const settings = (baseUrl: string) => ({ model: 'rater', baseUrl, timeoutMs: 2000 });

  it('asks for one digit with log-probabilities', async () => {
    const { baseUrl, asked } = await startRater(() => certainFour);
    const router = createCausalLlmRouter({ ...settings(baseUrl), apiKey: new Secret('sk-1') });
    const { winRate, embedding } = await router.score('Why is the sky blue?');
    expect(winRate).toBeCloseTo(0.25, 10);
    expect(embedding).toBeNull();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-1' },
      body: { model: 'rater', logprobs: true, top_logprobs: 20, temperature: 0, stream: false },
    });
    const messages = asked[0]!.body['messages'] as { role: string; content: string }[];
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(messages[1]!.content).toContain('Why is the sky blue?');
  });

  it('explains by the ratings', async () => {
    const { baseUrl } = await startRater(() => certainFour);
    const { reasons } = await createCausalLlmRouter(settings(baseUrl)).explain('x');
    expect(reasons[0]!.name).toContain('2: 25 %, 3: 0 %, 4: 63 %, 5: 13 %');
    expect(reasons[0]!.contribution).toBeCloseTo(Math.log(0.25 / 0.75), 6);
  });

  it('does without log-probabilities where they are refused, and remembers it', async () => {
    const { baseUrl, asked } = await startRater(({ body }) =>
      body['logprobs'] ? 400 : completion('2'),
    );
    const router = createCausalLlmRouter(settings(baseUrl));
    expect((await router.score('x')).winRate).toBe(1);
    expect((await router.score('y')).winRate).toBe(1);
    expect(asked.map(({ body }) => body['logprobs'] ?? false)).toEqual([true, false, false]);
  });

  it.each([
    ['an error status', () => 500, /status 500/],
    ['a refusal of everything', () => 400, /status 400/],
    ['something else than JSON', () => 'sk-canary', /failed: the answer is not JSON$/],
    ['another JSON', () => '{"choices":[{"message":"sk-canary"}]}', /at "choices\[0\]\.message"$/],
  ])('fails as an embedder does on %s', async (_what, reply, message) => {
    const { baseUrl } = await startRater(reply);
    const failure = createCausalLlmRouter(settings(baseUrl)).score('x');
    await expect(failure).rejects.toThrow(EmbeddingError);
    await expect(failure).rejects.toThrow(message);
    // What the server said may hold its key.
    const { cause } = (await failure.catch((error: unknown) => error)) as EmbeddingError;
    expect(String(cause)).not.toContain('canary');
  });

  it('gives up in time, when aborted, and when nobody listens', async () => {
    const { baseUrl } = await startRater(() => 'hang');
    const slow = createCausalLlmRouter({ ...settings(baseUrl), timeoutMs: 50 }).score('x');
    await expect(slow).rejects.toThrow(/no answer within 50 ms \(causal_llm\.timeout\)/);
    const abort = new AbortController();
    const aborted = createCausalLlmRouter(settings(baseUrl)).score('x', abort.signal);
    abort.abort();
    await expect(aborted).rejects.toThrow(EmbeddingError);
    const nobody = createCausalLlmRouter(settings('http://127.0.0.1:9')).score('x');
    await expect(nobody).rejects.toThrow(EmbeddingError);
  });
});
