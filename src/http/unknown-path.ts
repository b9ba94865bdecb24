import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

export function root(): RequestHandler {
  return (_req, res) => {
    res.type('text/plain').send('pointsman is running. OpenAI clients: use this address + /v1\n');
  };
}

/** 405 with the method that works; OPTIONS is answered with it. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    if (req.method === 'OPTIONS') {
      res.writeHead(204, { allow: `${allowed}, OPTIONS` }).end();
      return;
    }
    const [path = ''] = req.originalUrl.split('?'); // within a router `req.path` is only the rest
    throw new AppError(`${req.method} is not allowed on ${shown(path)}; use ${allowed}.`, {
      status: 405,
      type: 'invalid_request_error',
      headers: { allow: allowed },
    });
  };
}

const useChat = 'use POST /v1/chat/completions';

/** By path without `/v1`; what is not here is looked for by its first part. */
const hints: Record<string, string> = {
  '/responses': 'Responses are not kept here: POST /v1/responses with the whole conversation.',
  '/v1': 'The base URL has one /v1 too many.',
  '/chat': 'The base URL is this address + /v1, with no other path behind it.',
  '/messages': `This is the OpenAI API, not Anthropic's; ${useChat}.`,
  '/score': 'Use POST /v1/router/score.',
  '/feedback': 'Use POST /v1/router/feedback.',
  '/moderations': 'Moderations are not served here; ask their provider directly.',
  '/audio': 'Audio is not served here; ask its provider directly.',
  '/images': `Images are not made here; ask their provider directly. To send images to a model, ${useChat}.`,
  '/files': 'Files are not kept here; ask their provider directly.',
  '/uploads': 'Files are not kept here; ask their provider directly.',
  '/batches': `Batches are not served; ${useChat} for each request.`,
  '/fine_tuning': 'Models are not tuned here; ask their provider directly.',
  '/assistants': `Assistants are not served; ${useChat}.`,
  '/threads': `Assistants are not served; ${useChat}.`,
  '/vector_stores': 'Vector stores are not served; POST /v1/embeddings makes vectors.',
  '/realtime': `The Realtime API is not served; ${useChat} with "stream": true.`,
  '/engines': 'Engines are gone from the OpenAI API; name a "model" in POST /v1/chat/completions.',
  '/api/chat': 'This is the OpenAI API, not the native Ollama one; use POST /v1/chat/completions.',
  '/api/generate':
    'This is the OpenAI API, not the native Ollama one; use POST /v1/chat/completions.',
  '/api/tags': 'This is the OpenAI API, not the native Ollama one; use GET /v1/models.',
};

/** 404 in the OpenAI shape, with the right path where we know what was meant. */
export function unknownPath(): RequestHandler {
  return (req) => {
    const path = req.path.replace(/^\/v1(?=\/)/, '');
    const hint = hintFor(path) ?? hintFor(path.split('/', 2).join('/'));
    const text = hint === null ? '' : ` ${hint}`;
    throw new AppError(`Unknown request URL: ${req.method} ${shown(req.path)}.${text}`, {
      status: 404,
      type: 'invalid_request_error',
    });
  };
}

function hintFor(path: string): string | null {
  return Object.hasOwn(hints, path) ? (hints[path] ?? null) : null;
}

function shown(path: string): string {
  return path.slice(0, 200);
}
