import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { AppError, BadRequestError } from '../errors.ts';
import { callOf } from '../http/call.ts';
import type { InFlight } from '../http/in-flight.ts';
import { parseJsonObject } from '../http/json-text.ts';
import { readBody } from '../http/read-body.ts';
import { sendJson } from '../http/reply.ts';
import type { Serving } from '../http/serving.ts';
import type { Uploads } from '../http/uploads.ts';
import { methodNotAllowed } from '../http/unknown-path.ts';
import { whileInFlight } from '../http/while-in-flight.ts';
import type { RequestLog } from '../store/request-record.ts';
import { requireDashboardAccess, requireOwnPage } from './access.ts';
import type { AppliedReply, Overview, RequestDetail } from './api-types.ts';
import { explainAgain } from './explain-again.ts';
import { parseOverviewQuery, parseRequestsQuery, parseThresholdBody } from './query.ts';
import type { Reader } from './reader.ts';
import { defaultRouter, serverState, type StateSources } from './server-state.ts';

export interface DashboardDeps {
  readonly config: StateSources['config'];
  readonly serving: () => Serving;
  readonly log: Pick<RequestLog, 'state' | 'applyThreshold'>;
  readonly reader: Reader;
  readonly uploads: Uploads;
  readonly inFlight: InFlight;
  /** True when only this machine can reach the server. */
  readonly isLoopback: boolean;
}

/** `/dashboard`: the page, its files, and the JSON that it shows. */
export function createDashboard(deps: DashboardDeps): Router {
  const router = express.Router();
  const page = fileURLToPath(new URL('./page', import.meta.url));
  const charts = dirname(createRequire(import.meta.url).resolve('uplot'));
  const files = { index: false, redirect: false, cacheControl: false } as const;

  router.use(pageHeaders());
  router.get('/', (req, res) => {
    // The page names its files relative to `/dashboard`, so that it also works behind a prefix.
    if (req.originalUrl.split('?')[0]?.endsWith('/')) return res.redirect(308, '../dashboard');
    return res.sendFile('index.html', { root: page, cacheControl: false });
  });
  router.use('/page', express.static(page, files));
  for (const name of ['uPlot.esm.js', 'uPlot.min.css']) {
    router.get(`/charts/${name}`, (_req, res) =>
      res.sendFile(name, { root: charts, cacheControl: false }),
    );
    router.all(`/charts/${name}`, methodNotAllowed('GET'));
  }
  router.all('/', methodNotAllowed('GET'));

  router.use('/api', requireDashboardAccess(deps));
  router.get('/api/overview', getOverview(deps));
  router.get('/api/requests', getRequests(deps));
  router.get('/api/requests/:id', getRequest(deps));
  router.post('/api/threshold', requireOwnPage(), postThreshold(deps));
  router.all(['/api/overview', '/api/requests', '/api/requests/:id'], methodNotAllowed('GET'));
  router.all('/api/threshold', methodNotAllowed('POST'));
  return router;
}

/** Nothing but what this server sends is loaded or asked, by whatever a logged prompt may try. */
function pageHeaders(): RequestHandler {
  const policy = [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'"],
    ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    "require-trusted-types-for 'script'",
  ].join('; ');
  return (_req, res, next) => {
    res.setHeader('content-security-policy', policy);
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('x-frame-options', 'DENY');
    res.setHeader('referrer-policy', 'no-referrer');
    res.setHeader('cross-origin-opener-policy', 'same-origin');
    res.setHeader('cross-origin-resource-policy', 'same-origin');
    res.setHeader('cache-control', 'no-cache');
    next();
  };
}

/** `GET api/overview?range=24h`: what is shown at one glance. 304 while nothing has changed. */
function getOverview(deps: DashboardDeps): RequestHandler {
  return async (req, res) => {
    const range = parseOverviewQuery(req.query);
    const { strong, weak } = deps.config();
    const { name, version } = defaultRouter(deps.serving());
    const server = serverState({ ...deps, log: () => deps.log.state() });
    const live = shortHash(server);
    const { revision, body } = await deps.reader.ask('traffic', {
      ...{ range, router: { router: name, routerVersion: version } },
      prices: { strong: strong.price, weak: weak.price },
      known: knownRevision(req, live),
    });
    const reply = body === null ? null : ({ server, traffic: body } satisfies Overview);
    sendRevised(res, `"${revision}~${live}"`, reply);
  };
}

/** `GET api/requests`: logged requests, the newest first. */
function getRequests(deps: DashboardDeps): RequestHandler {
  return async (req, res) => {
    const question = parseRequestsQuery(req.query, Date.now());
    const known = knownRevision(req, 'list');
    const { revision, body } = await deps.reader.ask('requests', { ...question, known });
    sendRevised(res, `"${revision}~list"`, body);
  };
}

/** `GET api/requests/{decision_id}`: all of one request, and what is like it. */
function getRequest(deps: DashboardDeps): RequestHandler {
  return async (req, res) => {
    const id = String(req.params['id']);
    const found = await deps.reader.ask('request', id);
    if (found === null) throw notLogged(id);
    const serving = deps.serving();
    await whileInFlight(deps.inFlight, res, serving, async () => {
      const explanation = await explainAgain(serving, found.request, callOf(res).signal);
      const reply: RequestDetail = { ...found, explanation };
      sendJson(res, 200, reply, { 'cache-control': 'no-store' });
    });
  };
}

/** `POST api/threshold`: as `calibrate --apply`; the next decision uses it. */
function postThreshold(deps: DashboardDeps): RequestHandler {
  return async (req, res) => {
    const text = await readBody(req, deps);
    const { threshold, router_version } = parseThresholdBody(parseJsonObject(text, 2).value);
    const { name: router, version: routerVersion } = defaultRouter(deps.serving());
    if (router_version !== routerVersion) {
      throw new AppError(
        'Another router version has been loaded since the page was; look at it again.',
        { status: 409, type: 'invalid_request_error', code: 'router_changed' },
      );
    }
    const key = { router, routerVersion };
    const scores = await deps.reader.ask('scoresAt', { ...key, threshold });
    if (scores === null) {
      throw new BadRequestError('No score of this router is logged yet; send it some requests.');
    }
    const { prompts, strongShare, deciles: scoreDeciles } = scores;
    const goal = 'dashboard';
    await deps.log.applyThreshold({ ...key, threshold, strongShare, prompts, goal, scoreDeciles });
    const reply: AppliedReply = {
      ...{ threshold, router, router_version, prompts },
      strong_share: strongShare,
    };
    sendJson(res, 200, reply);
  };
}

function sendRevised(res: Response, etag: string, body: unknown): void {
  // Prompts are not to be left in a browser's cache.
  const headers = { etag, 'cache-control': 'no-store' };
  if (body === null) res.writeHead(304, headers).end();
  else sendJson(res, 200, body, headers);
}

/** The revision of the log that the page has, where the rest of its entity tag still holds. */
function knownRevision(req: Request, rest: string): string | null {
  const [, revision, said] = /^"([^"~]+)~([^"]+)"$/.exec(req.get('if-none-match') ?? '') ?? [];
  return revision !== undefined && said === rest ? revision : null;
}

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}

function notLogged(id: string): AppError {
  return new AppError(`No decision ${JSON.stringify(id.slice(0, 100))} is logged.`, {
    status: 404,
    type: 'invalid_request_error',
    code: 'decision_not_found',
  });
}
