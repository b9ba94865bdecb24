import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingFlags } from '../../../src/config/setting-flags.ts';
import { version } from '../../../src/version.ts';
import { runCommand } from '../../support/cli-io.ts';
import { writeConfigFile } from '../../support/config-input.ts';

const pair = ['--strong-model', 'ollama/a', '--weak-model', 'ollama/b'];

describe('pointsman', () => {
  it('prints its version', async () => {
    expect(await runCommand(['--version'])).toEqual({
      exitCode: 0,
      stdout: `${version()}\n`,
      stderr: '',
    });
  });

  it.each([
    [['--help']],
    ...['serve', 'calibrate', 'score', 'check-config', 'train'].map((command) => [
      [command, '--help'],
    ]),
  ])('helps with %j', async (args) => {
    const { exitCode, stdout, stderr } = await runCommand(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: pointsman/);
  });

  it('shows every flag of serve with its default', async () => {
    const help = (await runCommand(['serve', '--help'])).stdout.replace(/\s+/g, ' ');
    for (const { flag, olderFlag, fallback } of settingFlags) {
      expect(help).toContain(`${flag} `);
      expect(help).toContain(`(default: ${fallback})`);
      if (olderFlag !== undefined) expect(help).toContain(`${olderFlag} the same as`);
    }
    expect(help).toMatch(/--config <file> .*--workers <number> /);
  });

  it('names the nearest flag, in one line and with exit code 2', async () => {
    const { exitCode, stderr } = await runCommand(['serve', '--strong-modle', 'x']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "pointsman: unknown option '--strong-modle' (Did you mean --strong-model?)\n",
    });
  });

  it.each(['score', 'calibrate'])('refuses a router that %s does not have', async (command) => {
    const share = command === 'calibrate' ? ['--strong-model-pct', '0.5'] : [];
    const { exitCode, stderr } = await runCommand([command, ...share, ...pair, '--router', 'knm']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^pointsman: --router is "knm"; it is one of mf, .*: did you mean knn\?\n$/,
      ) as string,
    });
  });

  it('names the nearest command', async () => {
    const { exitCode, stderr } = await runCommand(['serv']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "pointsman: unknown command 'serv' (Did you mean serve?)\n",
    });
  });

  it('helps when no command is given, and does not call that a success', async () => {
    const { exitCode, stderr } = await runCommand([]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^Usage: pointsman/);
  });

  it.each([
    [['serve', '--port']],
    [['serve', 'extra']],
    [['serve', '--port', 'x', ...pair]],
    [['check-config', '--config', '/nowhere.yaml']],
    [['check-config', ...pair, '--base-url', 'http://a', '--alt-base-url', 'http://b']],
  ])('refuses %j in one line without a stack', async (args) => {
    const { exitCode, stdout, stderr } = await runCommand(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^pointsman: .+\n$/);
  });

  const nowhere = ['--json', '--db', '/nowhere/x.db'];
  it.each([
    [['calibrate', ...nowhere]],
    [['calibrate', '--strong-model-pct', '0.5', ...nowhere]],
    [['calibrate', '--target-quality', '2', ...nowhere]],
    [['drift', ...nowhere]],
    [['train', ...nowhere]],
    [['train', '--data', '/nowhere.jsonl', '--json']],
    [['models', '--json', '--weights', '/nowhere.safetensors']],
    [['models', 'heads', ...nowhere]],
    [['models', 'rollback', ...nowhere]],
    [['models', 'add', 'x', '--json']],
    [['models', 'add', 'x', '--outcomes', '/nowhere', '--weights-out', '/nowhere', '--json']],
    [['score', '--json']],
    [['evaluate', '--json']],
    [['import-routellm', '--json', '--checkpoint', '/nowhere']],
    [['check-config', '--json', '--port', 'x']],
    [['label', ...pair, ...nowhere]],
    [['forget', ...nowhere]],
    [['forget', '--id', 'x', ...nowhere]],
    [['forget', '--nonsense', '--json']],
    [['serv', '--json']],
  ])('says to a program, too, why it refuses %j', async (args) => {
    const { exitCode, stdout, stderr } = await runCommand(args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^pointsman: /);
    const { error } = JSON.parse(stdout) as { error: { message: string; type: string } };
    expect(error.type).toBe('invalid_request_error');
    expect(stderr).toContain(error.message);
  });

  it('shows the stack of a failure only with --verbose', async () => {
    const { stderr } = await runCommand(['check-config', '--verbose', '--port', 'x']);
    expect(stderr).toMatch(/^pointsman: --port is "x".*\n.*ConfigError.*\n +at /);
  });
});

