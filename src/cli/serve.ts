import type { EventEmitter } from 'node:events';
import { pino, type Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { loadConfig, type FoundModels, type SettingsInput } from '../config/load-config.ts';
import type { RunningServer } from '../main.ts';
import { ConfigError } from '../errors.ts';
import { checkUpstreamModels } from '../upstream/check-upstream-models.ts';
import { version } from '../version.ts';
import { writeBanner } from './banner.ts';
import type { CliIo } from './cli-io.ts';
import { findModels, type FoundOrSimulated } from './find-models.ts';
import { watchConfig } from './reload.ts';
import { waitForStop } from './wait-for-stop.ts';

export interface ServeDeps {
  readonly startServer: (config: Config, options: { logger: Logger }) => Promise<RunningServer>;
  /** Sends SIGTERM, SIGINT and SIGHUP as events; the process does. */
  readonly signals: EventEmitter;
  /** Ends the process at once, after a second signal. */
  readonly exit: (exitCode: number) => void;
  /** Whether the terminal was closed: SIGHUP then ends the server, and reloads it otherwise. */
  readonly isTerminalGone: () => boolean;
  readonly findModels?: () => Promise<FoundOrSimulated>;
}

/** Serves until a signal comes. @returns it. @throws ConfigError when the start must not go on. */
export async function serve(
  input: SettingsInput,
  io: CliIo,
  deps: ServeDeps,
): Promise<NodeJS.Signals> {
  let found: FoundOrSimulated | null = null;
  const warn = (warning: string) => void io.stderr.write(`pointsman: warning: ${warning}\n`);
  try {
    const { config, warnings } = await loadConfig(input, async () => {
      found = await (deps.findModels ?? findModels)();
      io.stdout.write(`${found.notice}\n`);
      return found.models;
    });
    warnings.forEach(warn);
    const logger = pino({ level: config.verbose ? 'debug' : 'info' }, io.stderr);
    const starting = deps.startServer(config, { logger });
    const stopWatching = watchConfig(config, {
      ...deps,
      server: starting,
      load: () => loadConfig(input, () => Promise.resolve(modelsOf(found))),
      logger,
      configFile: input.configFile,
    });
    const server = await starting.catch(async (error: unknown) => {
      await stopWatching();
      throw error;
    });
    const stopped = waitForStop(deps);
    const { url, notes } = server;
    const threshold = server.threshold();
    io.stdout.write(writeBanner({ version: version(), config, url, threshold, notes }));
    if (!config.demo)
      void checkUpstreamModels(config.groups.flatMap((group) => group.deployments)).then((all) =>
        all.forEach(warn),
      );

    const signal = await stopped;
    io.stdout.write(`${signal}: finishing running requests (again to exit at once)\n`);
    // A server that goes over to other parts while it closes would leave some of them open.
    await stopWatching();
    await server.close();
    return signal;
  } finally {
    await (found as FoundOrSimulated | null)?.demo?.close();
  }
}

/** A reload looks for no other models than the start found. */
function modelsOf(found: FoundOrSimulated | null): FoundModels {
  if (found !== null) return found.models;
  throw new ConfigError('the models are no longer named; to have them found, restart');
}
