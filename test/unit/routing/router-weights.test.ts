import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import {
  loadRouterWeights,
  parseRouterWeights,
  writeRouterWeights,
} from '../../../src/routing/router-weights.ts';
import { parseSafetensors, writeSafetensors } from '../../../src/routing/safetensors.ts';
import { tinyWeights } from '../../support/tiny-router.ts';

const file = 'weights.safetensors';

describe('router weights', () => {
  it('read back what was written', () => {
    const weights = tinyWeights();
    expect(parseRouterWeights(writeRouterWeights(weights), file)).toEqual(weights);
  });

  it('are the same bytes for the same weights', () => {
    expect(writeRouterWeights(tinyWeights())).toEqual(writeRouterWeights(tinyWeights()));
  });

  it('carry a hash of the file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'weights-')), file);
    writeFileSync(path, writeRouterWeights(tinyWeights()));
    expect(loadRouterWeights(path).hash).toMatch(/^[0-9a-f]{12}$/);
  });

  it('F28: say which file is missing and how to get one', () => {
    expect(() => loadRouterWeights('/no/such.safetensors')).toThrow(
      /\/no\/such.*--weights FILE \(weights in the file\).*npm run train -- --data/s,
    );
  });

  it('F28: are refused at every cut', () => {
    const bytes = writeRouterWeights(tinyWeights());
    for (const length of [0, 7, 100, bytes.length - 1]) {
      expect(() => parseRouterWeights(bytes.subarray(0, length), file)).toThrow(ConfigError);
    }
  });

  it.each([
    ['another shape', 'head.linear', [3, 4], /head\.linear has shape \[3, 4\], expected \[2, 6\]/],
    ['no such tensor', 'head.models', null, /head\.models \[3, 2\] is missing/],
  ])('name the tensor and its expected shape: %s', (_, name, shape, message) => {
    const { metadata, tensors } = parseSafetensors(writeRouterWeights(tinyWeights()), file);
    const changed = new Map(tensors);
    if (shape) changed.set(name, { ...tensors.get(name)!, shape });
    else changed.delete(name);
    const bytes = writeSafetensors({ metadata, tensors: changed });
    expect(() => parseRouterWeights(bytes, file)).toThrow(message);
  });

  it('F28: are refused with a number that is not finite', () => {
    const weights = tinyWeights();
    weights.head.linear[3] = NaN;
    expect(() => parseRouterWeights(writeRouterWeights(weights), file)).toThrow(
      /head\.linear is not finite at position 3/,
    );
  });

  it('are refused with metadata of another version', () => {
    const { tensors } = parseSafetensors(writeRouterWeights(tinyWeights()), file);
    const metadata = { pointsman: JSON.stringify({ ...tinyWeights().metadata, formatVersion: 2 }) };
    const bytes = writeSafetensors({ metadata, tensors });
    expect(() => parseRouterWeights(bytes, file)).toThrow(/formatVersion/);
    const broken = writeSafetensors({ metadata: { pointsman: '{' }, tensors });
    expect(() => parseRouterWeights(broken, file)).toThrow(/metadata "pointsman" is not JSON/);
    expect(() => parseRouterWeights(writeSafetensors({ metadata: {}, tensors }), file)).toThrow(
      /no metadata "pointsman"/,
    );
  });
});

describe('safetensors', () => {
  const header = (value: unknown, body = new Uint8Array(4)): Uint8Array => {
    const json = new TextEncoder().encode(JSON.stringify(value));
    const bytes = new Uint8Array(8 + json.length + body.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const entry = (changes: object): Uint8Array =>
    header({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...changes } });

  it('reads a tensor that starts anywhere', () => {
    const tensor = parseSafetensors(entry({}), file).tensors.get('x');
    expect(tensor).toEqual({ dtype: 'F32', shape: [1], data: Float32Array.of(0) });
  });

  it.each([
    ['an unknown dtype', entry({ dtype: 'F8' }), /dtype "F8"/],
    ['a negative offset', entry({ data_offsets: [-4, 0] }), /data_offsets/],
    ['offsets behind the end', entry({ data_offsets: [4, 8] }), /truncated/],
    ['a shape that does not fit', entry({ shape: [2] }), /its shape needs 8/],
    ['a shape that is no list', entry({ shape: 'x' }), /shape/],
    ['bytes that belong to nothing', header({}), /cover 0 bytes, the file has 4/],
    ['a header that is no object', header([]), /not an object/],
    ['a header longer than the file', new Uint8Array(8).fill(255), /truncated/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, file)).toThrow(message);
    expect(() => parseSafetensors(bytes, file)).toThrow(ConfigError);
  });
});
