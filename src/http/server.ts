import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Express } from 'express';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '../errors.ts';
import { messageClasses } from './message-classes.ts';
import { dropStalledWrites } from './stalled-writes.ts';

/** Against clients that are slow, many or broken. */
export interface ServerLimits {
  /** For a request's headers to arrive. */
  readonly headersMs: number;
  /** For a whole request to arrive. */
  readonly requestMs: number;
  /** For a client to take some of what waits for it. */
  readonly writeIdleMs: number;
  /** Open connections; over it new ones are closed at once. */
  readonly connections: number;
}

export const defaultServerLimits: ServerLimits = {
  headersMs: 10_000,
  requestMs: 60_000,
  writeIdleMs: 60_000,
  connections: 2048,
};

/** A node:http server with limits against slow and malformed requests. */
export function createHttpServer(app: Express, limits: ServerLimits = defaultServerLimits): Server {
  const open = new OpenResponses();
  const server = createServer({
    ...messageClasses(app),
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: Math.min(2_000, limits.headersMs / 4),
    noDelay: true,
  });
  // Over a number the rest would be dropped without a word; their size is limited in any case.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connections;
  server.on('request', (req, res) => {
    open.add(req.socket, res);
    // On a connection that had a request under way when the server began to close: its last one.
    if (!server.listening) res.setHeader('connection', 'close');
    // A proxy's target (`POST http://other/v1/…`) would match our paths, and is not for us.
    if (req.url?.startsWith('/')) app(req, res);
    else refuse(req.socket, 400, 'The request target must be a path.');
  });
  server.on('connect', (_req: IncomingMessage, socket: Duplex) =>
    refuse(socket, 405, 'CONNECT is not allowed; this is no proxy.'),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable || open.hasAnswered(socket)) {
      socket.destroy();
      return;
    }
    const reason = `The HTTP request is not valid (${error.code ?? 'unknown'}).`;
    refuse(socket, clientErrorStatus(error), reason);
  });
  dropStalledWrites(server, limits.writeIdleMs);
  return server;
}

/** @returns the base URL, with the port that was really taken. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} is taken; choose another with --port`
          : error.message;
      reject(new ConfigError(`Cannot listen on ${host}:${port}: ${why}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const shownHost = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${taken}`;
}

/** The answers that are under way on each connection, the oldest first. */
class OpenResponses {
  readonly #bySocket = new WeakMap<Duplex, Set<ServerResponse>>();

  add(socket: Duplex, res: ServerResponse): void {
    const open = this.#bySocket.get(socket) ?? new Set();
    this.#bySocket.set(socket, open.add(res));
    res.once('close', () => open.delete(res));
  }

  /** True when an answer has begun: anything else that is written would land in its middle. */
  hasAnswered(socket: Duplex): boolean {
    const [oldest] = this.#bySocket.get(socket) ?? [];
    return oldest?.headersSent ?? false;
  }
}

function clientErrorStatus({ code }: NodeJS.ErrnoException): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

/** What never reaches the app is answered here, in the OpenAI shape; the connection closes. */
function refuse(socket: Duplex, status: number, message: string): void {
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  const body = JSON.stringify({ error });
  const allow = status === 405 ? 'allow: GET, POST\r\n' : '';
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${allow}content-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    // The client may keep its half open for ever.
    () => socket.destroy(),
  );
}
