import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { defaultNeighboursFile } from '../../../src/routing/create-router.ts';
import {
  cosines,
  loadNeighbours,
  parseNeighbours,
  writeNeighbours,
} from '../../../src/routing/neighbours.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyNeighbours } from '../../support/tiny-neighbours.ts';

describe('the file of known prompts', () => {
  it('reads back with directions and outcomes kept', () => {
    const written = tinyNeighbours();
    const read = parseNeighbours(writeNeighbours(written), 'x');
    expect(read.metadata).toEqual(written.metadata);
    expect([...read.scores]).toEqual([...written.scores]);
    expect([...read.models]).toEqual([...written.models]);
    for (let i = 0; i < 20; i++) {
      const row = written.vectors.subarray(i * 4, i * 4 + 4);
      const [cosine] = cosines(read.vectors.subarray(i * 4, i * 4 + 4), row);
      expect(cosine).toBeGreaterThan(0.9999);
    }
  });

  it('gives the same bytes for the same input', () => {
    expect(writeNeighbours(tinyNeighbours())).toEqual(writeNeighbours(tinyNeighbours()));
  });

  it('says which file is missing and how to make one', () => {
    expect(() => loadNeighbours('/nowhere.safetensors')).toThrow(
      /\/nowhere\.safetensors cannot be read.*build-neighbours/s,
    );
  });

  it('refuses another kind of file, truncated ones and models out of range', () => {
    const good = tinyNeighbours();
    const bytes = writeNeighbours(good);
    expect(() => parseNeighbours(bytes.subarray(0, 900), 'cut')).toThrow(ConfigError);
    const folder = join(tempFolder(), 'n');
    mkdirSync(folder);
    writeFileSync(join(folder, 'x'), 'not safetensors at all');
    expect(() => loadNeighbours(join(folder, 'x'))).toThrow(ConfigError);
    const wrong = { ...good, models: good.models.map((model, i) => (i === 5 ? 9 : model)) };
    expect(() => parseNeighbours(writeNeighbours(wrong), 'w')).toThrow(/not in the list/);
    const falling = { ...good, starts: good.starts.map((start, i) => (i === 3 ? 0 : start)) };
    expect(() => parseNeighbours(writeNeighbours(falling), 'f')).toThrow(/does not rise/);
  });

  it('ships under 3 MB, with prompts of many models and no text', () => {
    const { metadata, vectors } = loadNeighbours(defaultNeighboursFile);
    expect(metadata.embedder).toEqual({ id: 'minilm-384-v1', dimensions: 384 });
    expect(metadata.ids.length).toBeGreaterThan(4000);
    expect(vectors).toHaveLength(metadata.ids.length * 384);
    expect(Object.keys(metadata)).not.toContain('prompts');
  });
});

describe('cosines', () => {
  it('are those of plain loops, whatever the length', () => {
    for (const k of [1, 3, 4, 7, 8]) {
      const rows = Float32Array.from({ length: 3 * k }, (_, i) => Math.sin(i + 1));
      const vector = Float32Array.from({ length: k }, (_, i) => Math.cos(i));
      const got = cosines(rows, vector);
      for (let i = 0; i < 3; i++) {
        let sum = 0;
        for (let t = 0; t < k; t++) sum += rows[i * k + t]! * vector[t]!;
        expect(got[i]).toBeCloseTo(sum / Math.hypot(...vector), 6);
      }
    }
  });

  it('are 0 for vectors that have no direction', () => {
    const rows = Float32Array.of(1, 0, 0, 1);
    for (const vector of [Float32Array.of(0, 0), Float32Array.of(NaN, 1)]) {
      expect([...cosines(rows, vector)]).toEqual([0, 0]);
    }
  });
});
