import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDispatcher, type DispatchRequest } from '../../../src/dispatch/dispatcher.ts';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import type { DispatchSettings } from '../../../src/dispatch/group.ts';
import { AppError, BadRequestError, UpstreamError } from '../../../src/errors.ts';
import type { Deployment } from '../../../src/upstream/deployment.ts';
import { deployment } from '../../support/deployment.ts';

const server = () => new UpstreamError('down', { code: 'upstream_unreachable' });
const auth = () => new UpstreamError('key', { code: 'upstream_auth_failed' });
const context = () => new BadRequestError('long', { code: 'context_length_exceeded' });
const policy = () => new BadRequestError('no', { code: 'content_filter' });
const bad = () => new BadRequestError('temperature');
const busy = (retryAfter?: string) =>
  new AppError('busy', {
    ...{ status: 429, type: 'rate_limit_error', code: 'upstream_rate_limited' },
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  });

/** Group name -> how its deployments answer, each call in turn; the last answer repeats. */
type Plan = Record<string, Record<string, readonly ('ok' | (() => Error))[]>>;

async function run(
  plan: Plan,
  settings: Partial<DispatchSettings> = {},
  request: Partial<DispatchRequest> = {},
  entries: Partial<Record<string, Partial<Deployment>>> = {},
) {
  const calls: string[] = [];
  const groups = Object.entries(plan).map(([name, members]) => ({
    name,
    deployments: Object.keys(members).map((id) => deployment({ id, group: name, ...entries[id] })),
  }));
  const dispatcher = createDispatcher(
    groups,
    { ...defaultDispatchSettings, retryAfterMs: 0, ...settings },
    { now: () => 0, random: () => 0 },
  );
  const trace = {
    attempts: 0,
    fallbacks: 0,
    deployment: null,
    failed: null,
    replaced: [] as string[],
  };
  const counts = new Map<string, number>();
  const result = await dispatcher
    .dispatch(
      {
        ...{
          requestId: 'r',
          group: Object.keys(plan)[0] ?? '',
          promptTokens: 10,
          needs: [],
          isLocalOnly: false,
          numRetries: null,
        },
        ...{ fallbacks: [], disableFallbacks: false, ...request },
      },
      trace,
      (lease) => {
        const { id, group } = lease.deployment;
        calls.push(id);
        const answers = plan[group]?.[id] ?? [];
        const count = counts.get(id) ?? 0;
        counts.set(id, count + 1);
        const answer = answers[Math.min(count, answers.length - 1)];
        if (answer === 'ok' || answer === undefined) {
          lease.succeed();
          return Promise.resolve(id);
        }
        return Promise.reject(answer());
      },
      new AbortController().signal,
    )
    .catch((error: unknown) => (error as AppError).code ?? (error as Error).message);
  return { calls: calls.join(' '), result, ...trace };
}

const table = (entries: Record<string, string[]>) => new Map(Object.entries(entries));

