import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.ts';
import type { Embedder } from './embedder.ts';
import { readEncoderManifest } from './encoder-manifest.ts';
import { startEncoderPool } from './encoder-pool.ts';
import { forkEncoder } from './fork-encoder.ts';
import type { EncoderSource } from './encoder-protocol.ts';
import { defaultCallTimeoutMs, defaultProcessCount } from './process-defaults.ts';

export interface LocalEncoderOptions {
  /** Folder with `encoder.json`; by default the shipped models/minilm. */
  readonly folder?: string;
  /** Processes that embed; by default 1 on up to two cores, else 2. */
  readonly processes?: number;
  /** Of one call, in milliseconds; 0 waits for ever. Default 10,000. */
  readonly timeoutMs?: number;
}

/** The folder is the same from src/embedding and from dist/embedding. */
const shippedFolder = fileURLToPath(new URL('../../models/minilm/', import.meta.url));

/**
 * The shipped encoder in processes of its own, loaded and warm.
 * @throws ConfigError naming the file that is missing or damaged
 */
export async function createLocalEncoder(options: LocalEncoderOptions = {}): Promise<Embedder> {
  const folder = options.folder ?? shippedFolder;
  const manifest = readEncoderManifest(folder);
  const source: EncoderSource = { kind: 'local', folder, manifest };
  const pool = await startEncoderPool({
    spawn: () => forkEncoder(source),
    processes: options.processes ?? defaultProcessCount(),
    timeoutMs: options.timeoutMs ?? defaultCallTimeoutMs,
  });
  if (pool.dimensions !== manifest.dimensions) {
    await pool.close();
    throw new ConfigError(
      `the network in ${folder} gives ${pool.dimensions} numbers, encoder.json says ${manifest.dimensions}`,
    );
  }
  return { id: manifest.id, ...pool };
}
