import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';

const fileSchema = z.strictObject({
  path: z.string(),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** `encoder.json`: what a folder with an encoder holds, and where it comes from. */
const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** Identity of the vectors; changes whenever they do. */
  id: z.string().min(1),
  dimensions: z.int().positive(),
  /** Tokens that the network reads at once. */
  windowTokens: z.int().positive(),
  /** Windows of a longer text that are embedded. */
  maxWindows: z.int().positive(),
  files: z.strictObject({
    model: fileSchema,
    tokenizer: fileSchema,
    tokenizerConfig: fileSchema,
    /** JSON list of `dimensions` numbers: what is taken from every mean of tokens. */
    centre: fileSchema,
  }),
  provenance: z.strictObject({
    name: z.string(),
    license: z.string(),
    package: z.string(),
    integrity: z.string(),
    paper: z.string(),
    storage: z.string(),
  }),
});

export type EncoderManifest = z.infer<typeof manifestSchema>;

const fix = 'Restore the folder from the package, or rebuild it: npx tsx scripts/encoder/build.ts';

function readChecked(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`cannot read ${file}. ${fix}`, { cause: error });
  }
}

/**
 * Reads and checks `encoder.json` and that every file it lists is there, whole and unchanged.
 * @throws ConfigError naming the file that is missing or damaged
 */
export function readEncoderManifest(folder: string): EncoderManifest {
  const file = join(folder, 'encoder.json');
  const text = readChecked(file).toString('utf8');
  let manifest: EncoderManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError(`${file} is not a description of an encoder. ${fix}`, { cause: error });
  }
  for (const { path, bytes, sha256 } of Object.values(manifest.files)) {
    const content = readChecked(join(folder, path));
    if (content.length !== bytes) {
      throw new ConfigError(
        `${join(folder, path)} has ${content.length} bytes, expected ${bytes}. ${fix}`,
      );
    }
    if (createHash('sha256').update(content).digest('hex') !== sha256) {
      throw new ConfigError(`${join(folder, path)} differs from its sha256 in ${file}. ${fix}`);
    }
  }
  checkCentre(join(folder, manifest.files.centre.path), manifest.dimensions);
  return manifest;
}

/** A list that is too short would make vectors of NaN. */
function checkCentre(file: string, dimensions: number): void {
  const centre: unknown = JSON.parse(readChecked(file).toString('utf8'));
  if (z.array(z.number()).length(dimensions).safeParse(centre).success) return;
  throw new ConfigError(`${file} is not a list of ${dimensions} numbers. ${fix}`);
}
