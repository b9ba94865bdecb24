import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Drops connections whose client has taken nothing of what waits for it for `idleMs`. Without it a
 * client that never reads keeps an answer, and its upstream, for good. A connection that waits for
 * a model has nothing to write and is left alone. One timer serves all connections.
 *
 * What a client takes of one write is not seen before it has taken the whole: large answers are
 * written in slices (`reply.ts`).
 */
export function dropStalledWrites(server: Server, idleMs: number): void {
  /** Bytes that each socket had taken when it was last seen to make progress, and when. */
  const progress = new Map<Socket, { taken: number; atMs: number }>();
  const timer = setInterval(check, idleMs / 4).unref();

  server.on('connection', (socket) => {
    progress.set(socket, { taken: 0, atMs: performance.now() });
    socket.once('close', () => progress.delete(socket));
  });
  server.once('close', () => clearInterval(timer));

  function check(): void {
    const nowMs = performance.now();
    for (const [socket, seen] of progress) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken !== seen.taken) {
        seen.taken = taken;
        seen.atMs = nowMs;
      } else if (nowMs - seen.atMs >= idleMs) {
        socket.resetAndDestroy(); // a FIN would queue behind what is not read
      }
    }
  }
}
