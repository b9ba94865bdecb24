import { Readable, Writable } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { runScoreBatch } from '../../../src/cli/score-batch.ts';
import { ConfigError, EmbeddingError } from '../../../src/errors.ts';
import { fakeIo } from '../../support/cli-io.ts';
import { fakeScorer } from '../../support/fake-scorer.ts';

const pair = { strongModel: 'big', weakModel: 'small' };
const json = (value: unknown) => JSON.stringify(value);
const parse = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

/** Runs on these lines; the win rate is the number that the text ends in. */
async function score(lines: readonly string[], options: object = {}, end = '\n') {
  const scorer = fakeScorer((text) => Number(/[\d.e-]+$/.exec(text)?.[0] ?? NaN));
  const captured = fakeIo({}, lines.map((line) => line + end).join(''));
  const exitCode = await runScoreBatch({ ...pair, ...options }, captured.io, scorer);
  return { exitCode, out: captured.stdout(), err: captured.stderr(), seen: scorer.seen };
}

test('each line gets its score and tier, and equal to the threshold is strong', async () => {
  const { exitCode, out, err, seen } = await score([
    json({ id: 'a', prompt: 'p 0.5' }),
    json({ id: 2, prompt: 'p 0.49999999999999994' }),
    json({ id: 1.5, messages: [{ role: 'user', content: 'p 0.1234567890123456789' }] }),
  ]);
  expect(out).toBe(
    '{"id":"a","win_rate":0.5,"tier":"strong"}\n' +
      '{"id":2,"win_rate":0.49999999999999994,"tier":"weak"}\n' +
      '{"id":1.5,"win_rate":0.12345678901234568,"tier":"weak"}\n',
  );
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(seen.requests).toEqual([{ router: 'mf', ...pair }]);
  expect(seen.isClosed).toBe(true);
});

test('--threshold and --router are taken; wrong ones are refused before anything is loaded', async () => {
  const line = json({ id: 1, prompt: '0.3' });
  expect((await score([line], { threshold: '0.3' })).out).toContain('strong');
  expect((await score([line], { router: 'random' })).seen.requests[0]?.router).toBe('random');
  await expect(score([line], { threshold: '1.5' })).rejects.toThrow(/--threshold 1.5/);
  await expect(score([line], { threshold: '' })).rejects.toThrow(ConfigError);
  await expect(score([line], { strongModel: undefined })).rejects.toThrow(/--strong-model/);
  await expect(score([line], { weakModel: undefined })).rejects.toThrow(/--weak-model/);
});

test('the text is what the server would score: a short last user text behind earlier ones, parts joined', async () => {
  const texts: string[] = [];
  const scorer = fakeScorer((text) => {
    texts.push(text);
    return 0.5;
  });
  const messages = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'first' },
    { role: 'assistant', content: 'answer' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'one' },
        { type: 'image_url' },
        { type: 'text', text: 'two' },
      ],
    },
  ];
  const { io } = fakeIo({}, `${json({ id: 1, messages })}\n${json({ id: 2, prompt: ' hi ' })}`);
  expect(await runScoreBatch(pair, io, scorer)).toBe(0);
  expect(texts).toEqual(['first\n\none\ntwo', 'hi']);
});

test('BOM, CRLF, blank lines, U+2028 in a string and a missing last line end are fine', async () => {
  const lines = [
    '\uFEFF' + json({ id: 1, prompt: '0.1' }),
    '',
    '   ',
    '\uFEFF' + json({ id: 2, prompt: 'a\u2028b 0.2' }),
  ];
  const { out, exitCode } = await score(lines, {}, '\r\n');
  expect(parse(out).map((line) => (line as { id: number }).id)).toEqual([1, 2]);
  expect(exitCode).toBe(0);
  const last = await score([json({ id: 3, prompt: '0.3' })], {}, '');
  expect(parse(last.out)).toHaveLength(1);
});

test('characters that are cut between two chunks stay whole', async () => {
  const bytes = Buffer.from(json({ id: 'ß€🙂', prompt: '🙂 0.25' }) + '\n');
  const stdin = Readable.from(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)));
  const captured = fakeIo();
  await runScoreBatch(
    pair,
    { ...captured.io, stdin },
    fakeScorer(() => 0.25),
  );
  expect(parse(captured.stdout())).toEqual([{ id: 'ß€🙂', win_rate: 0.25, tier: 'weak' }]);
});

test('a line that is not UTF-8 is refused, as the server refuses it', async () => {
  const stdin = Readable.from([
    Buffer.from(`${json({ id: 1, prompt: 'caf\u00e9 0.1' })}\n`, 'latin1'),
    Buffer.from(`${json({ id: 2, prompt: '\uFFFD 0.2' })}\n`),
  ]);
  const captured = fakeIo();
  const scorer = fakeScorer(() => 0.2);
  expect(await runScoreBatch(pair, { ...captured.io, stdin }, scorer)).toBe(1);
  expect(parse(captured.stdout())).toEqual([
    { id: null, line: 1, error: 'is not UTF-8' },
    { id: 2, win_rate: 0.2, tier: 'weak' },
  ]);
});

