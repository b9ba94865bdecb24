import type { Logger } from 'pino';
import type { DispatchEvents } from './dispatch/dispatch-events.ts';
import { describeForLog } from './http/error-handler.ts';

type LoggedEvents = Pick<DispatchEvents, 'onCalledInstead' | 'onTakenOut' | 'onBack'>;

/**
 * Tells of what no answer shows: calls that failed where another one was made, and deployments that
 * come and go. One line a call at most, and none for a deployment that is not called.
 */
export function logDispatch(logger: Logger): LoggedEvents {
  return {
    onCalledInstead({ deployment: { id: from }, error }, { id: to }, requestId) {
      const { why, fields } = describeForLog(error, logger);
      logger.warn({ requestId, from, to, ...fields }, `${from} failed, ${to} is asked: ${why}`);
    },
    onTakenOut(deployment, cooldownMs) {
      logger.warn(
        { deployment: deployment.id, cooldownMs },
        `${deployment.id} is taken out: it is not called for ${cooldownMs / 1000} s`,
      );
    },
    onBack(deployment) {
      logger.info({ deployment: deployment.id }, `${deployment.id} answers again`);
    },
  };
}
