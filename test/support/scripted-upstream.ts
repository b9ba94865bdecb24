import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** Plays one answer; `seen` is the request that it answers. */
export type Script = (res: ServerResponse, seen: SeenRequest) => void | Promise<void>;

export interface ScriptedUpstream {
  /** Without a path: http://127.0.0.1:PORT */
  readonly url: string;
  readonly requests: SeenRequest[];
  /** Sockets that the other side closed. */
  readonly closed: Promise<void>[];
  /** The next requests are answered by these, in order; then by the default again. */
  enqueue(...scripts: Script[]): void;
  /** Replaces the default answer. */
  always(script: Script): void;
  close(): Promise<void>;
}

/** A real HTTP server that plays back what a test tells it, and keeps what it was sent. */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const requests: SeenRequest[] = [];
  const closed: Promise<void>[] = [];
  const queue: Script[] = [];
  let fallback: Script = (res, seen) => {
    const script =
      seen.body['stream'] === true ? streamText('Hello', ' world') : completion('Hello world');
    return script(res, seen);
  };
  const server = createServer((req, res) => {
    closed.push(new Promise((resolve) => res.once('close', resolve)));
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      let body: Record<string, unknown> = {};
      try {
        body = JSON.parse(text) as Record<string, unknown>;
      } catch {
        // a GET has no body
      }
      const { method = '', url = '', headers } = req;
      const seen = { method, path: url, headers, text, body };
      requests.push(seen);
      void (queue.shift() ?? fallback)(res, seen);
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    closed,
    enqueue: (...scripts) => void queue.push(...scripts),
    always: (script) => void (fallback = script),
    async close() {
      const done = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await done;
    },
  };
}

/** A whole answer, as OpenAI sends it. */
export function completion(content: string, extra: Record<string, unknown> = {}): Script {
  return (res, { body }) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1_700_000_000,
        model: body['model'],
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
        ...extra,
      }),
    );
  };
}

/** The lines of a stream with these deltas, a finish reason, usage when asked, and `[DONE]`. */
export function streamOf(model: string, deltas: readonly unknown[], withUsage: boolean): string {
  const chunk = (choices: unknown[], rest = {}) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model,
      choices,
      ...rest,
    })}\n\n`;
  const choice = (delta: unknown, finish: string | null = null) => [
    { index: 0, delta, finish_reason: finish },
  ];
  return [
    chunk(choice({ role: 'assistant', content: '' })),
    ...deltas.map((delta) => chunk(choice(delta))),
    chunk(choice({}, 'stop')),
    ...(withUsage
      ? [chunk([], { usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } })]
      : []),
    'data: [DONE]\n\n',
  ].join('');
}

export function streamText(...parts: string[]): Script {
  return (res, { body }) => {
    const options = body['stream_options'] as { include_usage?: boolean } | undefined;
    const deltas = parts.map((content) => ({ content }));
    sendStream(res, streamOf(String(body['model']), deltas, options?.include_usage === true));
  };
}

export function sendStream(res: ServerResponse, text: string | Buffer): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.end(text);
}

/** An error status with an OpenAI-shaped body, or any text. */
export function failure(
  status: number,
  body: unknown = { error: { message: 'scripted failure', type: 'server_error' } },
  headers: Record<string, string> = {},
): Script {
  return (res) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
