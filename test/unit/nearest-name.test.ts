import { describe, expect, it } from 'vitest';
import { nearNames, nearestName } from '../../src/nearest-name.ts';

describe('nearestName', () => {
  it('finds a name with a slip of the fingers in it', () => {
    expect(nearestName('strong_modle', ['weak_model', 'strong_model'])).toBe('strong_model');
  });

  it('offers nothing when nothing is alike', () => {
    expect(nearestName('colour', ['host', 'port'])).toBeNull();
  });

  it('lists near names, nearest first', () => {
    expect(
      nearNames('llama3:8b', ['llama3:70b', 'qwen2', 'llama3:8b-q4', 'llama3.1:8b'], 2),
    ).toEqual(['llama3:70b', 'llama3.1:8b']);
  });
});
