import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEncoderManifest } from '../../../src/embedding/encoder-manifest.ts';
import { createLocalEncoder } from '../../../src/embedding/local-encoder.ts';
import { ConfigError } from '../../../src/errors.ts';

const shipped = fileURLToPath(new URL('../../../models/minilm/', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'minilm-'));
  cpSync(shipped, folder, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('describes the shipped encoder', () => {
  const { id, dimensions, windowTokens } = readEncoderManifest(folder);
  expect({ id, dimensions, windowTokens }).toEqual({
    id: 'minilm-384-v1',
    dimensions: 384,
    windowTokens: 256,
  });
});

it('names the file that is missing', async () => {
  rmSync(join(folder, 'onnx/model.onnx'));
  const failure = createLocalEncoder({ folder });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/cannot read .*model\.onnx.*build\.ts/);
});

it('names the file that is cut short', async () => {
  truncateSync(join(folder, 'onnx/model.onnx'), 1000);
  await expect(createLocalEncoder({ folder })).rejects.toThrow(
    /model\.onnx has 1000 bytes, expected 17\d{6}\. Restore/,
  );
});

it('names the file that was changed', () => {
  const file = join(folder, 'tokenizer_config.json');
  const { bytes } = readEncoderManifest(folder).files.tokenizerConfig;
  writeFileSync(file, 'x'.repeat(bytes));
  expect(() => readEncoderManifest(folder)).toThrow(/tokenizer_config\.json differs/);
});

it('names the centre that does not fit the vectors', async () => {
  const file = join(folder, 'encoder.json');
  const manifest = readEncoderManifest(folder);
  const centre = '[1,2]';
  const sha256 = createHash('sha256').update(centre).digest('hex');
  const files = { ...manifest.files, centre: { path: 'centre.json', bytes: 5, sha256 } };
  writeFileSync(join(folder, 'centre.json'), centre);
  writeFileSync(file, JSON.stringify({ ...manifest, files }));
  await expect(createLocalEncoder({ folder })).rejects.toThrow(
    /centre\.json is not a list of 384 numbers/,
  );
});

it('refuses a description with unknown keys', () => {
  writeFileSync(join(folder, 'encoder.json'), '{"formatVersion":1,"surprise":true}');
  expect(() => readEncoderManifest(folder)).toThrow(/encoder\.json is not a description/);
});

it('names the folder that is not there', async () => {
  await expect(createLocalEncoder({ folder: join(folder, 'none') })).rejects.toThrow(
    /cannot read .*none.encoder\.json/,
  );
});
