import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addModel, type AddModelFlags } from '../../../src/cli/add-model.ts';
import type { ListedModel } from '../../../src/cli/list-models.ts';
import { ConfigError } from '../../../src/errors.ts';
import { openMfRouter } from '../../../src/routing/open-mf-router.ts';
import { loadRouterWeights, writeRouterWeights } from '../../../src/routing/router-weights.ts';
import { fakeIo, runCommand } from '../../support/cli-io.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import {
  fakeEmbedder,
  tinyCatalog,
  tinyWeights,
  tinyWeightsWithTopics,
} from '../../support/tiny-router.ts';

describe('pointsman models', () => {
  it('lists id, family, size, outcomes and other names, most outcomes first', async () => {
    const { stdout, exitCode } = await runCommand(['models']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^model +family +billions +outcomes +sources +other names\n/);
    expect(stdout).toMatch(/\nllama-3\.1-8b-instruct +llama +8(\.\d+)? +\d+ +\d+ +.*llama3\.1:8b/);
    expect(stdout).toMatch(/\n194 of 194 models\n$/);
  });

  it('filters by a part of any name and prints JSON', async () => {
    const { stdout } = await runCommand(['models', 'LLAMA3.1', '--json']);
    const models = JSON.parse(stdout) as ListedModel[];
    expect(models.length).toBeGreaterThan(1);
    expect(models[0]!.outcomes).toBeGreaterThanOrEqual(models.at(-1)!.outcomes!);
    const eight = models.find(({ id }) => id === 'llama-3.1-8b-instruct')!;
    expect(eight).toMatchObject({ family: 'llama', added: false });
    expect(eight.aliases).toContain('llama3.1:8b');
    expect((await runCommand(['models', 'no-such-model'])).stdout).toContain('0 of 194 models');
  });
});

