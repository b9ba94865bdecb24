// A fast OpenAI-compatible upstream. `POST /__config {"events": 50, "delayMs": 0}` sets how it streams.
import { createServer } from 'node:http';

let events = 50;
let delayMs = 0;
let aborted = 0;

const words = 'the short answer is that routing pays off when most prompts are easy '.repeat(12);
const usage = { prompt_tokens: 40, completion_tokens: 200, total_tokens: 240 };

/** The usage comes last: who reads to the end has the whole answer. */
function completion(model: string): string {
  const message = { role: 'assistant', content: words };
  return JSON.stringify({
    ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_760_000_000, model },
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage,
  });
}

function streamEvents(model: string, withUsage: boolean): string[] {
  const chunk = (choices: unknown[], rest = {}) =>
    `data: ${JSON.stringify({
      ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_760_000_000, model },
      choices,
      ...rest,
    })}\n\n`;
  const delta = (content: object, finish: string | null = null) =>
    chunk([{ index: 0, delta: content, finish_reason: finish }]);
  return [
    delta({ role: 'assistant', content: '' }),
    ...Array.from({ length: events }, () => delta({ content: ' pays off' })),
    delta({}, 'stop'),
    ...(withUsage ? [chunk([], { usage })] : []),
    'data: [DONE]\n\n',
  ];
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
    if (req.url === '/__config') {
      const config = body as { events?: number; delayMs?: number };
      events = config.events ?? events;
      delayMs = config.delayMs ?? delayMs;
      res.end('{}');
    } else if (req.url === '/__aborted') {
      res.end(JSON.stringify({ aborted }));
    } else if (body['stream'] === true) {
      const options = body['stream_options'] as { include_usage?: boolean } | undefined;
      const parts = streamEvents(String(body['model']), options?.include_usage === true);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      let isOver = false;
      res.once('close', () => (aborted += isOver ? 0 : 1));
      let next = 0;
      const send = () => {
        if (delayMs === 0) for (; next < parts.length - 1; next++) res.write(parts[next]);
        if (next === parts.length - 1) {
          isOver = true;
          res.end(parts[next]);
        } else if (!res.destroyed) {
          res.write(parts[next++]);
          setTimeout(send, delayMs);
        }
      };
      send();
    } else {
      const text = completion(String(body['model']));
      res.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      });
      res.end(text);
    }
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'));
