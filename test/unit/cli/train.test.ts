import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultOut, runTrain, type TrainDeps, type TrainOptions } from '../../../src/cli/train.ts';
import { createFastEncoder } from '../../../src/embedding/fast-encoder.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { parseRouterWeights } from '../../../src/routing/router-weights.ts';
import { defaultTrainingSettings } from '../../../src/training/default-settings.ts';
import { fakeIo, runCommand } from '../../support/cli-io.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** 600 prompts; the small model fails at hard ones. */
function writeOwnData(folder: string): string {
  const random = seededRandom(5);
  const lines = Array.from({ length: 600 }, (_, i) => {
    const hard = random() < 0.5;
    const scores = { big: random() < 0.9 ? 1 : 0, small: random() < (hard ? 0.1 : 0.9) ? 1 : 0 };
    return JSON.stringify({ id: `q${i}`, prompt: `${hard ? 'prove' : 'name'} case ${i}`, scores });
  });
  const file = join(folder, 'own.jsonl');
  writeFileSync(file, lines.join('\n'));
  return file;
}

function depsIn(folder: string, epochs = 6): TrainDeps {
  return {
    openEmbedder: () => Promise.resolve(createFastEncoder()),
    settingsFor: (embedder, seed) => {
      const settings = defaultTrainingSettings(embedder, seed);
      const mf = { ...settings.mf, rank: 2, hidden: 3, epochs, batch: 32, rate: 0.02, decay: 0.01 };
      return { ...settings, lexical: { rows: 30, dimensions: 4 }, mf };
    },
    cache: join(folder, '.cache'),
  };
}

function setUp() {
  const folder = tempFolder();
  const options = (changes: Partial<TrainOptions> = {}): TrainOptions => ({
    ...{ data: join(folder, 'own.jsonl'), seed: 1, out: join(folder, 'out', 'a.safetensors') },
    resume: false,
    ...changes,
  });
  writeOwnData(folder);
  mkdirSync(join(folder, 'out'));
  return { folder, options };
}

