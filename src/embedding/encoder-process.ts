import type { EncodeRequest, EncoderSource, ProcessMessage } from './encoder-protocol.ts';
import { loadHubClassifier } from './hub-classifier-model.ts';
import { loadHubEncoder } from './hub-model.ts';
import { loadMinilmEncoder, type EncodeText } from './minilm-encoder.ts';

/*
 * The process of an encoder. The first message says what to load, each one after it is a text;
 * texts are answered one at a time, in the order they came. It ends with its parent.
 */

const warmUpText = 'The quick brown fox jumps over the lazy dog.';

function post(message: ProcessMessage): void {
  process.send?.(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function load(source: EncoderSource): Promise<EncodeText> {
  switch (source.kind) {
    case 'local':
      return await loadMinilmEncoder(source.folder, source.manifest);
    case 'hub':
      return await loadHubEncoder(source);
    case 'classifier':
      return await loadHubClassifier(source);
  }
}

async function answer(encode: EncodeText, { id, text }: EncodeRequest): Promise<void> {
  try {
    post({ type: 'done', id, embedding: await encode(text) });
  } catch (error) {
    post({ type: 'failed', id, message: messageOf(error) });
  }
}

async function start(source: EncoderSource): Promise<void> {
  try {
    const encode = await load(source);
    const { vector } = await encode(warmUpText);
    let previous = Promise.resolve();
    process.on('message', (request: EncodeRequest) => {
      previous = previous.then(() => answer(encode, request));
    });
    post({ type: 'ready', dimensions: vector.length });
  } catch (error) {
    post({ type: 'broken', message: messageOf(error) });
  }
}

process.once('message', (source: EncoderSource) => void start(source));
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the parent still needs vectors while it finishes its requests.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
