import type { EncodeRequest, EncoderSource, ProcessMessage } from './encoder-protocol.ts';
import type { EncodeText } from './minilm-encoder.ts';

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

/** Imports what the model needs, so that native code that cannot be loaded has a message too. */
async function load(source: EncoderSource): Promise<EncodeText> {
  // First, and by itself: Node 20 cannot catch what a CommonJS module throws when another module imports it.
  await import('onnxruntime-node');
  switch (source.kind) {
    case 'local': {
      const { loadMinilmEncoder } = await import('./minilm-encoder.ts');
      return await loadMinilmEncoder(source.folder, source.manifest);
    }
    case 'hub': {
      const { loadHubEncoder } = await import('./hub-model.ts');
      return await loadHubEncoder(source);
    }
    case 'classifier': {
      const { loadHubClassifier } = await import('./hub-classifier-model.ts');
      return await loadHubClassifier(source);
    }
  }
}

/** Why a model was not loaded. */
function causeOf(error: unknown): string {
  const message = messageOf(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_DLOPEN_FAILED' && code !== 'MODULE_NOT_FOUND') return message;
  const [firstLine] = message.split('\n');
  return (
    `the encoder cannot run on this system, ${process.platform} ${process.arch} (${firstLine}). ` +
    'onnxruntime-node is made for Linux with glibc (which Alpine has not), macOS and Windows; ' +
    'embedder: fast needs neither it nor an encoder'
  );
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
    post({ type: 'broken', message: causeOf(error) });
  }
}

process.once('message', (source: EncoderSource) => void start(source));
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the parent still needs vectors while it finishes its requests.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
