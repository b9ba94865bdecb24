import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import { requireAdminKey } from '../http/auth.ts';
import type { Serving } from '../http/serving.ts';

export interface DashboardAccess {
  readonly serving: () => Pick<Serving, 'access'>;
  /** True when only this machine can reach the server. */
  readonly isLoopback: boolean;
}

/**
 * Who may read the dashboard and apply a threshold: whoever has the admin key. Without one only this
 * machine's own user, where nobody else could reach the server and no keys are used at all; prompts
 * may be shown here, so that an open network never is.
 */
export function requireDashboardAccess({ serving, isLoopback }: DashboardAccess): RequestHandler {
  const requireKey = requireAdminKey({ serving });
  return (req, res, next) => {
    const { adminKeys, clientKeys } = serving().access;
    if (req.method === 'OPTIONS') return next(); // what a path allows is no secret
    if (adminKeys.size > 0) return requireKey(req, res, next);
    if (!isLoopback || clientKeys.size > 0 || !isLocal(req)) throw closed();
    next();
  };
}

/**
 * Against forged requests: a browser sends neither this header nor JSON to another site without
 * asking it first, and we never allow it. The origin is checked for browsers that say it.
 */
export function requireOwnPage(): RequestHandler {
  return (req, _res, next) => {
    const { origin, host = '', 'sec-fetch-site': site = 'same-origin' } = req.headers;
    const isJson = /^application\/json\b/i.test(req.headers['content-type'] ?? '');
    const isOwn = origin === undefined || hostOf(origin) === host.toLowerCase();
    if (
      req.headers['x-pointsman-dashboard'] !== '1' ||
      !isJson ||
      !isOwn ||
      site !== 'same-origin'
    ) {
      throw new AppError(
        'Only the dashboard itself may do this: send JSON from the same origin, with the header ' +
          '"x-pointsman-dashboard: 1".',
        { status: 403, type: 'invalid_request_error', code: 'cross_site_request' },
      );
    }
    next();
  };
}

/** A name that another site could give to this machine (DNS rebinding) is not ours, nor is a proxy. */
function isLocal({ headers }: IncomingMessage): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some(
    (name) => headers[name] !== undefined,
  );
  return !isForwarded && /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}

function closed(): AppError {
  return new AppError(
    'The dashboard is closed here: it needs an admin key. Set admin_key_env (--admin-key-env NAME) to ' +
      'the name of a variable that holds one. Without it only a server that listens on 127.0.0.1 and ' +
      'asks for no keys shows it, to this machine.',
    { status: 403, type: 'invalid_request_error', code: 'dashboard_closed' },
  );
}
