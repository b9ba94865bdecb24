import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeAnswer } from './demo-answer.ts';
import { sendAnswer, sendError, sendJson } from './demo-reply.ts';
import { parseDemoRequest } from './demo-request.ts';

/** A pace per word that feels like a small and a large local model, in milliseconds. */
const demoModels = {
  'demo-strong': { tier: 'strong', msPerWord: 12 },
  'demo-weak': { tier: 'weak', msPerWord: 4 },
} as const;

/** The trained models whose scores stand for the simulated ones. */
export const demoPair = {
  strong: { model: 'demo-strong', profile: 'llama-3-70b-instruct' },
  weak: { model: 'demo-weak', profile: 'llama-3-8b-instruct' },
} as const;

export interface DemoServer {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/**
 * Two simulated models behind a real OpenAI-compatible server on a free port of this machine, so
 * that routing, streaming and logging take the very path that they take with real models.
 *
 * @param speed 2 is twice as fast; Infinity does not wait
 */
export async function startDemoModels(speed = 1): Promise<DemoServer> {
  const server = createServer((request, response) => {
    handle(request, response, speed).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  speed: number,
): Promise<void> {
  const route = `${request.method} ${request.url}`;
  if (route === 'GET /v1/models') {
    const data = Object.keys(demoModels).map((id) => ({
      id,
      object: 'model',
      created: 0,
      owned_by: 'pointsman',
    }));
    sendJson(response, 200, { object: 'list', data });
    return;
  }
  if (route !== 'POST /v1/chat/completions') {
    sendError(response, 404, `Unknown request URL: ${route}`);
    return;
  }
  const asked = parseDemoRequest(await readJson(request));
  if (asked === null) {
    sendError(response, 400, 'The simulated models take a chat completion request with messages.');
    return;
  }
  if (!isDemoModel(asked.model)) {
    sendError(response, 404, `model "${asked.model}" not found`, 'model_not_found');
    return;
  }
  const { tier, msPerWord } = demoModels[asked.model];
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  await sendAnswer(response, asked, writeAnswer(asked, tier), {
    msPerWord: msPerWord / speed,
    signal: gone.signal,
  });
}

function isDemoModel(name: string): name is keyof typeof demoModels {
  return Object.hasOwn(demoModels, name);
}

/** Null when it is no JSON. No size limit: only our own server calls this one. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    // Told to the caller as a bad request.
    return null;
  }
}
