import type { RequestHandler } from 'express';
import { AppError } from '../errors.ts';

export function root(): RequestHandler {
  return (_req, res) => {
    res.type('text/plain').send('pointsman is running. OpenAI clients: use this address + /v1\n');
  };
}

/** 405 with the method that works. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req) => {
    throw new AppError(`${req.method} is not allowed on ${shown(req.path)}; use ${allowed}.`, {
      status: 405,
      type: 'invalid_request_error',
      headers: { allow: allowed },
    });
  };
}

const hints: Record<string, string> = {
  '/responses': 'The Responses API is not served; use POST /v1/chat/completions.',
  '/api/chat': 'This is the OpenAI API, not the native Ollama one; use POST /v1/chat/completions.',
  '/api/generate':
    'This is the OpenAI API, not the native Ollama one; use POST /v1/chat/completions.',
  '/api/tags': 'This is the OpenAI API, not the native Ollama one; use GET /v1/models.',
};

/** 404 in the OpenAI shape, with the right path where we know what was meant. */
export function unknownPath(): RequestHandler {
  return (req) => {
    const path = req.path.replace(/^\/v1(?=\/)/, '');
    const hint = Object.hasOwn(hints, path) ? ` ${hints[path]}` : '';
    throw new AppError(`Unknown request URL: ${req.method} ${shown(req.path)}.${hint}`, {
      status: 404,
      type: 'invalid_request_error',
    });
  };
}

function shown(path: string): string {
  return path.slice(0, 200);
}
