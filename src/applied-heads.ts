import type { Logger } from 'pino';
import { parseLocalHead, withLocalHead } from './routing/local-head.ts';
import type { Router } from './routing/router.ts';
import type { RequestLog } from './store/request-record.ts';

/** A router as it is served: with the local head that is in force for it, if there is one. */
export interface ServedRouter {
  readonly base: Router;
  readonly router: Router;
  /** Row of the head; null: none is in force. */
  readonly headId: number | null;
}

/**
 * Each router with its head. One that cannot be read is told of and left out: the router without it
 * still serves.
 *
 * @throws LogUnavailableError when the log does not answer
 */
export async function withAppliedHeads(
  routers: Iterable<Router>,
  log: Pick<RequestLog, 'activeHead'>,
  logger: Logger,
): Promise<ServedRouter[]> {
  const served: ServedRouter[] = [];
  for (const base of routers) {
    const found = await log.activeHead(base.name, base.version);
    const head = found && readHead(found.weights, found.headVersion, logger);
    served.push({
      base,
      router: found && head ? withLocalHead(base, head, found.headVersion) : base,
      headId: head ? (found?.id ?? null) : null,
    });
  }
  return served;
}

function readHead(weights: Uint8Array, headVersion: string, logger: Logger) {
  try {
    return parseLocalHead(weights, `the local head ${headVersion}`).head;
  } catch (error) {
    logger.error({ err: error }, 'a local head cannot be read; the router serves without it');
    return null;
  }
}
