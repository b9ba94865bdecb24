import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import { isObject } from '../is-object.ts';

export interface SchemaQuestion {
  /** An answer's text. */
  readonly answer: string;
  /** A JSON schema as text; null: any JSON object will do. */
  readonly schema: string | null;
}

type Validate = (value: unknown) => unknown;

const options: Options = {
  strict: false, // unknown keywords are annotations, as the standard says
  validateFormats: false, // "date" and the like are annotations, too
  logger: false,
  addUsedSchema: false,
};
const compiled = new LRUCache<string, { readonly validate: Validate | null }>({ max: 50 });

/**
 * Whether the answer is what was asked for. Null when that cannot be told: the schema is none, or
 * refers to another one.
 */
export function checkJson({ answer, schema }: SchemaQuestion): boolean | null {
  const validate = schema === null ? isObject : validatorOf(schema);
  if (validate === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return false;
  }
  const isValid = validate(value);
  return typeof isValid === 'boolean' ? isValid : null; // `$async` schemas give promises
}

function validatorOf(schema: string): Validate | null {
  const known = compiled.get(schema);
  if (known !== undefined) return known.validate;
  const validate = compile(schema);
  compiled.set(schema, { validate });
  return validate;
}

/** Drafts 4 to 7 by their name; all else as 2020-12, which is what libraries write today. */
function compile(text: string): Validate | null {
  const { $schema, ...schema } = JSON.parse(text) as Record<string, unknown>;
  const isOlder = typeof $schema === 'string' && /draft-0[4-7]/.test($schema);
  try {
    return (isOlder ? new Ajv(options) : new Ajv2020(options)).compile(schema);
  } catch {
    return null;
  }
}