describe('retries', () => {
  test('go to another deployment of the group at once', async () => {
    expect(await run({ g: { a: [server], b: ['ok'] } })).toMatchObject({
      ...{ calls: 'a b', result: 'b', attempts: 2, fallbacks: 0 },
    });
  });

  test('AT-22: attempts are the calls that were sent', async () => {
    const { calls, attempts } = await run({ g: { a: [server] } }, { numRetries: 3 });
    expect(calls).toBe('a a a a');
    expect(attempts).toBe(4);
  });

  test('a lone deployment is asked again only when there is no fallback', async () => {
    expect((await run({ g: { a: [server] } })).calls).toBe('a a');
    const fallbacks = table({ g: ['h'] });
    expect((await run({ g: { a: [server] }, h: { b: ['ok'] } }, { fallbacks })).calls).toBe('a b');
  });

  test('nor is it while a default fallback is left, or the rest of another’s list', async () => {
    const plan: Plan = { g: { a: [server] }, h: { b: [server] }, i: { c: ['ok'] } };
    expect((await run(plan, { defaultFallbacks: ['i'] })).calls).toBe('a c');
    expect((await run(plan, { fallbacks: table({ g: ['h', 'i'] }) })).calls).toBe('a b c');
    const both = { fallbacks: table({ g: ['h'] }), defaultFallbacks: ['h', 'i'] };
    expect((await run(plan, both)).calls).toBe('a b c');
    const down: Plan = { g: { a: [server] }, h: { b: [server] } };
    expect((await run(down, { defaultFallbacks: ['h'] })).calls).toBe('a b b');
  });

  test('a fallback beyond max_fallbacks is none that is left', async () => {
    const plan: Plan = { g: { a: [server] }, h: { b: ['ok'] } };
    const settings = { fallbacks: table({ g: ['h'] }), maxFallbacks: 0 };
    expect((await run(plan, settings)).calls).toBe('a a');
  });

  test('the request’s num_retries wins over the deployment’s, that over the configured', async () => {
    const plan = { g: { a: [server] } };
    expect((await run(plan, { numRetries: 0 }, { numRetries: 2 })).attempts).toBe(3);
    expect((await run(plan, {}, { numRetries: 2 }, { a: { numRetries: 0 } })).attempts).toBe(3);
    expect((await run(plan, { numRetries: 2 }, {}, { a: { numRetries: 0 } })).attempts).toBe(1);
  });

  test('AT-23: what the client got wrong is never asked again, nor of others', async () => {
    const fallbacks = table({ g: ['h'] });
    const plan = { g: { a: [bad], b: ['ok' as const] }, h: { c: ['ok' as const] } };
    expect((await run(plan, { fallbacks, numRetries: 3 })).calls).toBe('a');
  });

  test('AT-23: a refused key is not tried twice on one deployment, but another may do', async () => {
    expect((await run({ g: { a: [auth] } }, { numRetries: 3 })).calls).toBe('a');
    expect((await run({ g: { a: [auth], b: ['ok'] } }, { numRetries: 3 })).calls).toBe('a b');
  });

  test('the lowest order first, the next order when it has failed', async () => {
    const entries = { a: { order: 2 }, b: { order: 1 } };
    const plan: Plan = { g: { a: ['ok'], b: [auth] } };
    expect((await run(plan, {}, {}, entries)).calls).toBe('b a');
  });
});

