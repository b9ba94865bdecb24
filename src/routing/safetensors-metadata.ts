import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import type { TensorFile } from './safetensors.ts';

/**
 * What one of our safetensors files says of itself: JSON under `name` in its `__metadata__`.
 * @throws ConfigError naming `file` (for the message only) and what is wrong
 */
export function readMetadata<Schema extends z.ZodType>(
  { metadata }: TensorFile,
  name: string,
  schema: Schema,
  file: string,
): z.infer<Schema> {
  const text = metadata[name];
  if (text === undefined) {
    throw new ConfigError(`${file}: it has no metadata "${name}", as pointsman's own files have`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${file}: its metadata "${name}" is not JSON`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(`${file}: its metadata is wrong:\n${z.prettifyError(result.error)}`);
}
