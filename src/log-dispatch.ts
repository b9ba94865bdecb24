import type { Logger } from 'pino';
import type { DispatchEvents } from './dispatch/dispatch-events.ts';
import { BadRequestError } from './errors.ts';
import { failureFields, toAppError } from './http/error-handler.ts';

type LoggedEvents = Pick<DispatchEvents, 'onCalledInstead' | 'onTakenOut' | 'onBack'>;

/**
 * Tells of what no answer shows: calls that failed where another one was made, and deployments that
 * come and go. One line a call at most, and none for a deployment that is not called.
 */
export function logDispatch(logger: Logger): LoggedEvents {
  return {
    onCalledInstead({ deployment: { id: from }, error }, { id: to }, requestId) {
      const { cause, ...fields } = failureFields(error, logger);
      // What a model says of the request itself may repeat its text.
      const isOfRequest = error instanceof BadRequestError;
      const why = isOfRequest ? 'it refused the request' : toAppError(error).message;
      logger.warn(
        { requestId, from, to, ...fields, ...(!isOfRequest && { cause }) },
        `${from} failed, ${to} is asked: ${why}`,
      );
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
