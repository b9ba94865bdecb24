import type { FromProcess } from './messages.ts';

/** Answers the soak's question about this process. Needs `node --expose-gc`. */
export function sendResources(): void {
  global.gc?.();
  const active = process.getActiveResourcesInfo();
  const count = (kind: string) => active.filter((name) => name === kind).length;
  const { rss, heapUsed } = process.memoryUsage();
  send({
    kind: 'resources',
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    rssBytes: rss,
    heapBytes: heapUsed,
  });
}

export function send(message: FromProcess): void {
  process.send?.(message);
}
