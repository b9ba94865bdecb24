import { watchFile, unwatchFile } from 'node:fs';
import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { RunningServer } from '../main.ts';

export interface ReloadDeps {
  /** May still be starting: what is to be reloaded meanwhile is reloaded then. */
  readonly server: Promise<Pick<RunningServer, 'reload' | 'noteReload'>>;
  /** Reads file and flags anew; rejects with a ConfigError when they are not good. */
  readonly load: () => Promise<LoadedConfig>;
  readonly logger: Logger;
  /** Sends SIGHUP; the process. */
  readonly signals: EventEmitter;
  /** Whether SIGHUP means that the terminal was closed; then there is nothing to reload. */
  readonly isTerminalGone: () => boolean;
  /** Watched for changes; null: only SIGHUP reloads. */
  readonly configFile: string | null;
  /** How often the file is looked at, in milliseconds. */
  readonly pollMs?: number;
}

/**
 * Reloads on SIGHUP and when the file changes, one at a time: parse, validate, build, swap. What
 * is not good changes nothing but the log and `/health`.
 *
 * @param started the configuration that is in force
 * @returns ends the watching; resolves when the reload that is under way is over
 */
export function watchConfig(started: Config, deps: ReloadDeps): () => Promise<void> {
  const { logger, signals, configFile } = deps;
  let inForce = started;
  let running: Promise<void> | null = null;
  let isWantedAgain = false;

  async function reload(): Promise<void> {
    const server = await deps.server.catch(() => null);
    if (server === null) return;
    try {
      const { config, warnings } = await deps.load();
      const notes = await server.reload(config);
      for (const line of [...fixedChanges(inForce, config), ...warnings, ...notes]) {
        logger.warn(line);
      }
      inForce = config;
      logger.info('the configuration was reloaded');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      server.noteReload(message);
      logger.error(`the configuration was not reloaded, the old one stays: ${message}`);
    }
  }

  /** A change that comes while one is taken in is taken in next. */
  function request(): void {
    if (running !== null) {
      isWantedAgain = true;
      return;
    }
    running = reload().then(() => {
      running = null;
      if (!isWantedAgain) return;
      isWantedAgain = false;
      request();
    });
  }

  function onHangUp(): void {
    if (!deps.isTerminalGone()) request();
  }

  signals.on('SIGHUP', onHangUp);
  if (configFile !== null) {
    watchFile(configFile, { persistent: false, interval: deps.pollMs ?? 1000 }, request);
  }
  return async () => {
    signals.off('SIGHUP', onHangUp);
    if (configFile !== null) unwatchFile(configFile, request);
    isWantedAgain = false;
    await running;
  };
}

/** What only a restart can change. */
function fixedChanges(old: Config, next: Config): string[] {
  const fixed = [
    ['host', old.host, next.host],
    ['port', old.port, next.port],
    ['db', old.db, next.db],
  ] as const;
  return fixed
    .filter(([, before, after]) => before !== after)
    .map(
      ([key, before]) => `${key} changed in the configuration, but stays ${before} until a restart`,
    );
}
