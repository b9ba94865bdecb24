import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AppError, BadRequestError } from '../errors.ts';

const decoders: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The request's body as text. Read here and not by a body parser: the raw text is what goes
 * upstream, and this is the hot route.
 *
 * @throws AppError 413 over `limitBytes` (after decompression), 415 for an unknown encoding or
 *   charset, 400 for broken UTF-8 or a broken compressed body.
 */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<string> {
  const declared = Number(req.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw tooLarge(limitBytes);
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(req.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupported(`charset ${JSON.stringify(charset)}; send UTF-8`);
  }
  const encoding = (req.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return decodeUtf8(await collect(req, limitBytes));

  const createDecoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (createDecoder === undefined) {
    throw unsupported(
      `content-encoding ${JSON.stringify(encoding)}; send gzip, deflate, br or none`,
    );
  }
  const decoder = createDecoder();
  req.pipe(decoder);
  req.once('error', () => decoder.destroy());
  try {
    return decodeUtf8(await collect(decoder, limitBytes));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new BadRequestError(`The body is not valid ${encoding} data.`, { cause: error });
  } finally {
    req.unpipe(decoder);
    decoder.destroy();
  }
}

function collect(stream: Readable, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        stream.removeAllListeners('data');
        stream.pause();
        reject(tooLarge(limitBytes));
      } else {
        chunks.push(chunk);
      }
    });
    stream.once('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks));
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the client closed the connection')));
  });
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
    headers: { connection: 'close' },
  });
}

function unsupported(what: string): AppError {
  return new AppError(`Unsupported ${what}.`, { status: 415, type: 'invalid_request_error' });
}
