import { mean } from '../math/vector.ts';
import type { MfHead } from '../routing/matrix-factorization.ts';
import { featureCount, groupsOf, type FeatureSettings } from '../routing/prompt-features.ts';
import { selectColumns, viewColumns, widenHead } from './head-view.ts';
import { joinHeads } from './join-heads.ts';
import { meanLoss, type TrainingRows } from './mf-loss.ts';
import { settleModels } from './settle-models.ts';
import { trainMf } from './train-mf.ts';
import type { RouterTrainingInput } from './train-router.ts';

/** One head a view, each from a seed of its own, joined to one that averages their logits. */
export function trainHeads(
  { settings, onEpoch, checkpoints }: RouterTrainingInput,
  features: FeatureSettings,
  train: TrainingRows,
  dev: TrainingRows,
  modelCount: number,
): { head: MfHead; devLoss: number } {
  const groups = groupsOf(features);
  const trained = settings.views.map((view, i) => {
    const columns = viewColumns(groups, view);
    const [seen, heldOut] = [selectColumns(train, columns), selectColumns(dev, columns)];
    const head = trainMf(
      seen,
      heldOut,
      modelCount,
      { ...settings.mf, seed: settings.mf.seed + i },
      {
        resumeFrom: checkpoints?.load(i) ?? null,
        onState: (state) => checkpoints?.save(i, state),
        onEpoch: (report) => onEpoch?.(i, report),
      },
    );
    const final = settings.settled ? settleModels(head, seen) : head;
    return {
      head: widenHead(final, columns, featureCount(groups)),
      devLoss: meanLoss(final, heldOut),
    };
  });
  return {
    head: joinHeads(trained.map(({ head }) => head)),
    devLoss: mean(trained.map(({ devLoss }) => devLoss)),
  };
}
