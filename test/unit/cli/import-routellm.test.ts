import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { openMfRouter } from '../../../src/routing/open-mf-router.ts';
import { routellmModels } from '../../../src/routing/routellm-models.ts';
import { writeSafetensors, type Tensor } from '../../../src/routing/safetensors.ts';
import { runCommand } from '../../support/cli-io.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { fakeEmbedder, tinyCatalog } from '../../support/tiny-router.ts';

const random = seededRandom(11);
const single = (...shape: number[]): Tensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => normal(random)),
});
const published = {
  'P.weight': single(64, 128),
  'text_proj.0.weight': single(128, 1536),
  'classifier.0.weight': single(1, 128),
};

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

function write(tensors: Record<string, Tensor>): string {
  const file = join(folder, 'model.safetensors');
  const bytes = writeSafetensors({ metadata: {}, tensors: new Map(Object.entries(tensors)) });
  writeFileSync(file, bytes);
  return file;
}

async function importTo(out: string, checkpoint: string, ...flags: string[]) {
  const args = ['import-routellm', '--checkpoint', checkpoint, '--out', join(folder, out)];
  return { ...(await runCommand([...args, ...flags])), file: join(folder, out) };
}

const embedder = (): Embedder => fakeEmbedder(1536, 'endpoint:text-embedding-3-small:1536');
const parts = (names: { strongName?: string; weakName?: string } = {}) => ({
  ...{ catalog: tinyCatalog, embedder: embedder(), strongProfile: null, weakProfile: null },
  ...{ strongName: 'gpt-4-1106-preview', weakName: 'mixtral-8x7b-instruct-v0.1', ...names },
});

/** sigmoid(s(strong) - s(weak)) as the formula has it, in plain loops over the checkpoint. */
async function byFormula(text: string, strong: number, weak: number): Promise<number> {
  const [embedded] = await embedder().embed([text]);
  const { vector } = embedded!;
  const { data: v } = published['P.weight'];
  const { data: w1 } = published['text_proj.0.weight'];
  const { data: w2 } = published['classifier.0.weight'];
  const s = (m: number): number => {
    let norm = 0;
    for (let r = 0; r < 128; r++) norm += v[m * 128 + r]! ** 2;
    let sum = 0;
    for (let r = 0; r < 128; r++) {
      let projected = 0;
      for (let t = 0; t < 1536; t++) projected += w1[r * 1536 + t]! * vector[t]!;
      sum += w2[r]! * (v[m * 128 + r]! / Math.sqrt(norm)) * projected;
    }
    return sum;
  };
  return 1 / (1 + Math.exp(s(weak) - s(strong)));
}

