import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';

const catalogSchema = z.strictObject({
  formatVersion: z.literal(1),
  models: z.array(
    z.strictObject({
      id: z.string(),
      family: z.string(),
      /** Parameters in billions, for closed models those of open ones of like strength; null: unknown. */
      billions: z.number().nullable(),
      /** Scored prompts, and the number of sources that they come from. */
      prompts: z.int(),
      sources: z.int(),
      /** Placed by the operator (`pointsman models add`): known by its name, never a stand-in. */
      added: z.literal(true).optional(),
      /**
       * Trained on outcomes of the operator's own: known by its name, never a stand-in. No prompts: the weights do not
       * say how many.
       */
      own: z.literal(true).optional(),
      /** Mean expected quality on the training mix, from the weights that are served; not in the file. */
      quality: z.number().optional(),
    }),
  ),
  /** Other names -> id. */
  aliases: z.record(z.string(), z.string()),
  /** [words in a name, family], the first that fits. */
  families: z.array(z.tuple([z.string(), z.string()])),
  /** [words in the name of a closed model, size class in billions], the first that fits. */
  sizeClasses: z.array(z.tuple([z.string(), z.number()])),
  /** Sizes of names that do not say it, in billions. */
  defaultSizes: z.record(z.string(), z.number()),
});

export type ModelCatalog = z.infer<typeof catalogSchema>;
export type CatalogModel = ModelCatalog['models'][number];

