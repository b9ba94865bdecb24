import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { routellmId, routellmModels, routellmPair } from '../routing/routellm-models.ts';
import { parseRoutellmCheckpoint, writeRoutellmWeights } from '../routing/routellm-weights.ts';
import type { CliIo } from './cli-io.ts';
import { assertCanWrite, writeWhole } from './write-whole.ts';

export interface ImportRoutellmFlags {
  readonly checkpoint: string;
  readonly out: string;
  /** Ids of the pair; null: RouteLLM's own. */
  readonly strongModel: string | null;
  readonly weakModel: string | null;
  /** Keep all 64 models, so that the pair is chosen at the start of the server. */
  readonly all: boolean;
  readonly json?: boolean;
}

/** `pointsman import-routellm`. @throws ConfigError for another file, shape, dtype or model id */
export function importRoutellm(flags: ImportRoutellmFlags, io: CliIo): void {
  assertCanWrite('--out', flags.out, [flags.checkpoint]);
  const pair = flags.all ? null : pairOf(flags);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(flags.checkpoint);
  } catch (cause) {
    throw new ConfigError(
      `--checkpoint ${flags.checkpoint} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  const checkpoint = parseRoutellmCheckpoint(bytes, flags.checkpoint);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  writeWhole('--out', flags.out, writeRoutellmWeights(checkpoint, pair, sha256));
  if (flags.json === true) {
    const written = { file: flags.out, checkpoint_sha256: sha256, pair };
    io.stdout.write(`${JSON.stringify(written, null, 2)}\n`);
    return;
  }
  const what = pair === null ? 'all 64 models' : `${pair.strong} against ${pair.weak}`;
  io.stdout.write(
    `wrote ${flags.out}: ${what}; serve it with --weights ${flags.out} --embedder endpoint ` +
      '--embedding-model text-embedding-3-small --embedding-base-url URL\n',
  );
}

function pairOf(flags: ImportRoutellmFlags): { strong: string; weak: string } {
  const known = (name: string | null, flag: string, fallback: string): string =>
    name === null ? fallback : routellmModels[routellmId(name, flag)]!;
  const pair = {
    strong: known(flags.strongModel, '--strong-model', routellmPair.strong),
    weak: known(flags.weakModel, '--weak-model', routellmPair.weak),
  };
  if (pair.strong !== pair.weak) return pair;
  throw new ConfigError(`--strong-model and --weak-model are both ${pair.strong}: name two models`);
}
