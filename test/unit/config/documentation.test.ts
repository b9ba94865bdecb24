import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingFlags } from '../../../src/config/setting-flags.ts';
import { listSettingKeys } from '../../../src/config/settings-schema.ts';
import { knownProviders } from '../../../src/upstream/model-string.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configInput } from '../../support/config-input.ts';

const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

describe('docs/configuration.md', () => {
  it.each(listSettingKeys())('has the key %s', (key) => {
    // LiteLLM's keys stand under their sections' headings, without the section in front.
    const isLitellm = /^(model_list|router_settings|litellm_settings|general_settings)\./.test(key);
    expect(text).toContain(`\`${isLitellm ? key.split('.').at(-1) : key}\``);
  });

  it('has every flag', () => {
    const flags = settingFlags.flatMap(({ flag, olderFlag }) =>
      olderFlag ? [flag, olderFlag] : [flag],
    );
    for (const flag of [...flags, '--config', '--workers']) {
      expect(text).toContain(`\`${flag.split(' ')[0]}\``);
    }
  });

  it('has every provider', () => {
    for (const provider of knownProviders) expect(text).toContain(`\`${provider}\``);
  });

  it("has a file with LiteLLM's model_list that loads", async () => {
    const yaml = /```yaml\n(model_list:[^]*?)```/.exec(text)?.[1] ?? '';
    const { config, warnings } = await loadConfig(
      configInput([], yaml, { OPENAI_API_KEY: 'sk-x' }),
      () => Promise.reject(new Error('it names models')),
    );
    expect(warnings).toEqual([]);
    expect(config.tierGroups).toEqual({ strong: 'large', weak: 'fast' });
    expect(config.groups.map(({ deployments }) => deployments.length)).toEqual([2, 1]);
    expect(config.dispatch.enablePreCallChecks).toBe(true);
  });

  it('has a file that loads', async () => {
    const yaml = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? '';
    const { config, warnings } = await loadConfig(
      configInput([], yaml, { OPENAI_API_KEY: 'sk-x' }),
      () => Promise.reject(new Error('it names models')),
    );
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      strong: { model: 'gpt-4.1', price: { outputPerMtok: 8 } },
      threshold: 0.3,
      timeouts: { headersMs: 600_000 },
    });
  });
});
