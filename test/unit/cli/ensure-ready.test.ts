import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url));

const olderDriver = 'node_modules/better-sqlite3-node20/build/Release';

/**
 * Stands for npm: counts its calls, and installs a compiler that copies src to the out folder; asked to
 * rebuild, it makes the native part of the older SQLite driver.
 */
const fakeNpm = `
  const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
  appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
  if (process.argv[2] === 'rebuild') {
    mkdirSync('${olderDriver}', { recursive: true });
    writeFileSync('${olderDriver}/better_sqlite3.node', '');
  }
  mkdirSync('node_modules/typescript/bin', { recursive: true });
  writeFileSync('node_modules/typescript/bin/tsc', \`
    const { cpSync } = require('node:fs');
    cpSync('src', process.argv[process.argv.indexOf('--outDir') + 1], { recursive: true });
  \`);
`;

/** Each step on the lock takes a while, a different one each time: whatever can come between, does. */
const slowDisk = `
  const fs = require('node:fs');
  const nap = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() < 0.5 ? 0 : 300);
  for (const name of Object.keys(fs).filter((key) => /Sync$/.test(key))) {
    const original = fs[name];
    fs[name] = (...args) => {
      if (String(args[0]).includes('setup')) nap();
      return original(...args);
    };
  }
  require('node:module').syncBuiltinESMExports();
`;

