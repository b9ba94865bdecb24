import { parentPort, workerData } from 'node:worker_threads';
import type { EncodeRequest, EncoderSource, WorkerMessage } from './encoder-protocol.ts';
import { loadHubEncoder } from './hub-model.ts';
import { loadUseLiteEncoder, type EncodeText } from './use-lite-encoder.ts';

/*
 * The worker thread of an encoder. The runtime blocks its thread while it runs, so nothing of it
 * may happen on the main thread. Requests are answered one at a time, in the order they came.
 */

const warmUpText = 'The quick brown fox jumps over the lazy dog.';

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function load(source: EncoderSource): Promise<EncodeText> {
  return source.kind === 'local'
    ? await loadUseLiteEncoder(source.folder, source.manifest)
    : await loadHubEncoder(source.model, source.cacheFolder);
}

async function answer(encode: EncodeText, { id, text }: EncodeRequest): Promise<void> {
  try {
    const embedding = await encode(text);
    post({ type: 'done', id, embedding }, [embedding.vector.buffer as ArrayBuffer]);
  } catch (error) {
    post({ type: 'failed', id, message: messageOf(error) });
  }
}

try {
  const encode = await load(workerData as EncoderSource);
  const { vector } = await encode(warmUpText);
  let previous = Promise.resolve();
  parentPort?.on('message', (request: EncodeRequest) => {
    previous = previous.then(() => answer(encode, request));
  });
  post({ type: 'ready', dimensions: vector.length });
} catch (error) {
  post({ type: 'broken', message: messageOf(error) });
}
