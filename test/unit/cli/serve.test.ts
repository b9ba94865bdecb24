import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { serve, type ServeDeps } from '../../../src/cli/serve.ts';
import type { FoundOrSimulated } from '../../../src/cli/find-models.ts';
import type { RunningServer } from '../../../src/main.ts';
import type { Config } from '../../../src/config/config.ts';
import { fakeIo } from '../../support/cli-io.ts';
import { configInput } from '../../support/config-input.ts';
import { startJsonServer } from '../../support/json-server.ts';

const server: RunningServer = {
  url: 'http://127.0.0.1:6060',
  notes: ['llama3:70b stands in for mystery'],
  threshold: () => ({ threshold: 0.11600049, origin: 'default' }),
  reload: () => Promise.resolve([]),
  noteReload: () => {},
  close: () => Promise.resolve(),
};

/** Runs `serve` around a server that only remembers what happens to it. */
function start(
  flags: readonly string[],
  deps: Partial<ServeDeps> = {},
  parts: Partial<RunningServer> = {},
) {
  const { io, stdout, stderr } = fakeIo();
  const signals = new EventEmitter();
  const events: string[] = [];
  const configs: Config[] = [];
  const done = serve(configInput(flags), io, {
    startServer: (config) => {
      configs.push(config);
      const close = () => Promise.resolve(void events.push('closed'));
      return Promise.resolve({ ...server, close, ...parts });
    },
    signals,
    exit: (exitCode) => void events.push(`exit ${exitCode}`),
    isTerminalGone: () => false,
    ...deps,
  });
  return { done, signals, events, configs, stdout, stderr };
}

const pair = ['--strong-model', 'big', '--weak-model', 'small', '--base-url'];

describe('serve', () => {
  it('says where it listens, with what, and how to try it', async () => {
    const upstream = await startJsonServer({
      '/v1/models': { data: [{ id: 'big' }, { id: 'small' }] },
    });
    const withKey = upstream.url.replace('//', '//user:canary@');
    const { done, signals, stdout, stderr } = start([...pair, withKey]);
    await expect.poll(stdout).toMatch(/Try it/);
    signals.emit('SIGTERM');
    await done;
    expect(stdout()).toMatch(/^pointsman \d+\.\d+\.\d+ listens on http:\/\/127\.0\.0\.1:6060\n/);
    expect(stdout()).toContain(`strong     big at ${upstream.url}/\n`);
    expect(stdout()).toContain("threshold  0.116 (the router's default");
    expect(stdout()).toContain('note       llama3:70b stands in for mystery\n');
    expect(stdout()).toContain('curl http://127.0.0.1:6060/v1/chat/completions -H ');
    expect(stdout()).toContain('curl -N http://127.0.0.1:6060/v1/chat/completions -H ');
    expect(stdout() + stderr()).not.toMatch(/canary/);
  });

  it('gives an address to call when it listens on all', async () => {
    const upstream = await startJsonServer({});
    const parts = { url: 'http://0.0.0.0:6060' };
    const flags = [...pair, upstream.url, '--host', '0.0.0.0'];
    const { done, signals, stdout } = start(flags, {}, parts);
    await expect.poll(stdout).toMatch(/curl http:\/\/127\.0\.0\.1:6060/);
    expect(stdout()).toMatch(/access +OPEN TO EVERYONE who reaches 0\.0\.0\.0: set client keys/);
    signals.emit('SIGINT');
    await done;
  });

  it('warns of a model that its upstream does not have, and serves', async () => {
    const upstream = await startJsonServer({ '/v1/models': { data: [{ id: 'big' }] } });
    const { done, signals, stderr } = start([...pair, upstream.url]);
    await expect.poll(stderr).toMatch(/warning: the weak model "small" is not among the 1 models/);
    signals.emit('SIGTERM');
    await done;
  });

  it('starts two simulated models when there is no Ollama, says so, and stops them', async () => {
    const close = vi.fn(() => Promise.resolve());
    const found: FoundOrSimulated = {
      models: {
        strong: {
          model: 'demo-strong',
          base_url: 'http://127.0.0.1:1/v1',
          profile: 'llama-3-70b-instruct',
        },
        weak: {
          model: 'demo-weak',
          base_url: 'http://127.0.0.1:1/v1',
          profile: 'llama-3-8b-instruct',
        },
        demo: true,
      },
      notice: 'two simulated models',
      demo: { baseUrl: 'http://127.0.0.1:1/v1', close },
    };
    const { done, signals, configs, stdout, stderr } = start([], {
      findModels: () => Promise.resolve(found),
    });
    await expect.poll(stdout).toMatch(/^two simulated models\n[^]*Try it/);
    expect(configs[0]).toMatchObject({ demo: true, strongProfile: 'llama-3-70b-instruct' });
    signals.emit('SIGTERM');
    await done;
    expect(close).toHaveBeenCalledOnce();
    expect(stderr()).toBe('');
  });

  it('reloads after the start what was to be reloaded during it', async () => {
    const reload = vi.fn(() => Promise.resolve([]));
    let begin = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let goOn = () => {};
    const going = new Promise<void>((resolve) => (goOn = resolve));
    const { done, signals, events } = start([...pair, 'http://127.0.0.1:1/v1'], {
      startServer: async () => {
        begin();
        await going;
        const close = () => Promise.resolve(void events.push('closed'));
        return { ...server, reload, close };
      },
    });
    await begun;
    signals.emit('SIGHUP');
    expect(reload).not.toHaveBeenCalled();
    goOn();
    await expect.poll(() => reload.mock.calls.length).toBe(1);
    signals.emit('SIGTERM');
    expect(await done).toBe('SIGTERM');
    expect(events).toEqual(['closed']);
  });

  it('stops when its terminal is closed, and reloads nothing', async () => {
    const reload = vi.fn(() => Promise.resolve([]));
    let isGone = false;
    const { done, signals, events, stdout } = start(
      [...pair, 'http://127.0.0.1:1/v1'],
      { isTerminalGone: () => isGone },
      { reload },
    );
    await expect.poll(stdout).toMatch(/Try it/);
    isGone = true;
    signals.emit('SIGHUP');
    expect(await done).toBe('SIGHUP');
    expect(events).toEqual(['closed']);
    expect(reload).not.toHaveBeenCalled();
  });

  it('stops when its terminal was closed during the start', async () => {
    const { done, events } = start([...pair, 'http://127.0.0.1:1/v1'], {
      isTerminalGone: () => true,
    });
    expect(await done).toBe('SIGHUP');
    expect(events).toEqual(['closed']);
  });

  it('stops the simulated models when the start fails', async () => {
    const close = vi.fn(() => Promise.resolve());
    const nowhere = { base_url: 'http://127.0.0.1:1/v1' };
    const { done } = start([], {
      findModels: () =>
        Promise.resolve({
          models: {
            strong: { model: 'a', ...nowhere },
            weak: { model: 'b', ...nowhere },
            demo: true,
          },
          notice: 'x',
          demo: { baseUrl: '', close },
        }),
      startServer: () => Promise.reject(new Error('port taken')),
    });
    await expect(done).rejects.toThrow('port taken');
    expect(close).toHaveBeenCalledOnce();
  });
});