describe('pointsman import-routellm', () => {
  it('serves the formula to 1e-6, for the default pair', async () => {
    const { exitCode, file, stdout } = await importTo('pair.safetensors', write(published));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('gpt-4-1106-preview against mixtral-8x7b-instruct-v0.1');
    const again = await importTo('again.safetensors', write(published), '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      file: again.file,
      pair: { strong: 'gpt-4-1106-preview', weak: 'mixtral-8x7b-instruct-v0.1' },
    });
    const { router, notes } = openMfRouter(file, parts());
    expect(notes).toEqual([]);
    expect(router).toMatchObject({ name: 'mf', defaultThreshold: 0.11593 });
    for (const text of ['hello', 'Prove it.', 'a longer question about the weather in Paris']) {
      const expected = await byFormula(text, 24, 36);
      expect(Math.abs((await router.score(text)).winRate - expected)).toBeLessThan(1e-6);
    }
  });

  it('reads the spelling of training checkpoints, Q.weight left alone', async () => {
    const trained = {
      'P.weight': published['P.weight'],
      'Q.weight': single(10, 128),
      'text_proj.weight': published['text_proj.0.weight'],
      'classifier.weight': published['classifier.0.weight'],
    };
    const flags = ['--strong-model', 'claude-2.1', '--weak-model', 'VICUNA-7b'];
    const { file, exitCode } = await importTo('t.safetensors', write(trained), ...flags);
    expect(exitCode).toBe(0);
    const { router, notes } = openMfRouter(file, parts());
    expect(notes).toEqual([expect.stringContaining('about claude-2.1 against vicuna-7b')]);
    const expected = await byFormula('hello', 7, routellmModels.indexOf('vicuna-7b'));
    expect(Math.abs((await router.score('hello')).winRate - expected)).toBeLessThan(1e-6);
  });

  it('keeps all models with --all, the pair chosen by name, profile or default', async () => {
    const { file } = await importTo('all.safetensors', write(published), '--all');
    const named = openMfRouter(file, parts({ strongName: 'palm-2', weakName: 'koala-13b' }));
    const [strong, weak] = ['palm-2', 'koala-13b'].map((id) => routellmModels.indexOf(id));
    const expected = await byFormula('hello', strong!, weak!);
    expect(Math.abs((await named.router.score('hello')).winRate - expected)).toBeLessThan(1e-6);
    expect(named.notes).toEqual([]);

    const other = openMfRouter(file, parts({ strongName: 'llama3:70b', weakName: 'llama3:8b' }));
    expect(other.notes).toEqual([expect.stringContaining('about gpt-4-1106-preview against')]);
    const theirs = await byFormula('hello', 24, 36);
    expect(Math.abs((await other.router.score('hello')).winRate - theirs)).toBeLessThan(1e-6);
    const wrong = { ...parts(), weakProfile: 'mixtral-8x7b' };
    expect(() => openMfRouter(file, wrong)).toThrow(/weak\.profile is "mixtral-8x7b"/);
  });

  it.each([
    [
      'a missing tensor',
      { 'P.weight': single(64, 128) },
      /text_proj\.0\.weight \[128, 1536\] is missing/,
    ],
    [
      'a wrong shape',
      { ...published, 'P.weight': single(65, 128) },
      /\[65, 128\], expected \[64, 128\]/,
    ],
    [
      'a wrong dtype',
      {
        ...published,
        'classifier.0.weight': {
          dtype: 'F16',
          shape: [1, 128],
          data: new Uint16Array(128),
        } as const,
      },
      /classifier\.0\.weight is F16, F32 expected/,
    ],
  ])('refuses %s and writes nothing', async (_what, tensors, message) => {
    const { exitCode, stderr, file } = await importTo('x', write(tensors));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(() => openMfRouter(file, parts())).toThrow(/cannot be read/);
  });

  it('names the nearest id for an unknown one', async () => {
    const checkpoint = write(published);
    const unknown = await importTo('x', checkpoint, '--strong-model', 'gpt-4-1106-previw');
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.stderr).toMatch(/"gpt-4-1106-previw" \(did you mean gpt-4-1106-preview\?\)/);
    const same = await importTo('x', checkpoint, '--strong-model', 'mixtral-8x7b-instruct-v0.1');
    expect(same.stderr).toContain('name two models');
    const both = await importTo('x', checkpoint, '--all', '--weak-model', 'koala-13b');
    expect(both.stderr).toContain('--all keeps every model');
    expect((await importTo('x', join(folder, 'none'))).stderr).toContain('cannot be read');
  });

  it('says how to serve it: not as it comes, not with another embedder', async () => {
    const checkpoint = write(published);
    expect(() => openMfRouter(checkpoint, parts())).toThrow(/import it first.*--checkpoint/);
    const { file } = await importTo('pair.safetensors', checkpoint);
    const local = { ...parts(), embedder: fakeEmbedder(384, 'minilm-384-v1') };
    expect(() => openMfRouter(file, local)).toThrow(/set embedder to endpoint/);
    const renamed = { ...parts(), embedder: fakeEmbedder(1536, 'endpoint:other:1536') };
    expect(openMfRouter(file, renamed).notes[0]).toContain('mean nothing');
  });
});
