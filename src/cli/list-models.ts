import { existsSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { readAddedModels } from '../routing/added-models.ts';
import { defaultCatalogFile, defaultWeightsFile } from '../routing/create-router.ts';
import { loadModelCatalog, type ModelCatalog } from '../routing/model-catalog.ts';
import { modelsOfWeights } from '../routing/open-mf-router.ts';
import { catalogOfWeights } from '../routing/weights-catalog.ts';
import type { CliIo } from './cli-io.ts';
import { textTable } from './text-table.ts';

export interface ListModelsFlags {
  /** Part of an id, another name or a family; null: all. */
  readonly filter: string | null;
  readonly weights: string | null;
  readonly json: boolean;
}

/** As `--json` prints it. */
export interface ListedModel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly family: string;
  /** Parameters in billions, of closed models a size class; null: unknown. */
  readonly billions: number | null;
  /** Scored prompts behind it, and the number of sources that they come from; null: the weights do not say. */
  readonly outcomes: number | null;
  readonly sources: number | null;
  /** Placed by `models add`. */
  readonly added: boolean;
}

/**
 * `pointsman models`: what may stand for a deployment, most outcomes first.
 * @throws ConfigError when there are no such weights
 */
export function listModels(flags: ListModelsFlags, io: CliIo): void {
  if (flags.weights !== null && !existsSync(flags.weights)) {
    throw new ConfigError(`There are no router weights at ${flags.weights} (--weights).`);
  }
  const file = flags.weights ?? defaultWeightsFile;
  const catalog = loadModelCatalog(defaultCatalogFile);
  const all = describeModels(
    catalogOfWeights(catalog, modelsOfWeights(file), readAddedModels(file)),
  );
  const wanted = flags.filter?.toLowerCase() ?? '';
  const shown = all.filter(({ id, family, aliases }) =>
    [id, family, ...aliases].some((name) => name.toLowerCase().includes(wanted)),
  );
  if (flags.json) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else io.stdout.write(asTable(shown, all.length));
}

function describeModels({ models, aliases }: ModelCatalog): ListedModel[] {
  const names = new Map<string, string[]>();
  for (const [alias, id] of Object.entries(aliases)) {
    names.set(id, [...(names.get(id) ?? []), alias]);
  }
  return models
    .map(({ id, family, billions, prompts, sources, added = false, own = false }) => ({
      ...{ id, family, billions, added },
      aliases: names.get(id) ?? [],
      outcomes: own && prompts === 0 ? null : prompts,
      sources: own && sources === 0 ? null : sources,
    }))
    .sort((a, b) => (b.outcomes ?? 0) - (a.outcomes ?? 0) || (a.id < b.id ? -1 : 1));
}

function asTable(models: readonly ListedModel[], count: number): string {
  const rows = models.map((model) => [
    model.added ? `${model.id} (added)` : model.id,
    model.family,
    ...[model.billions, model.outcomes, model.sources].map((value) => String(value ?? '?')),
    model.aliases.join(', '),
  ]);
  const head = ['model', 'family', 'billions', 'outcomes', 'sources', 'other names'];
  const lines = textTable([head, ...rows], (column) => column < 2 || column > 4);
  return `${lines.join('\n')}\n${models.length} of ${count} models\n`;
}