describe('pointsman train', () => {
  it('turns own outcomes into weights, and says what they reach', async () => {
    const { folder, options } = setUp();
    const { io, stdout, stderr } = fakeIo();
    expect(await runTrain(options(), io, depsIn(folder))).toBe(0);
    const { metadata } = parseRouterWeights(readFileSync(options().out), 'a.safetensors');
    expect(metadata.models).toEqual(['big', 'small']);
    expect(metadata.embedder).toEqual({ id: 'fast', dimensions: 0 });
    expect(stderr()).toMatch(/prompts to train on, \d+ to choose on/);
    expect(metadata.training.dev[0]).toMatchObject({ strong: 'big', weak: 'small' });
    expect(stdout()).toContain(`wrote ${options().out}`);
    expect(readdirSync(join(folder, 'out'))).toEqual(['a.safetensors']);
  });

  it('gives weights that score, evaluate and list by the own names of their models', async () => {
    const { folder, options } = setUp();
    const data = readFileSync(options().data, 'utf8')
      .replaceAll('"big"', '"Corp/Big One"')
      .replaceAll('"small"', '"My-Small:7b"');
    writeFileSync(options().data, data);
    await runTrain(options(), fakeIo().io, depsIn(folder));
    const weights = ['--weights', options().out];
    const pair = ['--strong-model', 'Corp/Big One', '--weak-model', 'ollama/my-small:7b'];
    const fast = ['--embedder', 'fast', ...weights];
    const scored = await runCommand(
      ['score', ...fast, ...pair],
      {},
      '{"id":1,"prompt":"prove it"}',
    );
    expect(scored).toMatchObject({ exitCode: 0, stderr: '' });
    const flags = ['--data', options().data, '--resamples', '2', ...fast];
    const evaluated = await runCommand([
      'evaluate',
      '--pair',
      'Corp/Big One,My-Small:7b',
      ...flags,
    ]);
    expect(evaluated).toMatchObject({ exitCode: 0 });
    const listed = await runCommand(['models', ...weights, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { id: 'Corp/Big One', outcomes: 535, sources: 1 },
      { id: 'My-Small:7b', outcomes: 535, billions: 7 },
    ]);

    const out = join(folder, 'more.safetensors');
    const third = data.replaceAll('"My-Small:7b"', '"third"');
    writeFileSync(join(folder, 'third.jsonl'), third.split('\n').slice(0, 100).join('\n'));
    const outcomes = ['--outcomes', join(folder, 'third.jsonl'), '--weights-out', out];
    const added = await runCommand(['models', 'add', 'third', ...outcomes, ...fast]);
    expect(added.stdout).toMatch(/third is placed by 100 scored prompts/);
    expect((await runCommand(['models', '--weights', out])).stdout).toContain('3 of 3 models');
  });

  it('says the same to machines', async () => {
    const { folder, options } = setUp();
    const { io, stdout } = fakeIo();
    await runTrain(options({ json: true }), io, depsIn(folder));
    const written = JSON.parse(stdout()) as Record<string, unknown>;
    expect(written).toMatchObject({
      file: options().out,
      bytes: readFileSync(options().out).length,
      report: { figures: [{ strong: 'big', weak: 'small' }, { source: 'pooled' }] },
    });
  });

  it('writes the same bytes twice, and when it was cut off and resumed', async () => {
    const { folder, options } = setUp();
    const { io } = fakeIo();
    await runTrain(options(), io, depsIn(folder));
    const whole = readFileSync(options().out);
    await runTrain(options(), io, depsIn(folder));
    expect(readFileSync(options().out)).toEqual(whole);

    const cut = { ...depsIn(folder), cache: join(folder, 'cut') };
    let told = 0;
    // The bar's stream fails in the second head: whatever ends a run, the states stay.
    const failing: typeof io.stderr = Object.assign(fakeIo().io.stderr, { isTTY: true });
    failing.write = () => {
      if (++told > 1 && existsSync(states(cut.cache, 1))) throw new Error('cut off');
      return true;
    };
    await expect(runTrain(options(), { ...io, stderr: failing }, cut)).rejects.toThrow('cut off');
    expect(existsSync(states(cut.cache, 0))).toBe(true);
    const resumed = options({ out: join(folder, 'b.safetensors'), resume: true });
    await runTrain(resumed, io, cut);
    expect(readFileSync(resumed.out)).toEqual(whole);
    expect(readdirSync(cut.cache).filter((name) => name.startsWith('train-'))).toEqual([]);
  });

  it('replaces the shipped weights only by those of the shared data', () => {
    expect(defaultOut('own.jsonl', 'local')).toBe('mf-minilm.safetensors');
    expect(defaultOut('own.jsonl', 'hub:BAAI/bge')).toBe('mf-hub-BAAI-bge.safetensors');
    expect(defaultOut('../shared/data', 'fast')).toBe(join('models', 'mf-fast.safetensors'));
  });

  it('names bad rows by line and writes nothing', async () => {
    const { folder, options } = setUp();
    const bad = '{"id":"x","prompt":"p","scores":{"big":7}}';
    const lines = readFileSync(options().data, 'utf8').split('\n');
    writeFileSync(options().data, [lines[0], bad, 'nonsense'].join('\n'));
    const { exitCode, stderr } = await runCommand(['train', '--data', options().data]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/own\.jsonl line 2: scores\.big.*own\.jsonl line 3: not JSON/s);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it('says before it trains that the weights cannot be written', async () => {
    const { folder, options } = setUp();
    const deps: TrainDeps = { ...depsIn(folder), openEmbedder: () => Promise.reject(new Error()) };
    const toFolder = runTrain(options({ out: folder }), fakeIo().io, deps);
    await expect(toFolder).rejects.toThrow(/--out .* is no file/);
    const belowFile = runTrain(options({ out: join(options().data, 'x') }), fakeIo().io, deps);
    await expect(belowFile).rejects.toThrow(/--out .*x cannot be written: /);
    const missing = runTrain(options({ out: join(folder, 'none', 'x') }), fakeIo().io, deps);
    await expect(missing).rejects.toThrow(/--out .*cannot be written: there is no folder .*none$/);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('says how much data is needed', async () => {
    const { folder } = setUp();
    const one = join(folder, 'one');
    mkdirSync(one);
    writeFileSync(join(one, 'a.jsonl'), '{"id":"x","prompt":"p","scores":{"big":1}}');
    const { stderr } = await runCommand(['train', '--data', one]);
    expect(stderr).toMatch(/at least 20 are needed: give about 160 prompts/);
    const { exitCode } = await runCommand(['train', '--data', one, '--seed', 'x']);
    expect(exitCode).toBe(2);
  });
});

/** The state file of a head, wherever its folder's hash puts it. */
function states(cache: string, head: number): string {
  const run = existsSync(cache)
    ? readdirSync(cache).find((name) => name.startsWith('train-'))
    : undefined;
  return join(cache, run ?? 'none', `head-${head}.state`);
}