export function loadModelCatalog(file: string): ModelCatalog {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`model catalog ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const result = catalogSchema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(`model catalog ${file} is wrong:\n${z.prettifyError(result.error)}`);
}

export interface ResolvedModel {
  readonly id: string;
  /** By its id, by another name of the same model, or by a model that resembles it. */
  readonly how: 'exact' | 'alias' | 'stand-in';
  /** Of the model that is meant. */
  readonly like: ModelDescription;
  /** What a stand-in is for: the model "was tried on only 41 prompts"; null when none is needed. */
  readonly reason: string | null;
}

/** With fewer scored prompts a model's row says next to nothing; its size and family say more. */
const wellKnownPrompts = 300;

/**
 * What model of the catalog a name means: `llama3:70b`, `openai/gpt-4o`, `hf.co/x/Y-GGUF:Q4_K_M`.
 * One with very few outcomes gets a stand-in too, unless `anyCount`.
 * @returns null when it is not known and nothing can stand in for it
 */
export function resolveModel(
  catalog: ModelCatalog,
  name: string,
  anyCount = false,
): ResolvedModel | null {
  const exact = catalog.models.find(({ id }) => id === name.trim()) ?? findId(catalog, name);
  const alias = exact ? undefined : findAlias(catalog, name);
  const known = exact ?? (alias && isPulledAs(catalog, name, alias) ? alias : undefined);
  if (known && (anyCount || known.added || known.own || known.prompts >= wellKnownPrompts)) {
    return { id: known.id, how: exact ? 'exact' : 'alias', like: known, reason: null };
  }
  const like = describeModel(catalog, name, known);
  const standIn = nearestStandIn(catalog, like);
  if (standIn === null) return null;
  const reason = known
    ? `was tried on only ${known.prompts} prompts`
    : 'is not among the models that the router knows';
  return { id: standIn.id, how: 'stand-in', like, reason };
}

/**
 * False where Ollama pulls another size by a name without one: its "deepseek-r1" has 8 billion parameters, elsewhere it
 * has 671.
 */
function isPulledAs(catalog: ModelCatalog, name: string, model: CatalogModel): boolean {
  const isOllamas = /^ollama(?:_chat)?\/[^:/]+$|:latest$/.test(name.trim().toLowerCase());
  const pulled = defaultSize(catalog, untagged(name));
  if (!isOllamas || pulled === undefined || model.own || model.added) return true;
  return (model.billions ?? pulled) < 1.5 * pulled;
}

/** A model to look for: what is known of it. */
export interface ModelDescription {
  readonly family: string | null;
  readonly billions: number | null;
}

/** Family and size that a name tells, or that the catalog holds for it. */
export function describeModel(
  catalog: ModelCatalog,
  name: string,
  known?: CatalogModel,
): ModelDescription {
  const lower = baseName(name);
  const matches = ([pattern]: readonly [string, unknown]): boolean =>
    new RegExp(pattern).test(lower);
  const family = catalog.families.find(matches)?.[1] ?? known?.family ?? null;
  const billions =
    sizeInName(lower) ??
    known?.billions ??
    defaultSize(catalog, untagged(name)) ??
    // Of a name of no known family, "small" tells nothing.
    (family === null ? null : (catalog.sizeClasses.find(matches)?.[1] ?? null));
  return { family, billions };
}

function untagged(name: string): string {
  return baseName(name).split(':')[0]!;
}

function defaultSize({ defaultSizes }: ModelCatalog, name: string): number | undefined {
  return Object.hasOwn(defaultSizes, name) ? defaultSizes[name] : undefined;
}

/** What another family costs, in steps of e in size; and the size of a name that tells none. */
const otherFamily = 0.8;
const typicalBillions = 30;

/** How unlike two models are, in steps of e in size. */
export function modelDistance(one: ModelDescription, other: ModelDescription): number {
  const ratio = (one.billions ?? typicalBillions) / (other.billions ?? typicalBillions);
  return Math.abs(Math.log(ratio)) + (one.family === other.family ? 0 : otherFamily);
}

/** The models that may stand in for others: with outcomes in several sources. */
export function standIns({ models }: ModelCatalog): CatalogModel[] {
  return models.filter(isWellMeasured);
}

/** Of models that are as like the one with more outcomes is nearer. */
export function standInDistance(model: CatalogModel, like: ModelDescription): number {
  return modelDistance(model, like) - 1e-6 * model.prompts;
}

/** Nearest in size, of the same family if it can; null without any. */
function nearestStandIn(catalog: ModelCatalog, like: ModelDescription): CatalogModel | null {
  const candidates = standIns(catalog);
  if (candidates.length === 0) return null;
  return candidates.reduce((best, model) =>
    standInDistance(model, like) < standInDistance(best, like) ? model : best,
  );
}

function isWellMeasured(model: CatalogModel): boolean {
  const isShipped = !model.added && !model.own;
  return isShipped && model.prompts >= 3000 && model.sources >= 3 && model.billions !== null;
}

function findId(catalog: ModelCatalog, name: string): CatalogModel | undefined {
  const lower = name.trim().toLowerCase();
  return catalog.models.find(({ id }) => id.toLowerCase() === lower);
}

function findAlias(catalog: ModelCatalog, name: string): CatalogModel | undefined {
  const byId = (id: string | undefined) => catalog.models.find((model) => model.id === id);
  const lower = name.trim().toLowerCase();
  const base = baseName(name);
  const forms = [lower, lower.replace(/^.*?\//, ''), base, base.replace(/:latest$/, '')];
  for (const form of forms) {
    const found = byId(catalog.aliases[form]) ?? findId(catalog, form);
    if (found) return found;
  }
  const wanted = spelling(name);
  // Of a name without Latin letters and digits nothing is left to compare.
  if (wanted === '') return undefined;
  const named = Object.entries(catalog.aliases).find(([alias]) => spelling(alias) === wanted);
  return byId(named?.[1]) ?? catalog.models.find(({ id }) => spelling(id) === wanted);
}

/** Lower case, without provider or hub folders, quantisation and file format. */
function baseName(name: string): string {
  const last = name.trim().toLowerCase().split('/').at(-1)!;
  return last
    .replace(
      /[-_.:](?:i?q\d[a-z0-9_]*|(?:fp|bf|f)(?:8|16|32)|int[48]|[48]bit|mlx|awq|gptq|gguf)\b/g,
      '',
    )
    .replace(/^meta-(?=llama)/, '')
    .replace(/^(?:us|us-gov|eu|apac|jp|au|ca|global)\./, '')
    .replace(/^(?:anthropic|meta|mistral|amazon|cohere)\./, '')
    .replace(/[-@](?:20\d\d-?[01]\d-?[0-3]\d)(?:-v\d(?::\d)?)?$/, '');
}

/** One spelling for "Llama-3.1-8B-Instruct" and "llama3.1:8b": words and numbers, fillers left out. */
function spelling(name: string): string {
  const parts = baseName(name).match(/\d+(?:x\d+)?(?:\.\d+)*[a-z]?(?![a-z])|[a-z]+/g) ?? [];
  return parts.filter((part) => !fillers.has(part)).join(' ');
}

const fillers = new Set([
  'instruct',
  'chat',
  'it',
  'latest',
  'hf',
  'text',
  'turbo',
  'v',
  'preview',
]);

/** "70b", "8x7b" (experts share about a sixth), "500m"; billions. */
function sizeInName(lower: string): number | null {
  const experts = /(\d+)x(\d+(?:\.\d+)?)b\b/.exec(lower);
  if (experts) return Number(experts[1]) * Number(experts[2]) * 0.83;
  const billions = /(\d+(?:\.\d+)?)b\b/.exec(lower);
  if (billions) return Number(billions[1]);
  const millions = /(\d+)m\b/.exec(lower);
  return millions ? Number(millions[1]) / 1000 : null;
}
