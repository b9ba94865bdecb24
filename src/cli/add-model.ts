import { readFileSync } from 'node:fs';
import { createEmbedderSettings } from '../config/create-embedder-settings.ts';
import type { Settings } from '../config/settings-schema.ts';
import { createEmbedder } from '../embedding/create-embedder.ts';
import type { Embedder } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import { defaultCatalogFile, shippedWeightsFile } from '../routing/create-router.ts';
import { assertSameEmbedder } from '../routing/embed-one.ts';
import {
  describeModel,
  loadModelCatalog,
  resolveModel,
  type ModelCatalog,
} from '../routing/model-catalog.ts';
import { loadRouterWeights, type LoadedWeights } from '../routing/router-weights.ts';
import { readAddedModels } from '../routing/added-models.ts';
import { catalogOfWeights, heldModels } from '../routing/weights-catalog.ts';
import { addModelRow } from '../training/add-model-row.ts';
import { factorMatrix } from '../training/factor-matrix.ts';
import { knownModels } from '../training/known-models.ts';
import { crossValidate, modelPrior, placeModel, type FitReport } from '../training/place-model.ts';
import { parseScoredPrompts, type ScoredPrompt } from '../training/scored-prompts.ts';
import type { CliIo } from './cli-io.ts';
import { assertCanWrite, writeWhole } from './write-whole.ts';

export interface AddModelFlags {
  readonly name: string;
  readonly outcomes: string;
  readonly weightsOut: string;
  /** Null: told by the name. */
  readonly family: string | null;
  readonly billions: number | null;
  readonly json?: boolean;
}

export interface AddModelDeps {
  readonly openEmbedder: (settings: Settings, env: NodeJS.ProcessEnv) => Promise<Embedder>;
  readonly catalogFile: string;
}

const defaults: AddModelDeps = {
  openEmbedder: (settings, env) => createEmbedder(createEmbedderSettings(settings, env)),
  catalogFile: defaultCatalogFile,
};

/** Below this nothing is learned; below the second the operator is warned. */
const fewestPrompts = 10;
const wantedPrompts = 50;
const batch = 32;

/**
 * `pointsman models add`: fits one model's row to its scored prompts, all else fixed.
 * @throws ConfigError when file, weights and embedder do not fit
 */
export async function addModel(
  flags: AddModelFlags,
  settings: Settings,
  io: CliIo,
  deps: AddModelDeps = defaults,
): Promise<void> {
  const id = flags.name.trim().toLowerCase();
  if (id === '') throw new ConfigError('models add needs the name of the model, it is empty');
  const rows = readRows(flags.outcomes, id);
  const { kind } = createEmbedderSettings(settings, io.env);
  const weights = loadRouterWeights(settings.weights ?? shippedWeightsFile({ id: kind }));
  const { models } = weights.metadata;
  const listed = loadModelCatalog(deps.catalogFile);
  const held = heldModels(weights);
  const catalog = catalogOfWeights(listed, held, readAddedModels(weights.file));
  const namesake = resolveModel(catalog, id, true);
  if (namesake?.how === 'alias') {
    io.stderr.write(
      `pointsman: warning: ${id} has been another name of ${namesake.id}, of which the weights know more; ` +
        `with ${flags.weightsOut} it means the model placed here\n`,
    );
  }
  const different = new Set(rows.map(({ prompt }) => prompt)).size;
  if (different < wantedPrompts) {
    const given =
      different === rows.length
        ? `${rows.length} scored prompts`
        : `${rows.length} scored prompts, only ${different} of them different,`;
    io.stderr.write(`pointsman: warning: ${given} say little about a model; give 50 to 200\n`);
  }
  const like = likeness(catalog, id, flags);
  const prior = modelPrior(weights.head, knownModels(catalog, models, like));
  assertCanWrite('--weights-out', flags.weightsOut, [flags.outcomes]);
  const embedder = await deps.openEmbedder(settings, io.env);
  const scored = await factorsOf(rows, weights, embedder).finally(() => embedder.close());

  const { rank } = weights.head;
  const placed = placeModel(rank, prior, scored);
  const model = {
    id,
    family: like.family ?? 'unknown',
    billions: like.billions,
    prompts: rows.length,
    sources: new Set(rows.map(({ source }) => source)).size,
  };
  const bytes = addModelRow(readFileSync(weights.file), weights.file, model, placed);
  writeWhole('--weights-out', flags.weightsOut, bytes);
  const fit = crossValidate(
    rank,
    prior,
    scored,
    rows.map(({ prompt }) => prompt),
  );
  io.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ ...model, file: flags.weightsOut, fit }, null, 2)}\n`
      : reportText(id, rows.length, fit, flags.weightsOut),
  );
}

function readRows(file: string, id: string): ScoredPrompt[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`--outcomes ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const rows = parseScoredPrompts(text, file, id);
  if (rows.length >= fewestPrompts) return rows;
  throw new ConfigError(
    `${file} holds ${rows.length} scored prompts of ${id}; at least ${fewestPrompts} are needed, ` +
      '50 to 200 are good: one line each, {"prompt": "...", "score": 0..1}',
  );
}

function likeness(catalog: ModelCatalog, id: string, flags: AddModelFlags) {
  const told = describeModel(catalog, id);
  return { family: flags.family ?? told.family, billions: flags.billions ?? told.billions };
}

async function factorsOf(
  rows: readonly ScoredPrompt[],
  weights: LoadedWeights,
  embedder: Embedder,
) {
  const { head, metadata } = weights;
  assertSameEmbedder(
    weights.file,
    metadata.embedder,
    embedder,
    'name weights that were trained for yours (--weights)',
  );
  const factors = new Float64Array(rows.length * head.rank);
  for (let start = 0; start < rows.length; start += batch) {
    const some = rows.slice(start, start + batch);
    const embeddings = await embedder.embed(some.map(({ prompt }) => prompt));
    const prompts = some.map(({ prompt }, i) => ({ text: prompt, embedding: embeddings[i]! }));
    factors.set(factorMatrix(prompts, weights), start * head.rank);
  }
  return { factors, scores: rows.map(({ score }) => score) };
}

function reportText(id: string, count: number, fit: FitReport, out: string): string {
  const nats = (value: number): string => value.toFixed(3);
  const verdict =
    fit.loss < Math.min(fit.meanLoss, fit.priorLoss)
      ? 'better than both guesses'
      : 'no better than a guess: give more prompts, or use a stand-in (--strong-profile, --weak-profile)';
  return (
    `${id} is placed by ${count} scored prompts.\n` +
    'Log loss on outcomes that the fit had not seen (5 folds, less is better):\n' +
    `  this fit                           ${nats(fit.loss)}\n` +
    `  models like it in family and size  ${nats(fit.priorLoss)}\n` +
    `  always its mean score              ${nats(fit.meanLoss)}\n` +
    `It is ${verdict}.\n` +
    `Wrote ${out}; serve with --weights ${out}, the model named ${id} or by --strong-profile or --weak-profile.\n`
  );
}
