import { buildConnector, errors } from 'undici';

/**
 * Tells a connection that died while it was idle from a server that refuses us: servers close
 * keep-alive connections when they like, and a request that is just then sent on one gets a reset
 * that says nothing about the server (bifrost#1305).
 */
export interface StaleConnections {
  readonly connect: buildConnector.connector;
  /** True for the error of a connection that had already carried an answer. */
  isStale(error: unknown): boolean;
}

export function createStaleConnections(connectTimeoutMs: number): StaleConnections {
  const connectSocket = buildConnector({ timeout: connectTimeoutMs });
  const resets = new WeakSet<Error>();

  return {
    connect(options, callback) {
      connectSocket(options, (...result) => {
        const socket = result[1];
        socket?.once('error', (error: Error) => {
          if (socket.bytesRead > 0) resets.add(error);
        });
        callback(...result);
      });
    },
    isStale: (error) =>
      error instanceof Error &&
      (resets.has(error) ||
        (error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0)),
  };
}
