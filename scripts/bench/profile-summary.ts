// Where a run's CPU time went: sums the self times of a .cpuprofile (node --cpu-prof) by group and by
// function: `tsx scripts/bench/profile-summary.ts FILE [FUNCTIONS]`; docs/performance.md says how to get
// a file. Start-up is part of it, so let the load run for a while.
import { readFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds from each sample to the next. */
  readonly timeDeltas: readonly number[];
}

/** The part of the program that a function belongs to. */
function groupOf({ functionName, url }: ProfileNode['callFrame']): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (url === '') return 'native code: sockets, parser, crypto';
  if (url.startsWith('node:')) {
    return url.startsWith('node:_http') ? 'node: http' : 'node: streams, events, timers, modules';
  }
  if (url.startsWith('wasm:')) return 'package undici';
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency !== undefined) return `package ${dependency}`;
  const folder = /\/(?:dist|src)\/([^/]+)\//.exec(url)?.[1];
  return `ours: ${folder === undefined ? 'top level' : `${folder}/`}`;
}

function functionOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-2).join('/');
  return `${functionName || '(anonymous)'} ${file === '' ? '' : `${file}:${lineNumber + 1}`}`;
}

function selfTimes(
  profile: CpuProfile,
  nameOf: (frame: ProfileNode['callFrame']) => string,
): [string, number][] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = names.get(id) ?? '';
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0));
  });
  return [...times].sort((a, b) => b[1] - a[1]);
}

const [file = '', functions = '0'] = process.argv.slice(2);
const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
const groups = selfTimes(profile, groupOf).filter(([name]) => name !== 'idle');
const busy = groups.reduce((sum, [, time]) => sum + time, 0);
const line = ([name, time]: [string, number]) =>
  `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${name}\n`;
process.stdout.write(groups.map(line).join(''));
const hottest = selfTimes(profile, functionOf).filter(([name]) => !name.startsWith('(idle)'));
process.stdout.write(`\n${hottest.slice(0, Number(functions)).map(line).join('')}`);
