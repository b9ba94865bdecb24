import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import {
  startEncoderPool,
  type EncoderPool,
  type EncoderPoolOptions,
} from '../../../src/embedding/encoder-pool.ts';
import { ConfigError, EmbeddingError } from '../../../src/errors.ts';

/** A real process that speaks the protocol: the text says what it does. */
const obedient = `
  process.on('message', ({ id, text }) => {
    if (text === 'crash') process.kill(process.pid, 'SIGSEGV');
    if (text === 'exit') process.exit(3);
    if (text === 'hang') for (;;);
    if (text === 'fail') return process.send({ type: 'failed', id, message: 'no such tensor' });
    const vector = Float32Array.of(text.length, id);
    process.send({ type: 'done', id, embedding: { vector, tokens: 1, unknownShare: 0 } });
  });
  process.send({ type: 'ready', dimensions: 2 });
`;
const broken = `process.send({ type: 'broken', message: 'the file is damaged' });`;

function run(code: string): ChildProcess {
  return spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

let pool: EncoderPool | undefined;

async function start(options: Partial<EncoderPoolOptions> = {}): Promise<EncoderPool> {
  pool = await startEncoderPool({
    spawn: () => run(obedient),
    processes: 1,
    timeoutMs: 5000,
    ...options,
  });
  return pool;
}

afterEach(async () => {
  await pool?.close();
  pool = undefined;
});

it('runs the texts first in, first out', async () => {
  const { embed } = await start();
  const calls = [embed(['a', 'bb']), embed(['ccc']), embed(['dddd'])];
  const embeddings = (await Promise.all(calls)).flat();
  expect(embeddings.map(({ vector }) => [...vector])).toEqual([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 3],
  ]);
});

it('spreads texts over its processes', async () => {
  const { embed } = await start({ processes: 2 });
  const hung = embed(['hang']).catch((error: unknown) => error);
  expect(await embed(['a'])).toHaveLength(1);
  await pool?.close();
  expect(await hung).toBeInstanceOf(EmbeddingError);
});

it('rejects the texts of a process that crashes and replaces it', async () => {
  const { embed } = await start();
  const crashing = embed(['crash']);
  const inQueue = embed(['a', 'b', 'c']).catch((error: unknown) => error);
  await expect(crashing).rejects.toThrow('ended with SIGSEGV');
  await inQueue;
  expect(await embed(['after'])).toHaveLength(1);
});

it('replaces a process that ends', async () => {
  const { embed } = await start();
  await expect(embed(['exit'])).rejects.toThrow('ended with code 3');
  expect(await embed(['after'])).toHaveLength(1);
});

const succeeds = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

it('gives up on a text after the timeout and replaces the process that hangs', async () => {
  const { embed } = await start({ timeoutMs: 100, hangMs: 200 });
  await expect(embed(['hang'])).rejects.toThrow('no answer within 100 ms');
  await expect.poll(() => succeeds(embed(['after']))).toBe(true);
});

it('replaces a stopped process when every call leaves long before its timeout', async () => {
  const children: ChildProcess[] = [];
  const spawn = (): ChildProcess => {
    const child = run(obedient);
    children.push(child);
    return child;
  };
  const { embed, isReady } = await start({ spawn, hangMs: 400 });
  children[0]?.kill('SIGSTOP');
  await expect(embed(['a'], AbortSignal.timeout(50))).rejects.toThrow('aborted');
  await expect.poll(isReady).toBe(false);
  const short = (): Promise<boolean> => succeeds(embed(['b'], AbortSignal.timeout(50)));
  await expect.poll(short).toBe(true);
  expect(isReady()).toBe(true);
  expect(children).toHaveLength(2);
  await expect.poll(() => children[0]?.signalCode).toBe('SIGKILL');
});

it('keeps a process that takes its time but answers', async () => {
  const children: ChildProcess[] = [];
  const slow = obedient.replace(/process\.send\(\{ type: 'done'.*/, (send) => {
    return `setTimeout(() => ${send.replace(/;$/, '')}, 60 * (id + 1));`;
  });
  const { embed } = await start({
    spawn: () => {
      const child = run(slow);
      children.push(child);
      return child;
    },
    hangMs: 400,
  });
  expect(await embed(['a', 'b', 'c', 'd', 'e'])).toHaveLength(5);
  expect(children).toHaveLength(1);
});

it('tries again to start a process, also when nobody asks', async () => {
  const codes = [obedient, broken];
  const { embed, isReady } = await start({ spawn: () => run(codes.shift() ?? obedient) });
  await expect(embed(['crash'])).rejects.toThrow('SIGSEGV');
  await expect.poll(isReady).toBe(true);
  expect(await embed(['after'])).toHaveLength(1);
});

it('reports a text that the encoder fails on without ending the process', async () => {
  const { embed } = await start();
  await expect(embed(['a', 'fail', 'b'])).rejects.toThrow('no such tensor');
  expect(await embed(['after'])).toHaveLength(1);
});

it('rejects its start when a process cannot load, with the reason', async () => {
  const failure = start({ spawn: () => run(broken), processes: 2 });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow('the file is damaged');
});

it('answers with an error, not with silence, while no process can be started again', async () => {
  const codes = [obedient, broken];
  const { embed } = await start({
    spawn: () => run(codes.shift() ?? broken),
  });
  const crashing = embed(['crash']).catch((error: unknown) => error);
  expect(await crashing).toBeInstanceOf(EmbeddingError);
  await expect(embed(['a'])).rejects.toThrow('could not be started again');
  await expect(embed(['b'])).rejects.toThrow('could not be started again');
});
