import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface JsonServer {
  readonly url: string;
  /** `GET /v1/models`, in order. */
  readonly requests: IncomingMessage[];
}

/** Answers each path with a value as JSON, a text as it is, a number as an empty status; else 404. */
export async function startJsonServer(
  replies: Readonly<Record<string, unknown>>,
): Promise<JsonServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const reply = replies[request.url ?? ''] ?? 404;
    if (reply === 'hang') return;
    if (typeof reply === 'number') response.writeHead(reply).end();
    else response.end(typeof reply === 'string' ? reply : JSON.stringify(reply));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