describe('fallbacks', () => {
  test('each cause walks its own list; without one the general list', async () => {
    const plan = (answer: () => Error): Plan => ({
      g: { a: [answer] },
      ...{ long: { l: ['ok'] }, tame: { t: ['ok'] }, any: { x: ['ok'] } },
    });
    const lists = {
      fallbacks: table({ g: ['any'] }),
      contextWindowFallbacks: table({ g: ['long'] }),
      contentPolicyFallbacks: table({ g: ['tame'] }),
    };
    expect((await run(plan(context), lists)).calls).toBe('a l');
    expect((await run(plan(policy), lists)).calls).toBe('a t');
    expect((await run(plan(server), lists)).calls).toBe('a x');
    const general = { fallbacks: table({ g: ['any'] }) };
    expect((await run(plan(context), general)).calls).toBe('a x');
  });

  test('A times out, B violates policy, C answers: one clean reply', async () => {
    const timeout = () => new UpstreamError('slow', { status: 504, code: 'upstream_timeout' });
    const plan: Plan = { A: { a: [timeout] }, B: { b: [policy] }, C: { c: ['ok'] } };
    const lists = {
      fallbacks: table({ A: ['B'] }),
      contentPolicyFallbacks: table({ B: ['C'] }),
    };
    const walked = await run(plan, lists);
    expect(walked).toMatchObject({ calls: 'a b c', result: 'c', fallbacks: 2 });
    // The second one's code is the model's own word.
    expect(walked.replaced).toEqual(['a: upstream_timeout', 'b: content_policy']);
  });

  test('are walked depth first, groups already tried are skipped, cycles end', async () => {
    const plan: Plan = {
      A: { a: [server] },
      B: { b: [server] },
      C: { c: [server] },
      D: { d: ['ok'] },
    };
    const fallbacks = table({ A: ['B', 'D'], B: ['C', 'A'], C: ['A', 'B'] });
    expect((await run(plan, { fallbacks, numRetries: 0 })).calls).toBe('a b c d');
  });

  test('the defaults come when the list is used up, also for groups that have none', async () => {
    const plan: Plan = { A: { a: [server] }, B: { b: [server] }, Z: { z: ['ok'] } };
    const settings = { fallbacks: table({ A: ['B'] }), defaultFallbacks: ['Z'], numRetries: 0 };
    expect((await run(plan, settings)).calls).toBe('a b z');
    expect((await run(plan, { defaultFallbacks: ['Z'], numRetries: 0 })).calls).toBe('a z');
  });

  test('max_fallbacks bounds the whole walk', async () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
    const plan = Object.fromEntries(names.map((name) => [name, { [name]: [server] }]));
    const chain = table(
      Object.fromEntries(names.map((name, i) => [name, names.slice(i + 1, i + 2)])),
    );
    const settings = { fallbacks: chain, numRetries: 0, maxFallbacks: 5 };
    expect(await run(plan, settings)).toMatchObject({ calls: 'A B C D E F', fallbacks: 5 });
  });

  test('of the request come first, and disable_fallbacks ends the walk', async () => {
    const plan: Plan = { A: { a: [server] }, B: { b: ['ok'] }, C: { c: ['ok'] } };
    const fallbacks = table({ A: ['B'] });
    expect((await run(plan, { fallbacks }, { fallbacks: ['C'] })).calls).toBe('a c');
    const off = await run(plan, { fallbacks, defaultFallbacks: ['C'] }, { disableFallbacks: true });
    expect(off.calls).toBe('a a');
  });

  test('the failure told is the last real one, not that the rest was cooling down', async () => {
    const plan: Plan = { A: { a: [auth] }, B: { b: [server] } };
    expect((await run(plan, { fallbacks: table({ A: ['B'] }) })).result).toBe(
      'upstream_unreachable',
    );
  });
});

describe('pre-call checks', () => {
  test('a prompt too long for all makes no call and walks the context list', async () => {
    const entries = { a: { maxInputTokens: 5 } };
    const settings = {
      enablePreCallChecks: true,
      contextWindowFallbacks: table({ g: ['long'] }),
    };
    const plan: Plan = { g: { a: ['ok'] }, long: { l: ['ok'] } };
    expect((await run(plan, settings, {}, entries)).calls).toBe('l');
    const alone = await run({ g: { a: ['ok'] } }, { enablePreCallChecks: true }, {}, entries);
    expect(alone).toMatchObject({ calls: '', attempts: 0, result: 'context_length_exceeded' });
  });
});

describe('rate limits', () => {
  test('F6: another deployment at once; alone it is asked again, then the 429 is told', async () => {
    expect((await run({ g: { a: [() => busy('60')], b: ['ok'] } })).calls).toBe('a b');
    const alone = await run({ g: { a: [() => busy('0')] } }, { numRetries: 1 });
    expect(alone).toMatchObject({ calls: 'a a', result: 'upstream_rate_limited' });
  });
});

describe('AT-21: waits', () => {
  test.each([
    ['none where one call is all', 0, { a: [server] }, []],
    ['one between two calls, none after the last', 1, { a: [server] }, [60_000]],
    ['each as long as is configured', 3, { a: [server] }, [60_000, 60_000, 60_000]],
    ['between two deployments, too', 1, { a: [server], b: [server] }, [60_000]],
    ['the time that the upstream asks for', 1, { a: [() => busy('7')] }, [7000]],
  ])('%s', async (_name, numRetries, members, expected) => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const waits = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => waits.mockRestore());
    const running = run({ g: members }, { numRetries, retryAfterMs: 60_000 });
    await vi.runAllTimersAsync();
    const { attempts } = await running;
    expect(attempts).toBe(numRetries + 1);
    expect(waits.mock.calls.map(([, ms]) => ms)).toEqual(expected);
  });
});
