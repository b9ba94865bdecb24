import { describe, expect, it } from 'vitest';
import { applyRules, type Rule, type RuledRequest } from '../../../src/routing/rules.ts';

function rule(name: string, when: Partial<Rule['when']>, then: Partial<Rule['then']>): Rule {
  return {
    name,
    when: { headers: [], metadata: [], text: null, keyHashes: null, isPrivate: false, ...when },
    then: { tier: null, isPrivate: false, isLocalOnly: false, ...then },
  };
}

function request(fields: Partial<RuledRequest> = {}): RuledRequest {
  return {
    ...{ isPrivate: false, headers: {}, metadata: {}, keyHash: '', texts: () => ['hello'] },
    ...fields,
  };
}

/** The rule's name when it decides about the request. */
function decides(when: Partial<Rule['when']>, fields: Partial<RuledRequest>): boolean {
  return applyRules([rule('r', when, { tier: 'weak' })], request(fields)).tier !== null;
}

describe('a rule', () => {
  it('is about a header with exactly this value', () => {
    const when = { headers: [['x-team', 'batch']] as const };
    expect(decides(when, { headers: { 'x-team': 'batch' } })).toBe(true);
    expect(decides(when, { headers: { 'x-team': 'batches' } })).toBe(false);
    expect(decides(when, {})).toBe(false);
  });

  it('is about a field of the metadata, a plain value and its own', () => {
    const when = { metadata: [['plan', '1']] as const };
    expect(decides(when, { metadata: { plan: 1 } })).toBe(true);
    expect(decides(when, { metadata: { plan: [1] } })).toBe(false);
    expect(decides({ metadata: [['constructor', 'x']] }, {})).toBe(false);
  });

  it('is about the text of any message, each time anew', () => {
    const when = { text: /\bpatient\b/i };
    const texts = () => ['You are a nurse.', 'The Patient sleeps.', 'Thanks'];
    expect([decides(when, { texts }), decides(when, { texts })]).toEqual([true, true]);
    expect(decides(when, { texts: () => ['impatient'] })).toBe(false);
  });

  it('is about a client key', () => {
    expect(decides({ keyHashes: new Set(['ab']) }, { keyHash: 'ab' })).toBe(true);
    expect(decides({ keyHashes: new Set(['ab']) }, { keyHash: '' })).toBe(false);
  });

  it('needs all of its conditions', () => {
    const when = { headers: [['x-team', 'batch']] as const, text: /hello/ };
    expect(decides(when, { headers: { 'x-team': 'batch' } })).toBe(true);
    expect(decides({ ...when, text: /bye/ }, { headers: { 'x-team': 'batch' } })).toBe(false);
  });
});

describe('rules together', () => {
  const stay = rule('stays here', { isPrivate: true }, { isLocalOnly: true });
  const patients = rule('patients', { text: /patient/ }, { isPrivate: true });

  it('name a tier by the first one that matches', () => {
    const rules = [
      rule('a', { text: /nothing/ }, { tier: 'strong' }),
      rule('b', { text: /hello/ }, { tier: 'weak' }),
      rule('c', { text: /hello/ }, { tier: 'strong' }),
    ];
    expect(applyRules(rules, request()).tier).toEqual({ tier: 'weak', rule: 'b' });
  });

  it('keep what the client marked private on local deployments', () => {
    expect(applyRules([stay], request({ isPrivate: true })).localOnlyRule).toBe('stays here');
    expect(applyRules([stay], request()).localOnlyRule).toBeNull();
  });

  it('keep what another rule marks private there, in whatever order they stand', () => {
    const texts = () => ['a patient'];
    for (const rules of [
      [stay, patients],
      [patients, stay],
    ]) {
      expect(applyRules(rules, request({ texts }))).toEqual({
        tier: null,
        isPrivate: true,
        localOnlyRule: 'stays here',
      });
    }
  });
});
