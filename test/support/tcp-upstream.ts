import { createServer, type AddressInfo, type Socket } from 'node:net';

/** One accepted connection, driven by hand. */
export interface TcpConnection {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  /** The next whole request, head and body as text; rejects when the peer leaves first. */
  request(): Promise<string>;
  /** Resolves when the kernel has taken the bytes, or the connection is gone. */
  send(bytes: string | Buffer): Promise<void>;
  /** FIN: a clean end of the byte stream. */
  end(): void;
  /** RST: a connection reset. */
  reset(): void;
}

/** Plays one connection, from its first bytes to its end. */
export type Play = (connection: TcpConnection) => void | Promise<void>;

export interface TcpUpstream {
  /** Without a path: http://127.0.0.1:PORT */
  readonly url: string;
  /** In order of arrival, those of all connections. */
  readonly requests: string[];
  /** All that were accepted, in order. */
  readonly connections: TcpConnection[];
  /** The next connections that say something are played by these, in order; then by the default again. */
  enqueue(...plays: Play[]): void;
  /** Ends all connections, waits until the peers have noticed, and forgets what was seen. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A TCP server that says, byte by byte, what no HTTP server would. */
export async function startTcpUpstream(
  fallback: Play = answerEach(jsonAnswer()),
): Promise<TcpUpstream> {
  const requests: string[] = [];
  const connections: TcpConnection[] = [];
  const queue: Play[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = drive(socket, requests);
    connections.push(connection);
    // Chosen when something arrives: HTTP clients open connections that they never use.
    socket.once('data', () => {
      const play = queue.shift() ?? fallback;
      // A peer that leaves ends the play; what the test expects of it, the test asserts.
      Promise.resolve(play(connection)).catch(() => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections,
    enqueue: (...plays) => void queue.push(...plays),
    async reset() {
      queue.length = 0;
      for (const { socket } of connections) socket.end();
      await Promise.all(connections.map(({ closed }) => closed));
      connections.length = 0;
      requests.length = 0;
    },
    async close() {
      const done = new Promise((resolve) => server.close(resolve));
      for (const { socket } of connections) socket.destroy();
      await done;
    },
  };
}

function drive(socket: Socket, requests: string[]): TcpConnection {
  let received = Buffer.alloc(0);
  let onData = () => {};
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    onData();
  });
  socket.on('error', () => {}); // a reset is an outcome here, no fault
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    socket,
    closed,
    request: () =>
      new Promise((resolve, reject) => {
        onData = () => {
          const length = requestLength(received);
          if (length === null) return;
          const text = received.toString('utf8', 0, length);
          received = received.subarray(length);
          onData = () => {};
          requests.push(text);
          resolve(text);
        };
        socket.once('close', () => reject(new Error('the peer left')));
        onData();
      }),
    send: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.write(bytes, () => resolve());
      }),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

/** Bytes of the first whole request; null while it is not complete. */
function requestLength(bytes: Buffer): number | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const body = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const length = headEnd + 4 + body;
  return bytes.length >= length ? length : null;
}

/** Answers every request of the connection with the same bytes. */
export function answerEach(bytes: string | Buffer): Play {
  return async (connection) => {
    for (;;) {
      await connection.request();
      await connection.send(bytes);
    }
  };
}

export function head(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

export function jsonAnswer(content = 'Hello world', headers: Record<string, string> = {}): string {
  const body = JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'tcp-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  });
  return bodyAnswer(body, headers);
}

export function bodyAnswer(body: string, headers: Record<string, string> = {}): string {
  const length = String(Buffer.byteLength(body));
  const named = { 'content-type': 'application/json', 'content-length': length, ...headers };
  return head('200 OK', named) + body;
}

/** Answers one request with these bytes and is done; the connection stays open. */
export function answerOnce(...pieces: readonly (string | Buffer)[]): Play {
  return async (connection) => {
    await connection.request();
    for (const piece of pieces) await connection.send(piece);
  };
}

/** Answers one request with these bytes and then ends the connection, by FIN or by RST. */
export function cutAfter(how: 'end' | 'reset', ...pieces: readonly (string | Buffer)[]): Play {
  return async (connection) => {
    await answerOnce(...pieces)(connection);
    // A reset overtakes bytes that the peer has not read yet.
    if (how === 'reset') await new Promise((resolve) => setTimeout(resolve, 20));
    connection[how]();
  };
}

/** Head of a stream in chunks; its body is `chunked(...)` pieces and `lastChunk`. */
export const streamHead = head('200 OK', {
  'content-type': 'text/event-stream',
  'transfer-encoding': 'chunked',
});

/** Head of a stream that ends when the connection does: a cut of it looks like a clean end. */
export const closeDelimitedHead = head('200 OK', {
  'content-type': 'text/event-stream',
  connection: 'close',
});

export function chunked(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

export const lastChunk = '0\r\n\r\n';

/** An address where nobody listens. */
export async function refusedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