describe('score', () => {
  it('scores lines with a router and the names of two models alone', async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      [
        'score',
        '--router',
        'random',
        '--threshold',
        '0',
        '--strong-model',
        'a',
        '--weak-model',
        'b',
      ],
      {},
      '{"id":"x","prompt":"Hello"}\n',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ id: 'x', tier: 'strong' });
  });

  it('needs the names', async () => {
    const { exitCode, stderr } = await runCommand(['score']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^pointsman: score needs --strong-model/);
  });

  it('ends with 1 when a line could not be scored', async () => {
    const flags = ['--routers', 'random', '--strong-model', 'a', '--weak-model', 'b'];
    expect((await runCommand(['score', ...flags], {}, 'x\n')).exitCode).toBe(1);
  });

  it('scores texts on the command line in place of stdin', async () => {
    const flags = ['--embedder', 'fast', '--strong-model', 'llama3:70b', '--weak-model', 'llama3'];
    const asked = ['Say hello.', 'Prove it: {"a"}'];
    const { exitCode, stdout } = await runCommand(['score', ...flags, ...asked]);
    const lines = asked.map((prompt, id) => JSON.stringify({ id: id + 1, prompt })).join('\n');
    expect(stdout).toBe((await runCommand(['score', ...flags], {}, `${lines}\n`)).stdout);
    expect(stdout).toMatch(/^\{"id":1,"win_rate":0\.\d+,"tier":"\w+"\}\n\{"id":2,/);
    expect(exitCode).toBe(0);
  });
});

describe('calibrate', () => {
  const prompts = Array.from({ length: 300 }, (_, index) => `prompt ${index}`).join('\n');
  const file = () => {
    const path = writeConfigFile(prompts).replace(/yaml$/, 'txt');
    writeFileSync(path, prompts);
    return path;
  };

  it('prints the threshold for a file of prompts', async () => {
    const { exitCode, stdout, stderr } = await runCommand([
      ...[
        'calibrate',
        '--strong-model-pct',
        '0.5',
        '--router',
        'random',
        '--prompts',
        file(),
        ...pair,
      ],
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^For 50\.0% strong model calls for random, threshold = 0\.\d{5}\n/);
  });

  it('needs a goal', async () => {
    const { exitCode, stderr } = await runCommand(['calibrate']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^pointsman: calibrate needs a goal: --strong-model-pct SHARE/);
  });

  it('says that there is no log to read', async () => {
    const { exitCode, stderr } = await runCommand([
      ...['calibrate', '--strong-model-pct', '0.5', '--db', '/nowhere/x.db'],
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^pointsman: .*\/nowhere\/x\.db/);
  });
});

describe('check-config', () => {
  it('says which models at which addresses, without credentials', async () => {
    const file = writeConfigFile(
      'strong: { base_url: "http://user:canary@h:1/v1?key=canary", api_key: canary }',
    );
    const { exitCode, stdout, stderr } = await runCommand([
      'check-config',
      '--config',
      file,
      ...pair,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      'The configuration is good.\n' +
        '  strong  ollama/a at http://h:1/v1, with a key\n' +
        '  weak    ollama/b at http://localhost:11434/v1, without a key\n',
    );
    expect(stderr).toMatch(/^pointsman: warning: the base URL of the strong model/);
    expect(stdout + stderr).not.toMatch(/canary/);
  });

  it('says the same to machines', async () => {
    const file = writeConfigFile(
      'strong: { base_url: "http://user:canary@h:1/v1?key=canary", api_key: canary }',
    );
    const args = ['check-config', '--json', '--config', file, ...pair];
    const { exitCode, stdout } = await runCommand(args);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      warnings: [expect.stringContaining('the base URL of the strong model')],
      groups: [
        { name: 'strong', deployments: [{ base_url: 'http://h:1/v1', has_key: true }] },
        { name: 'weak', deployments: [{ has_key: false }] },
      ],
    });
    expect(stdout).not.toMatch(/canary/);
  });

  it('says what serve does when no model is named', async () => {
    const { exitCode, stdout } = await runCommand(['check-config']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /no model is named: serve takes two of a local Ollama, else simulated ones/,
    );
  });
});
