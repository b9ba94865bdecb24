import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Limits } from '../config/config.ts';
import { AppError, BadRequestError } from '../errors.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import { ClientGoneError } from './call.ts';
import type { Uploads } from './uploads.ts';

const decoders: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The limit of one body, and what all those that are still arriving take together. */
export interface BodyDeps {
  readonly serving: () => { readonly limits: Pick<Limits, 'bodyBytes' | 'inFlight'> };
  readonly uploads: Uploads;
}

/**
 * The request's body as text. Read here and not by a body parser: the raw text is what goes
 * upstream, and this is the hot route.
 *
 * @throws AppError 413 over the limit (after decompression), 503 when all uploads together are too
 *   large, 415 for an unknown encoding or charset, 400 for broken UTF-8 or a broken compressed body.
 */
export async function readBody(req: IncomingMessage, deps: BodyDeps): Promise<string> {
  const { bodyBytes } = deps.serving().limits;
  const declared = Number(req.headers['content-length'] ?? 0);
  if (declared > bodyBytes) throw tooLarge(bodyBytes);
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(req.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupported(`charset ${JSON.stringify(charset)}; send UTF-8`);
  }
  const encoding = (req.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return decodeUtf8(await collect(req, deps));

  const createDecoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (createDecoder === undefined) {
    throw unsupported(
      `content-encoding ${JSON.stringify(encoding)}; send gzip, deflate, br or none`,
    );
  }
  const decoder = createDecoder();
  req.pipe(decoder);
  const onClose = () => {
    if (!req.complete) decoder.destroy(new ClientGoneError());
  };
  req.once('close', onClose);
  try {
    return decodeUtf8(await collect(decoder, deps));
  } catch (error) {
    if (error instanceof AppError || error instanceof ClientGoneError) throw error;
    throw new BadRequestError(`The body is not valid ${encoding} data.`, { cause: error });
  } finally {
    req.off('close', onClose);
    req.unpipe(decoder);
    decoder.destroy();
    req.resume(); // what is left is thrown away
  }
}

/**
 * The rest of a refused body is read and thrown away, for as long as the request's timeout allows:
 * closing on a client that is still sending would reset the connection, and our answer with it.
 */
async function collect(stream: Readable, { serving, uploads }: BodyDeps): Promise<Buffer> {
  const { bodyBytes, inFlight } = serving().limits;
  const body = new GrowingBytes();
  try {
    await new Promise<void>((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        try {
          if (body.length + chunk.length > bodyBytes) throw tooLarge(bodyBytes);
          uploads.add(chunk.length, bodyBytes * inFlight);
          body.append(chunk);
        } catch (error) {
          stream.off('data', onData).resume();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      stream.on('data', onData);
      stream.once('end', resolve);
      stream.once('error', reject);
      stream.once('close', () => {
        if (!stream.readableEnded) reject(new ClientGoneError());
      });
    });
  } finally {
    uploads.remove(body.length);
  }
  return body.bytes();
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new BadRequestError('The body is not valid UTF-8.', { cause: error });
  }
}

function tooLarge(limitBytes: number): AppError {
  return new AppError(`The body is larger than ${limitBytes} bytes (limits.body_bytes).`, {
    status: 413,
    type: 'invalid_request_error',
  });
}

function unsupported(what: string): AppError {
  return new AppError(`Unsupported ${what}.`, { status: 415, type: 'invalid_request_error' });
}
