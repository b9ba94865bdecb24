import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaults } from '../../../src/config/defaults.ts';
import { settingFlags } from '../../../src/config/setting-flags.ts';
import { listSettingKeys } from '../../../src/config/settings-schema.ts';
import { defaultDispatchSettings } from '../../../src/dispatch/dispatch-settings.ts';
import { isObject } from '../../../src/is-object.ts';
import { knownProviders } from '../../../src/upstream/model-string.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configInput } from '../../support/config-input.ts';

const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

/** A row of a table of keys. */
interface Row {
  /** The heading above it. */
  readonly section: string;
  readonly keys: readonly string[];
  /** By the head of the column, as it is written. */
  readonly cells: Readonly<Record<string, string>>;
}

const rows: Row[] = text.split(/^#+ /m).flatMap((part) => {
  const section = part.split('\n')[0] ?? '';
  const table = part.split('\n\n').find((block) => block.startsWith('| Key '));
  if (table === undefined) return [];
  const split = (line: string) => line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const [heads = [], , ...body] = table.trim().split('\n').map(split);
  return body.map((line) => {
    const cells = Object.fromEntries(line.map((cell, i) => [heads[i] ?? '', cell]));
    const keys = [...(cells['Key'] ?? '').matchAll(/`([^`]+)`/g)].map(([, key = '']) => key);
    return { section, keys, cells };
  });
});

/** LiteLLM's keys stand under their sections' headings, without the section in front. */
const litellmSections: Readonly<Record<string, string>> = {
  model_list: 'An entry of `model_list`',
  router_settings: '`router_settings`',
  litellm_settings: '`router_settings`',
  general_settings: 'Other sections',
  environment_variables: 'Other sections',
};

/** Keys that are told of in the row of another. */
const toldBeside: Readonly<Record<string, string>> = {
  'model_list.model_info.max_tokens': 'max_input_tokens',
  'litellm_settings.request_timeout': 'timeout',
  'general_settings.global_max_parallel_requests': 'general_settings',
};

function nameOf(key: string): string {
  const isLitellm = key.split('.')[0]! in litellmSections;
  return toldBeside[key] ?? (isLitellm ? key.split('.').at(-1)! : key);
}

function rowOf(key: string): Row | undefined {
  const litellm = litellmSections[key.split('.')[0]!];
  const own = rows.filter(({ section }) => !Object.values(litellmSections).includes(section));
  const candidates =
    litellm === undefined ? own : rows.filter(({ section }) => section === litellm);
  return candidates.find(({ keys }) => keys.includes(nameOf(key)));
}

const units = [
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
  [1, 'ms'],
] as const;

/** As the page writes them: what is switched is on or off, a time has the largest unit that fits. */
function written(value: unknown, isTime: boolean): string[] {
  if (typeof value === 'boolean') return value ? ['true', 'on'] : ['false', 'off'];
  if (!isTime || value === 0) return [String(value)];
  const ms = Number(value);
  const [size, unit] = units.find(([size]) => ms % size === 0)!;
  return [`${ms / size}${unit}`];
}
const { timeouts, ...otherDefaults } = defaults;
const { embedding, causalLlm, headers, remoteHeaders, ...ownTimeouts } = timeouts;
const dispatch = defaultDispatchSettings;
const times: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(ownTimeouts).map(([key, ms]) => [`timeouts.${key}`, ms])),
  'embedding.timeout': embedding,
  'causal_llm.timeout': causalLlm,
  'sessions.ttl': defaults.sessions.ttl,
  'router_settings.retry_after': dispatch.retryAfterMs,
  'router_settings.cooldown_time': dispatch.cooldownMs,
};
const values: Readonly<Record<string, unknown>> = {
  ...flat(otherDefaults),
  'router_settings.routing_strategy': dispatch.routingStrategy,
  'router_settings.max_fallbacks': dispatch.maxFallbacks,
  'router_settings.disable_cooldowns': dispatch.disableCooldowns,
  ...times,
};

function flat(section: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(section).flatMap(([key, value]: [string, unknown]) =>
      isObject(value)
        ? Object.entries(flat(value, `${prefix}${key}.`))
        : [[`${prefix}${key}`, value] as const],
    ),
  );
}

describe('docs/configuration.md', () => {
  it.each(listSettingKeys())('has the key %s', (key) => {
    const row = rowOf(key);
    expect(row).toBeDefined();
    const beside = key.split('.').at(-1)!;
    if (key in toldBeside) expect(Object.values(row!.cells).join()).toContain(`\`${beside}\``);
  });

  it('has no row of a key that there is not', () => {
    const known = listSettingKeys();
    const unknown = rows.flatMap((row) =>
      row.keys.filter((name) => !known.some((key) => nameOf(key) === name && rowOf(key) === row)),
    );
    expect(unknown).toEqual([]);
  });

  it.each(Object.entries(values))('has the default of %s: %s', (key, value) => {
    const said = rowOf(key)?.cells['Default']?.replaceAll('`', '');
    expect(written(value, key in times)).toContain(said);
  });

  it('has both defaults of timeouts.headers', () => {
    const said = rowOf('timeouts.headers')?.cells['Default'];
    for (const ms of [headers, remoteHeaders]) {
      expect(said).toContain(`\`${written(ms, true)[0]}\``);
    }
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