describe('pointsman models add', () => {
  function files(lines: number) {
    const folder = tempFolder();
    const weights = join(folder, 'mf.safetensors');
    writeFileSync(weights, writeRouterWeights(tinyWeightsWithTopics()));
    const catalogFile = join(folder, 'catalog.json');
    writeFileSync(catalogFile, JSON.stringify(tinyCatalog));
    const outcomes = join(folder, 'outcomes.jsonl');
    const rows = Array.from({ length: lines }, (_, i) =>
      JSON.stringify({ prompt: `question ${i} ${'x'.repeat(i % 7)}`, score: i % 7 < 3 ? 1 : 0 }),
    );
    writeFileSync(outcomes, `${rows.join('\n')}\n`);
    const flags: AddModelFlags = {
      ...{ name: 'New-9B', outcomes, weightsOut: join(folder, 'out.safetensors') },
      ...{ family: null, billions: null },
    };
    const deps = { openEmbedder: () => Promise.resolve(fakeEmbedder()), catalogFile };
    return { folder, weights, flags, deps };
  }

  it('warns that a name which meant a known model no longer does', async () => {
    const { weights, flags, deps } = files(60);
    const { io, stderr } = fakeIo();
    await addModel({ ...flags, name: 'Middle:latest' }, { weights }, io, deps);
    expect(stderr()).toContain('middle:latest has been another name of middle,');
  });

  it('lists what own weights were trained on, where they say it', async () => {
    const { folder } = files(0);
    const { training, ...metadata } = tinyWeights().metadata;
    const counted = { ...training, modelPrompts: [300, 20, 7], modelSources: [2, 1, 1] };
    const file = join(folder, 'counted.safetensors');
    writeFileSync(
      file,
      writeRouterWeights({ ...tinyWeights(), metadata: { ...metadata, training: counted } }),
    );
    const { stdout } = await runCommand(['models', '--weights', file]);
    expect(stdout).toMatch(/\nbig +unknown +\? +300 +2\nmiddle +unknown +\? +20 +1\n/);
  });

  it('writes weights that serve the model by its name, the others unchanged', async () => {
    const { weights, flags, deps } = files(100);
    const { io, stdout, stderr } = fakeIo();
    await addModel(flags, { weights }, io, deps);
    expect(stdout()).toMatch(/new-9b is placed by 100 scored prompts/);
    expect(stdout()).toMatch(/this fit +0\.\d{3}\n.*size +\d\.\d{3}\n.*mean score +0\.6\d\d\n/);
    expect(stderr()).toBe('');

    const [before, after] = [loadRouterWeights(weights), loadRouterWeights(flags.weightsOut)];
    expect(after.metadata.models).toEqual(['big', 'middle', 'small', 'new-9b']);
    expect(after.head.models.subarray(0, before.head.models.length)).toEqual(before.head.models);
    expect(after.meanQuality[3]).toBeGreaterThan(0);
    const parts = {
      ...{ catalog: tinyCatalog, embedder: fakeEmbedder(), strongName: 'big' },
      ...{ weakName: 'ollama/new-9b', strongProfile: null, weakProfile: null },
    };
    const { router, notes } = openMfRouter(flags.weightsOut, parts);
    expect(notes.filter((note) => note.startsWith('weak model:'))).toEqual([]);
    const { winRate } = await router.score('why?');
    expect(winRate).toBeGreaterThan(0);
    expect(winRate).toBeLessThan(1);
  });

  it('is listed with its outcomes, and placed again from more', async () => {
    const { weights, flags, deps, folder } = files(100);
    await addModel(flags, { weights }, fakeIo().io, deps);
    const again = { ...flags, weightsOut: join(folder, 'again.safetensors') };
    await addModel(again, { weights: flags.weightsOut }, fakeIo().io, deps);
    const { models } = loadRouterWeights(again.weightsOut).metadata;
    expect(models).toEqual(['big', 'middle', 'small', 'new-9b']);
    const { stdout } = await runCommand(['models', 'new-9b', '--weights', again.weightsOut]);
    expect(stdout).toMatch(/new-9b \(added\) +unknown +9 +100 +1\n1 of 4 models/);
  });

  it('warns below 50 prompts and refuses below 10', async () => {
    const { weights, flags, deps } = files(20);
    const { io, stderr } = fakeIo();
    await addModel(flags, { weights }, io, deps);
    expect(stderr()).toContain('20 scored prompts say little');
    const few = files(9);
    const failed = addModel(few.flags, { weights: few.weights }, io, few.deps);
    await expect(failed).rejects.toThrow(/holds 9 scored prompts of new-9b; at least 10/);
  });

  it('warns of few different prompts, however often they were scored', async () => {
    const { weights, flags, deps } = files(0);
    const rows = Array.from({ length: 90 }, (_, i) =>
      JSON.stringify({ prompt: `p${i % 3}`, score: i % 2 }),
    );
    writeFileSync(flags.outcomes, rows.join('\n'));
    const { io, stderr } = fakeIo();
    await addModel(flags, { weights }, io, deps);
    expect(stderr()).toContain('90 scored prompts, only 3 of them different, say little');
  });

  it('places a model in the weights that ship for the embedder', async () => {
    const { flags } = files(60);
    const { io, stdout } = fakeIo();
    await addModel(flags, { embedder: 'fast' }, io);
    expect(stdout()).toContain('new-9b is placed by 60 scored prompts');
    const { embedder, models } = loadRouterWeights(flags.weightsOut).metadata;
    expect(embedder.id).toBe('fast');
    expect(models.at(-1)).toBe('new-9b');
  });

  it('reads rows of an outcome file, other models left out, and names bad lines', async () => {
    const { weights, flags, deps } = files(0);
    const rows = Array.from({ length: 30 }, (_, i) =>
      JSON.stringify({ id: `s/${i}`, prompt: `p${i}`, scores: { big: 1, 'New-9B': i % 2 } }),
    );
    writeFileSync(flags.outcomes, [...rows, '{"prompt":"x","scores":{"big":1}}', ''].join('\n'));
    const { io, stdout } = fakeIo();
    await addModel(flags, { weights }, io, deps);
    expect(stdout()).toContain('placed by 30 scored prompts');
    const machine = fakeIo();
    await addModel({ ...flags, json: true }, { weights }, machine.io, deps);
    expect(JSON.parse(machine.stdout())).toMatchObject({ id: 'new-9b', prompts: 30 });
    writeFileSync(flags.outcomes, [...rows, 'nonsense', '{"prompt":"x","score":7}'].join('\n'));
    const failed = addModel(flags, { weights }, io, deps);
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(/line 31: not JSON\n.*line 32: score /s);
  });

  it('does not replace a trained model, however it is spelled', async () => {
    const { weights, flags, deps } = files(60);
    const trained = addModel({ ...flags, name: 'small' }, { weights }, fakeIo().io, deps);
    await expect(trained).rejects.toThrow(/small is a trained model/);
    const tiny = tinyWeights();
    const cased = { ...tiny.metadata, models: ['big', 'middle', 'Small'] };
    writeFileSync(weights, writeRouterWeights({ ...tiny, metadata: cased }));
    const other = addModel({ ...flags, name: 'small' }, { weights }, fakeIo().io, deps);
    await expect(other).rejects.toThrow(/Small is a trained model/);
  });

  it('needs a name, and a place to write to', async () => {
    const { weights, flags, deps, folder } = files(60);
    const nameless = addModel({ ...flags, name: ' ' }, { weights }, fakeIo().io, deps);
    await expect(nameless).rejects.toThrow(/needs the name/);
    const weightsOut = join(folder, 'new', 'out.safetensors');
    const missing = addModel({ ...flags, weightsOut }, { weights }, fakeIo().io, deps);
    await expect(missing).rejects.toThrow(/--weights-out .* there is no folder .*new$/);
    const nowhere = addModel({ ...flags, weightsOut: folder }, { weights }, fakeIo().io, deps);
    await expect(nowhere).rejects.toThrow(/--weights-out .* is no file/);
  });

  it('does not take vectors of another embedder', async () => {
    const { weights, flags, deps } = files(60);
    const other = { ...deps, openEmbedder: () => Promise.resolve(fakeEmbedder(8)) };
    const failed = addModel(flags, { weights }, fakeIo().io, other);
    await expect(failed).rejects.toThrow(/made with the embedder fake-4 .* not with fake-8/);
  });

  it('takes --weights after the word add, and says which flag is wrong', async () => {
    const { weights, flags } = files(60);
    const args = ['models', 'add', 'x', '--outcomes', flags.outcomes, '--weights-out', 'unused'];
    const wrong = await runCommand([...args, '--billions', 'many']);
    expect(wrong).toMatchObject({ exitCode: 2 });
    expect(wrong.stderr).toContain('--billions is "many"');
    const missing = await runCommand([...args, '--weights', join(weights, 'nowhere')]);
    expect(missing.stderr).toContain('nowhere');
    expect(() => readFileSync('unused')).toThrow();
  });
});
