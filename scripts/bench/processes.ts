import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** USER_HZ is 100 on every Linux that Node supports. */
const tickMs = 10;

/** Pins what is measured to one core and its load to the other, where the machine lets us. */
const canPin = (() => {
  try {
    execFileSync('taskset', ['-c', '1', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export function startNode(cpu: number, args: readonly string[]): ChildProcess {
  const command = [process.execPath, ...args];
  const [file = '', ...rest] = canPin ? ['taskset', '-c', String(cpu), ...command] : command;
  return spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
}

export function script(name: string): string[] {
  return ['--import', 'tsx', fileURLToPath(new URL(name, import.meta.url))];
}

export function untilReady(child: ChildProcess, said: (line: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}: ${text}`)));
    child.on('message', () => resolve());
    child.stdout?.on('data', (chunk: Buffer) => {
      text += String(chunk);
      if (said(text)) resolve();
    });
  });
}

interface Stat {
  readonly parent: number;
  readonly cpuMs: number;
}

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * tickMs;
    return { parent: Number(fields[1]), cpuMs };
  } catch {
    return null; // it ended meanwhile
  }
}

/** User and system time of a process and its children. */
export function cpuMsOf(pid: number): number {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const stats = new Map(pids.map((one) => [one, statOf(one)]));
  const isOurs = (one: number): boolean =>
    one === pid || (one > 1 && isOurs(stats.get(one)?.parent ?? 0));
  return pids.filter(isOurs).reduce((sum, one) => sum + (stats.get(one)?.cpuMs ?? 0), 0);
}

/** Highest resident memory of this one process, in MB. */
export function peakRssMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}
