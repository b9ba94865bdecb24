import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection to a server, for what no HTTP client will send or endure. */
export interface RawClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  send(bytes: string | Buffer): void;
  /** All bytes so far, as text. */
  text(): string;
  /** The last of it. */
  readonly tail: () => string;
  /** Waits until the text so far fits; rejects when the connection ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  destroy(): void;
}

/** @param isPaused true: nothing is read until `socket.resume()`, so the kernel's buffers fill */
export async function openRaw(url: string, isPaused = false): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const chunks: Buffer[] = [];
  let onChange = () => {};
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    onChange();
  });
  if (isPaused) socket.pause();
  await once(socket, 'connect');
  socket.on('error', () => {}); // a reset is an outcome here
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
      onChange();
    });
  });
  const text = () => Buffer.concat(chunks).toString('utf8');
  return {
    socket,
    closed,
    text,
    tail: () => Buffer.concat(chunks.slice(-3)).toString('utf8'),
    send: (bytes) => void socket.write(bytes),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        onChange = () => {
          const match = pattern.exec(text());
          if (match) resolve(match);
          else if (socket.destroyed) reject(new Error(`closed before ${pattern}: ${text()}`));
        };
        onChange();
      }),
    destroy: () => void socket.destroy(),
  };
}

export interface RawReply {
  readonly status: number;
  readonly text: string;
}

/** Sends bytes and waits until the server has closed the connection. */
export async function rawExchange(url: string, bytes: string | Buffer): Promise<RawReply> {
  const client = await openRaw(url);
  client.send(bytes);
  await client.closed;
  const text = client.text();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** A whole chat request as bytes. */
export function rawPost(url: string, body: string, headers: readonly string[] = []): string {
  const lines = [
    'POST /v1/chat/completions HTTP/1.1',
    `Host: ${new URL(url).host}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
