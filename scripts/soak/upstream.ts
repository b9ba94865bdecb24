/* The models of the soak, in a process of their own: each request says how it wants to be treated. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ToProcess, UpstreamKind } from './messages.ts';
import { send } from './resources.ts';

const pieces = 20;
const piece = 'x'.repeat(200);

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      stream?: boolean;
      messages: { content: string }[];
    };
    const asked = body.messages[0]?.content.split(' ')[0] as UpstreamKind;
    // Faults are the weak model's; the strong one stands in for it.
    const isStandIn = req.url?.startsWith('/strong/') ?? false;
    const kind = isStandIn && asked !== 'long' ? 'ok' : asked;
    if (body.stream === true) void stream(res, kind);
    else answer(res, kind);
  });
});
server.on('clientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => {
  send({ kind: 'listening', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('message', (message: ToProcess) => {
  if (message.kind === 'stop') process.exit();
});

function answer(res: ServerResponse, kind: UpstreamKind): void {
  if (kind === 'stall') return;
  if (kind === 'reset') return void res.socket?.resetAndDestroy();
  if (kind === 'fail') {
    res.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    return;
  }
  const message = { role: 'assistant', content: piece };
  res.setHeader('content-type', 'application/json');
  res.end(
    JSON.stringify({ model: 'soak', choices: [{ index: 0, message, finish_reason: 'stop' }] }),
  );
}

async function stream(res: ServerResponse, kind: UpstreamKind): Promise<void> {
  if (kind === 'fail' || kind === 'reset') return answer(res, kind);
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.flushHeaders();
  if (kind === 'early-cut') return void res.socket?.resetAndDestroy();
  const count = kind === 'long' ? 2000 : pieces;
  for (let i = 0; i < count && !res.destroyed; i++) {
    if (kind === 'cut' && i === 5) return void res.socket?.resetAndDestroy();
    if (kind === 'stall' && i === 5) return;
    const isTaken = res.write(event({ content: piece }, null));
    if (isTaken) await new Promise((resolve) => setTimeout(resolve, i % 5 === 0 ? 1 : 0));
    else await new Promise((resolve) => res.once('drain', resolve).once('close', resolve));
  }
  res.end(`${event({}, 'stop')}data: [DONE]\n\n`);
}

function event(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ model: 'soak', choices })}\n\n`;
}
