import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import type { Serving } from './serving.ts';

type AuthDeps = { readonly serving: () => Pick<Serving, 'access'> };

/**
 * Lets a request through that sends a client's or the admin's key; when no client has one, all but
 * those that a web page of another site has a browser send. What a path allows is no secret.
 */
export function requireClientKey({ serving }: AuthDeps): RequestHandler {
  return (req, _res, next) => {
    const { clientKeys, adminKeys } = serving().access;
    if (req.method === 'OPTIONS') return next();
    if (clientKeys.size === 0) {
      if (req.headers['sec-fetch-site'] === 'cross-site') throw crossSite();
    } else {
      const key = presentedKey(req);
      // Both are asked, whatever the first says: the time tells nothing of where a key stands.
      const isKnown = [clientKeys.has(key), adminKeys.has(key)].includes(true);
      if (!isKnown) throw invalidKey();
    }
    next();
  };
}

/**
 * For what only the operator may see: the admin's key; without one configured a client's, so that
 * nothing stands open where keys are used; all, when there is neither.
 */
export function requireAdminKey(deps: AuthDeps): RequestHandler {
  return (req, _res, next) => {
    if (!mayAdminister(req, deps.serving())) throw invalidKey();
    next();
  };
}

export function mayAdminister(
  req: IncomingMessage,
  { access: { clientKeys, adminKeys } }: Pick<Serving, 'access'>,
): boolean {
  const keys = adminKeys.size > 0 ? adminKeys : clientKeys;
  return keys.size === 0 || keys.has(presentedKey(req));
}

/**
 * `Authorization: Bearer KEY`, else `x-api-key`. '' for none, and for a header that comes twice:
 * two programs could each believe another one of them.
 */
export function presentedKey(req: IncomingMessage): string {
  const { headers } = req;
  if (headers.authorization === undefined && headers['x-api-key'] === undefined) return '';
  const { authorization = [], 'x-api-key': apiKey = [] } = req.headersDistinct;
  if (authorization.length > 1 || apiKey.length > 1) return '';
  const [credentials] = authorization;
  if (credentials === undefined) return apiKey[0] ?? '';
  return /^bearer +(\S+)$/i.exec(credentials)?.[1] ?? '';
}

/** Tells clients apart while the process runs: holds the key, so it must not be kept or shown. */
export function clientName(req: IncomingMessage): string {
  const { remoteAddress = '' } = req.socket;
  return JSON.stringify([remoteAddress, req.headers['user-agent'] ?? '', presentedKey(req)]);
}

/** One answer to all that is wrong with a key, and never the key. */
function invalidKey(): AppError {
  return new AppError(
    'The API key is missing or not valid. Send one as "Authorization: Bearer KEY"; the operator of ' +
      'this pointsman has them (client_keys, admin_key_env).',
    {
      status: 401,
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      headers: { 'www-authenticate': 'Bearer' },
    },
  );
}

function crossSite(): AppError {
  return new AppError(
    'A web page of another site asks, and no key stands in its way: the operator of this pointsman ' +
      'can set client_keys.',
    { status: 403, type: 'invalid_request_error', code: 'cross_site_request' },
  );
}