test('a bad line stops nothing: it has an error of its own, and the exit code says so', async () => {
  const { exitCode, out, err } = await score([
    json({ id: 1, prompt: '0.9' }),
    '{"id": 2, "prompt": ',
    '[]',
    json({ prompt: '0.5' }),
    json({ id: 5 }),
    json({ id: 6, prompt: 'x', messages: [] }),
    json({ id: 7, prompt: 3 }),
    json({ id: 8, messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }),
    '{"id": 12345678901234567890, "prompt": "0.5"}',
    json({ id: 'ten', prompt: 'no number' }),
    json({ id: 11, prompt: '0.1' }),
  ]);
  expect(parse(out)).toEqual([
    { id: 1, win_rate: 0.9, tier: 'strong' },
    { id: null, line: 2, error: expect.stringMatching(/^not valid JSON: /) as string },
    { id: null, line: 3, error: 'not a JSON object' },
    { id: null, line: 4, error: 'needs "id", a string or a number' },
    { id: 5, line: 5, error: 'needs "prompt" or "messages", has neither' },
    { id: 6, line: 6, error: 'needs "prompt" or "messages", has both' },
    { id: 7, line: 7, error: '"prompt" must be a string' },
    { id: 8, line: 8, error: 'has no text to score' },
    { id: null, line: 9, error: expect.stringMatching(/write it as a string/) as string },
    { id: 'ten', line: 10, error: 'the router gave NaN' },
    { id: 11, win_rate: 0.1, tier: 'weak' },
  ]);
  expect(exitCode).toBe(1);
  expect(err).toContain('pointsman score: line 3: not a JSON object\n');
  expect(err).toMatch(/9 of 11 lines could not be scored/);
});

test('an embedder that fails on one prompt costs that line only', async () => {
  const scorer = fakeScorer((text) => {
    if (text === 'bad') throw new EmbeddingError('The encoder stopped.');
    return 1;
  });
  const captured = fakeIo(
    {},
    ['bad', 'good'].map((prompt) => `${json({ id: prompt, prompt })}\n`).join(''),
  );
  expect(await runScoreBatch(pair, captured.io, scorer)).toBe(1);
  expect(parse(captured.stdout())).toEqual([
    { id: 'bad', line: 1, error: 'The encoder stopped.' },
    { id: 'good', win_rate: 1, tier: 'strong' },
  ]);
});

test('many bad lines do not flood stderr', async () => {
  const { err } = await score(Array.from({ length: 500 }, () => 'x'));
  expect(err.split('\n')).toHaveLength(20 + 1 + 1);
});

test('50,000 lines pass in order with a bounded number in flight', async () => {
  const lines = 50_000;
  let read = 0;
  let written = 0;
  let farthestAhead = 0;
  function* input() {
    for (let id = 0; id < lines; id++) {
      read += 1;
      farthestAhead = Math.max(farthestAhead, read - written);
      yield Buffer.from(`${json({ id, prompt: `p ${id}` })}\n`);
    }
  }
  let isInOrder = true;
  const stdout = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _encoding, done) {
      isInOrder &&= (JSON.parse(chunk.toString()) as { id: number }).id === written;
      written += 1;
      if (written % 1_000 === 0) setImmediate(done);
      else done();
    },
  });
  const scorer = fakeScorer(async (text) => {
    await tick();
    if (text.endsWith('0')) await tick(); // later ones are ready before it
    return 0.5;
  });
  const io = { ...fakeIo().io, stdin: Readable.from(input()), stdout };
  expect(await runScoreBatch(pair, io, scorer)).toBe(0);
  expect(written).toBe(lines);
  expect(isInOrder).toBe(true);
  expect(scorer.seen.mostInFlight).toBe(32);
  // 32 in the window, and what the two streams buffer.
  expect(farthestAhead).toBeLessThan(200);
});

test('a score is written when it is ready, though the next line has not come', async () => {
  const stdin = new Readable({ read: () => undefined });
  const captured = fakeIo();
  const running = runScoreBatch(
    pair,
    { ...captured.io, stdin },
    fakeScorer(() => 0.5),
  );
  stdin.push(`${json({ id: 1, prompt: 'a' })}\n`);
  while (captured.stdout() === '') await tick();
  stdin.push(null);
  expect(await running).toBe(0);
});

test('a reader that leaves ends the run quietly, also while more input could come', async () => {
  const stdin = new Readable({ read: () => undefined });
  for (let id = 0; id < 100; id++) stdin.push(`${json({ id, prompt: 'a' })}\n`);
  const captured = fakeIo();
  let written = 0;
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      written += 1;
      const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      done(written > 3 ? gone : null);
    },
  });
  const scorer = fakeScorer(() => 0.5);
  expect(await runScoreBatch(pair, { ...captured.io, stdin, stdout }, scorer)).toBe(0);
  expect(captured.stderr()).toBe('');
  expect(stdin.destroyed).toBe(true);
  expect(scorer.seen.isClosed).toBe(true);
});

test('a full disk behind stdout is an error', async () => {
  const captured = fakeIo({}, `${json({ id: 1, prompt: 'a' })}\n`.repeat(10));
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    },
  });
  const running = runScoreBatch(
    pair,
    { ...captured.io, stdout },
    fakeScorer(() => 0.5),
  );
  await expect(running).rejects.toThrow(/no space left/);
});

test('many prompts at once that listen to one signal bring no warning of a leak', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const scorer = fakeScorer(async (_text, signal) => {
    signal?.addEventListener('abort', () => {});
    await tick();
    return 0.5;
  });
  const lines = Array.from({ length: 40 }, (_, id) => json({ id, prompt: 'p' }));
  expect(await runScoreBatch(pair, fakeIo({}, lines.join('\n')).io, scorer)).toBe(0);
  expect(scorer.seen.mostInFlight).toBeGreaterThan(11);
  await tick();
  expect(warnings).toEqual([]);
});