/** A clone with our scripts, one source file, and no node_modules. */
function makeClone(npm = fakeNpm) {
  const root = mkdtempSync(join(tmpdir(), 'pointsman-clone-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'scripts'));
  for (const name of readdirSync(scripts).filter((file) => file.endsWith('.mjs'))) {
    cpSync(join(scripts, name), join(root, 'scripts', name));
  }
  mkdirSync(join(root, 'src', 'dashboard', 'page'), { recursive: true });
  const files = {
    'package-lock.json': '{}',
    'package.json': '{"type":"commonjs"}',
    'tsconfig.json': '{}',
    'tsconfig.build.json': '{}',
    'src/cli.js': 'process.stdout.write(process.argv.slice(2).join(" ")); process.exitCode = 7;',
    'npm-cli.js': npm,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);

  /** @param versions of the Node that it finds, in place of this one's */
  async function run(
    script: string,
    args: string[] = [],
    { versions = {}, required = [] }: { versions?: object; required?: string[] } = {},
  ) {
    const found = { napi: '10', ...versions };
    const setVersions = Object.entries(found).map(
      ([name, value]) =>
        `Object.defineProperty(process.versions, '${name}', { value: '${value}' });\n`,
    );
    writeFileSync(join(root, 'versions.cjs'), setVersions.join(''));
    const options = [...required, 'versions.cjs'].map((file) => `--require ${join(root, file)}`);
    const child = spawn(process.execPath, [join('scripts', script), ...args], {
      cwd: root,
      env: {
        ...process.env,
        npm_execpath: join(root, 'npm-cli.js'),
        NODE_OPTIONS: options.join(' '),
      },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [exitCode] = (await once(child, 'close')) as [number];
    return { exitCode, stdout, stderr };
  }
  const npmCalls = () => readFileSync(join(root, 'npm-calls'), 'utf8').trim().split('\n');
  return { root, run, npmCalls };
}

/** As of an install that was killed. */
function leaveClaim(root: string) {
  const claims = join(root, '.cache', 'setup-claims');
  mkdirSync(claims, { recursive: true });
  writeFileSync(join(claims, '999999999-1'), '');
}

describe('a script on a fresh clone', () => {
  it("installs, builds and runs, once; stdout and exit code are the command's", async () => {
    const { run, npmCalls } = makeClone();
    const first = await run('run-cli.mjs', ['score', '--x']);
    expect(first).toMatchObject({ exitCode: 7, stdout: 'score --x' });
    expect(first.stderr).toMatch(/installing packages.*\n.*building/);
    const second = await run('start.mjs', ['--port', '1']);
    expect(second).toEqual({ exitCode: 7, stdout: 'serve --port 1', stderr: '' });
    expect(npmCalls()).toEqual(['ci --include=dev --no-audit --no-fund --ignore-scripts']);
  });

  it('builds the older SQLite driver for a Node without Node-API 10', async () => {
    const { root, run, npmCalls } = makeClone();
    const versions = { napi: '9' };
    expect(await run('run-cli.mjs', [], { versions })).toMatchObject({ exitCode: 7 });
    expect(npmCalls()[1]).toBe('rebuild better-sqlite3-node20 --ignore-scripts=false');

    // As after `npm ci` by hand, which goes on without an optional package that could not be built.
    rmSync(join(root, 'node_modules', '.pointsman-install'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), '{}');
    expect(await run('run-cli.mjs', [], { versions })).toMatchObject({ stderr: '' });
    rmSync(join(root, olderDriver), { recursive: true });
    expect((await run('run-cli.mjs', [], { versions })).stderr).toMatch(/installing packages/);
    expect(npmCalls()).toHaveLength(4);
  });

  it('installs and builds once when two commands start at once', async () => {
    const { run, npmCalls } = makeClone();
    const both = await Promise.all([run('run-cli.mjs', ['a']), run('run-cli.mjs', ['b'])]);
    expect(both.map(({ stdout, exitCode }) => ({ stdout, exitCode }))).toEqual([
      { stdout: 'a', exitCode: 7 },
      { stdout: 'b', exitCode: 7 },
    ]);
    expect(
      both
        .map(({ stderr }) => stderr)
        .join()
        .match(/building/g),
    ).toHaveLength(1);
    expect(npmCalls()).toHaveLength(1);
  });

  it('goes on after a command that died in the middle', async () => {
    const { root, run } = makeClone();
    leaveClaim(root);
    expect((await run('run-cli.mjs')).exitCode).toBe(7);
    expect(readdirSync(join(root, '.cache', 'setup-claims'))).toEqual([]);
  });

  it('installs once when several commands find what a dead one left, on a slow disk', async () => {
    const nap = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);';
    const { root, run, npmCalls } = makeClone(`${nap}${fakeNpm}`);
    leaveClaim(root);
    writeFileSync(join(root, 'slow-disk.cjs'), slowDisk);
    const required = ['slow-disk.cjs'];
    const all = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => run('run-cli.mjs', [name], { required })),
    );
    expect(all.map(({ stdout }) => stdout)).toEqual(['a', 'b', 'c', 'd']);
    expect(npmCalls()).toHaveLength(1);
  });

  it('builds anew after a change of a source, and nothing old survives', async () => {
    const { root, run } = makeClone();
    writeFileSync(join(root, 'src', 'old.js'), '');
    await run('run-cli.mjs');
    renameSync(join(root, 'src', 'old.js'), join(root, 'src', 'new.js'));
    expect((await run('run-cli.mjs')).stderr).toMatch(/building/);
    expect(existsSync(join(root, 'dist', 'new.js'))).toBe(true);
    expect(existsSync(join(root, 'dist', 'old.js'))).toBe(false);
  });

  it('installs anew after a change of the lock file', async () => {
    const { root, run, npmCalls } = makeClone();
    await run('run-cli.mjs');
    writeFileSync(join(root, 'package-lock.json'), '{ }');
    await run('run-cli.mjs');
    expect(npmCalls()).toHaveLength(2);
  });

  it('says which packages a compiler needs when there is none', async () => {
    const { run } = makeClone('console.error("gyp ERR! find Python"); process.exit(1)');
    const { exitCode, stdout, stderr } = await run('start.mjs');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /gyp ERR! find Python\n[^]*sudo apt-get install -y python3 make g\+\+\n/,
    );
  });

  it('says that the first run needs the network', async () => {
    const { run } = makeClone('console.error("npm error code EAI_AGAIN"); process.exit(1)');
    expect((await run('test.mjs')).stderr).toMatch(
      /pointsman: npm ci failed: the npm registry cannot be reached/,
    );
  });

  it('says so when install scripts are off and the native part cannot be built', async () => {
    const { run } = makeClone('');
    expect((await run('start.mjs', [], { versions: { napi: '9' } })).stderr).toMatch(
      /better-sqlite3-node20 has no native part.*apt-get install.*Node 22\.14/s,
    );
  });

  it('names the Node that it needs', async () => {
    const { run } = makeClone();
    const { exitCode, stderr } = await run('start.mjs', [], { versions: { node: '20.18.0' } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'pointsman: Node 20.18.1 or newer is needed, this is 20.18.0\n',
    });
  });
});
