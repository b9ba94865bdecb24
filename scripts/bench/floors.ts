// The least that a proxy in this language costs: `undici` (node:http in, undici.request out, nothing
// parsed) and `express-lean` (express, body parsed, model replaced, undici.dispatch, usage read).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import express from 'express';
import { Pool } from 'undici';

const [kind, port, upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream, { connections: 512 });
const dropped = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'content-length',
]);

function kept(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && !dropped.has(name)) result[name] = value;
  }
  return result;
}

async function bare(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const controller = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  try {
    const reply = await pool.request({
      ...{ path: req.url ?? '/', method: 'POST', headers: kept(req.headers), body: req },
      signal: controller.signal,
    });
    res.writeHead(reply.statusCode, kept(reply.headers));
    reply.body.on('error', () => res.destroy()).pipe(res);
  } catch {
    res.destroy();
  }
}

function lean(req: IncomingMessage, res: ServerResponse): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    body['model'] = 'mock-large';
    const parts: Buffer[] | null = body['stream'] === true ? null : [];
    let abort = () => {};
    res.on('close', () => {
      if (!res.writableFinished) abort();
    });
    let status = 0;
    let headers: Record<string, string> = {};
    const call = {
      ...{ path: req.url ?? '/', method: 'POST' as const, headers: kept(req.headers) },
      body: JSON.stringify(body),
    };
    pool.dispatch(call, {
      onRequestStart: (controller) => (abort = () => controller.abort(new Error('client left'))),
      onResponseStart(_controller, statusCode, replyHeaders) {
        status = statusCode;
        headers = kept(replyHeaders);
        if (parts === null) res.writeHead(status, headers);
      },
      onResponseData(controller, chunk) {
        if (parts !== null) parts.push(chunk);
        else if (!res.write(chunk)) {
          controller.pause();
          res.once('drain', () => controller.resume());
        }
      },
      onResponseEnd() {
        if (parts === null) {
          res.end();
          return;
        }
        const bytes = Buffer.concat(parts);
        JSON.parse(bytes.toString());
        res.writeHead(status, { ...headers, 'content-length': bytes.length });
        res.end(bytes);
      },
      onResponseError: () => res.destroy(),
    });
  });
}

const app = express();
app.post('/v1/chat/completions', lean);
const server = createServer(kind === 'undici' ? (req, res) => void bare(req, res) : app);
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
