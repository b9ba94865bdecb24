// Installs and builds what is missing, so that one command on a fresh clone is enough. Plain
// JavaScript without dependencies: it runs before there are any. All its output goes to stderr,
// since commands such as `score` write their results to stdout.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const oldestNode = [20, 18, 1];
const cache = join(root, '.cache');
const claims = join(cache, 'setup-claims');
const installStamp = join(root, 'node_modules', '.pointsman-install');
/** The SQLite driver of a Node without Node-API 10 (src/store/sqlite.ts); the newer one comes ready. */
const olderDriver = 'better-sqlite3-node20';
const needsOlderDriver = Number(process.versions.napi) < 10;
const driverBinary = join(root, 'node_modules', olderDriver, 'build/Release/better_sqlite3.node');
const compilerHint =
  'it has to be compiled here, and that needs Python and a C++ compiler. On Debian and Ubuntu:\n\n' +
  '  sudo apt-get install -y python3 make g++\n\nThen run the same command again. Node 22.14 and newer need none.';
const buildStamp = join(root, 'dist', '.pointsman-build');

/** Ends the process with a clear message when Node is too old or the install or build fails. */
export async function ensureReady({ build }) {
  checkNode();
  if (isInstalled() && (!build || isBuilt())) return;
  await withLock(() => {
    // Another command may have done the work while this one waited.
    if (!isInstalled()) install();
    if (build && !isBuilt()) compile();
  });
}

/** A clean build whether or not one is there. */
export async function rebuild() {
  await ensureReady({ build: false });
  await withLock(compile);
}

export function fail(message) {
  process.stderr.write(`pointsman: ${message}\n`);
  process.exit(1);
}

function checkNode() {
  const version = process.versions.node.split('.').map(Number);
  const differing = oldestNode.findIndex((part, index) => version[index] !== part);
  if (differing === -1 || version[differing] > oldestNode[differing]) return;
  fail(`Node ${oldestNode.join('.')} or newer is needed, this is ${process.versions.node}`);
}

/** Native modules are built for one Node: another one needs another install. */
function installId() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const platform = `${process.platform} ${process.arch} ${process.versions.modules}`;
  return createHash('sha256').update(platform).update(lock).digest('hex');
}

function isInstalled() {
  const packages = join(root, 'node_modules');
  if (!existsSync(packages)) return false;
  // A link, as in a second git worktree, leads to another checkout's packages: npm would empty them.
  if (lstatSync(packages).isSymbolicLink()) return true;
  if (existsSync(installStamp)) return readFileSync(installStamp, 'utf8') === installId();
  // Installed by hand: npm's own record tells whether that was after the last change.
  const npmRecord = join(root, 'node_modules', '.package-lock.json');
  return (
    existsSync(npmRecord) &&
    statSync(npmRecord).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs &&
    hasDriver()
  );
}

function install() {
  process.stderr.write('pointsman: installing packages (once; a minute or more)\n');
  // Of all install scripts that of the older driver alone is needed, and that only by older Nodes.
  runNpm(['ci', '--include=dev', '--no-audit', '--no-fund', '--ignore-scripts']);
  if (!hasDriver()) runNpm(['rebuild', olderDriver, '--ignore-scripts=false']);
  if (!hasDriver()) fail(`${olderDriver} has no native part: ${compilerHint}`);
  writeFileSync(installStamp, installId());
}

function hasDriver() {
  return !needsOlderDriver || existsSync(driverBinary);
}

function runNpm(args) {
  const npm = process.env.npm_execpath ?? '';
  const isNpm = /npm-cli\.c?js$/.test(npm);
  const result = spawnSync(isNpm ? process.execPath : 'npm', isNpm ? [npm, ...args] : args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    // There npm is a script of the shell.
    shell: process.platform === 'win32' && !isNpm,
  });
  if (result.error) {
    fail(`npm cannot be run (${result.error.message}): install npm, it comes with Node`);
  }
  if (result.status === 0) return;
  const output = `${result.stdout}${result.stderr}`;
  process.stderr.write(output);
  fail(`npm ${args[0]} failed: ${installHint(output)}`);
}

function installHint(output) {
  if (/gyp|better-sqlite3/.test(output)) return compilerHint;
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(output)) {
    return 'the npm registry cannot be reached; the first run needs the network, later ones do not';
  }
  return 'see the lines above';
}

/** The sources by content, so that a change of branch or a renamed file counts and a touch does not. */
function buildId() {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  for (const file of [...files, ...settings.map((name) => join(root, name))]) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function isBuilt() {
  return existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === buildId();
}

/** Into a fresh folder that then takes the place of dist: no file of an older source survives. */
function compile() {
  process.stderr.write('pointsman: building\n');
  const id = buildId();
  const fresh = join(cache, 'dist-fresh');
  const dist = join(root, 'dist');
  rmSync(fresh, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh, '--noEmitOnError'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  );
  if (result.status !== 0) fail('the build failed: see the lines above');
  // The page is served as it is written.
  const page = join('dashboard', 'page');
  cpSync(join(root, 'src', page), join(fresh, page), { recursive: true });
  writeFileSync(join(fresh, '.pointsman-build'), id);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

/** One install or build at a time. */
async function withLock(work) {
  // A name that no process had before: a claim found dead stays dead, whoever removes it and when.
  const own = `${process.pid}-${randomUUID()}`;
  const release = () => rmSync(join(claims, own), { force: true });
  // Also on the way out through fail().
  process.once('exit', release);
  try {
    await takeLock(own);
    return work();
  } finally {
    release();
    process.removeListener('exit', release);
  }
}

/**
 * The lock is ours when we see no other's claim after we laid down our own: of two at once at least
 * one sees the other. Then the one whose name comes later steps back and the other looks again.
 */
async function takeLock(own) {
  mkdirSync(claims, { recursive: true });
  const claim = join(claims, own);
  let isClaimed = false;
  let isWaiting = false;
  for (;;) {
    const others = claimsBeside(own);
    if (others.length === 0) {
      if (isClaimed) return;
      writeFileSync(claim, '');
      isClaimed = true;
      continue;
    }
    if (others.some((other) => other < own)) {
      rmSync(claim, { force: true });
      isClaimed = false;
    }
    if (!isWaiting) process.stderr.write('pointsman: waiting for another install or build\n');
    isWaiting = true;
    await sleep(200);
  }
}

/** Those of running processes; what a killed one left is removed. */
function claimsBeside(own) {
  const others = readdirSync(claims).filter((name) => name !== own);
  const dead = others.filter((name) => !isRunning(parseInt(name)));
  for (const name of dead) rmSync(join(claims, name), { force: true });
  return others.filter((name) => !dead.includes(name));
}

/** Asked of other claims: one with this process's id was left by an earlier process. */
function isRunning(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
