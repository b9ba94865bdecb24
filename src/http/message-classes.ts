import type { Express } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Classes for node:http whose instances have the app's prototypes from their birth. Express sets the
 * prototypes of each request and response anew; where these are in place that changes nothing. Where
 * they are not, V8 gives every such object a shape of its own, which costs two thirds of express's
 * memory traffic (docs/performance.md).
 */
export function messageClasses(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Of extends IncomingMessage> extends ServerResponse<Of> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as Express['request'];
  app.response = AppResponse.prototype as Express['response'];
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
