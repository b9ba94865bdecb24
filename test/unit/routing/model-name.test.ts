import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { parseModelName } from '../../../src/routing/model-name.ts';

const known = {
  routers: ['mf', 'random'],
  strong: ['llama3:70b'],
  weak: ['llama3'],
  groups: new Map([['big', 'big']]),
  unlisted: new Map([['llama3:latest', 'weak' as const]]),
};
const parse = (name: string) => parseModelName(name, known);

describe('router names', () => {
  test.each([
    ['router-mf-0.116', 'mf', 0.116],
    ['router-mf-1e-3', 'mf', 0.001],
    ['router-mf-0', 'mf', 0],
    ['router-mf-1', 'mf', 1],
    ['router-random-.5', 'random', 0.5],
    ['router-mf', 'mf', null],
    ['router', 'mf', null],
    ['auto', 'mf', null],
    ['router@0.3', 'mf', 0.3],
  ])('%s', (name, router, threshold) => {
    expect(parse(name)).toEqual({ kind: 'router', router, threshold });
  });
});

describe('tiers and real names bypass the routers', () => {
  test.each([
    ['strong', 'strong'],
    ['weak', 'weak'],
    ['llama3:70b', 'strong'],
    ['llama3', 'weak'],
    ['llama3:latest', 'weak'],
  ])('%s', (name, tier) => {
    expect(parse(name)).toEqual({ kind: 'bypass', tier });
  });
});

describe('what is not a model', () => {
  const bad = [
    ['', 'router-mf- 0.5 ', 'router-mf-0_1', 'router-mf-abc', 'router-mf-', 'router-mf-nan'],
    ['router-mf-inf', 'router-mf-1.5', 'router-mf--0.1', 'router@2', 'router@NaN', 'router-mf-0x1'],
  ].flat();
  test.each(bad)('%j is a 400', (name) => {
    expect(() => parse(name)).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_model', param: 'model' }) as Error,
    );
  });

  const unknown = [
    ['gpt-4', 'foo-mf-0.5', 'routerX-mf-0.5', 'router-bert-0.5', 'router-bert', '__proto__'],
    ['constructor', '../../etc/passwd', 'Router-mf-0.5', 'llama3 ', 'x'.repeat(10_000)],
  ].flat();
  test.each(unknown)('%j is a 404', (name) => {
    expect(() => parse(name)).toThrow(
      expect.objectContaining({ status: 404, code: 'model_not_found' }) as Error,
    );
  });

  test('the message lists the routers and stays short', () => {
    expect(() => parse('router-bert-0.5')).toThrow(/router-mf, router-random/);
    expect(() => parse('x'.repeat(10_000))).toThrow(/^.{1,600}$/);
  });

  test('any text gives a result or a client error, never a crash', () => {
    const prefix = fc.constantFrom('', 'router-', 'router-mf-', 'router@', 'auto');
    const property = fc.property(prefix, fc.string(), (start, rest) => {
      try {
        const parsed = parse(start + rest);
        if (parsed.kind === 'router' && parsed.threshold !== null) {
          expect(parsed.threshold).toBeGreaterThanOrEqual(0);
          expect(parsed.threshold).toBeLessThanOrEqual(1);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
