import type { WeightsMetadata } from '../routing/router-weights-metadata.ts';
import type { CascadeComparison } from './compare-cascade.ts';
import type { Evaluation, PairEvaluation, Table } from './evaluation.ts';
import {
  apgrText,
  definitions,
  estimateText,
  gapWarning,
  intervalText,
  missing,
  pairTitle,
  percentText,
  qualityText,
  rowTitle,
  shownDifferences,
  signedText,
  tableTitle,
} from './format.ts';
import { markdownTable } from './markdown-table.ts';
import type { SpeedRatios } from './measure-speed.ts';
import { cascadeLines } from './report-cascade.ts';
import { languageLines, taskLines } from './report-spread.ts';
import { weaknesses } from './report-weaknesses.ts';
import type { ScoreSpread } from './score-spread.ts';

/** Everything that models/REPORT.md says, measured by `npm run report`. */
export interface ReportCard {
  readonly metadata: WeightsMetadata;
  readonly weights: { readonly file: string; readonly hash: string };
  /** Whether the weights were trained on the very files that lie in the data folder now. */
  readonly isSameData: boolean;
  readonly sources: readonly SourceLicence[];
  readonly evaluation: Evaluation;
  /** The Japanese open questions of train and dev, most of which training saw. */
  readonly japanese: Evaluation;
  readonly speed: SpeedRatios;
  /** Scores of the everyday prompts, by language, and of the English ones by kind of task. */
  readonly languages: readonly ScoreSpread[];
  readonly tasks: readonly ScoreSpread[];
  readonly cascade: CascadeComparison;
  readonly pictures: {
    readonly curves: string;
    readonly reliability: string;
    readonly cascade: string;
  };
}

export interface SourceLicence {
  readonly source: string;
  readonly from: string;
  readonly licence: string;
  readonly train: number;
  readonly dev: number;
}

export function reportCard(card: ReportCard): string {
  const { evaluation, pictures } = card;
  return [
    '# Report card of the shipped router',
    '',
    'Written by `npm run report` from the outcomes in `../shared/data` and the weights themselves; ' +
      'no figure is typed by hand. What the words mean is in [docs/evaluation.md](../docs/evaluation.md).',
    '',
    ...trainingLines(card),
    '## Quality on dev',
    '',
    'Dev questions were not trained on, but they chose the settings and the epoch and they calibrate ' +
      'the score: expect a little less on prompts that nobody has looked at.',
    '',
    definitions,
    '',
    ...summaryLines(evaluation),
    `![Quality over the share of strong calls, six pairs](${pictures.curves})`,
    '',
    ...evaluation.pairs.flatMap(pairLines),
    ...calibrationLines(card),
    ...cascadeLines(card.cascade, pictures.cascade),
    ...speedLines(card),
    ...languageLines(card),
    ...taskLines(card),
    '## Known weaknesses',
    '',
    ...weaknesses(card).map((text) => `- ${text}`),
    '',
  ].join('\n');
}

function trainingLines({ metadata, weights, isSameData, sources }: ReportCard): string[] {
  const { training, embedder, models, licences } = metadata;
  const settings = Object.entries(training.settings)
    .filter(([name]) => name !== 'seed')
    .map(([name, value]) => `${name} ${value}`);
  return [
    '## What it was trained on',
    '',
    `\`${weights.file}\` (sha256 ${weights.hash}…): ${training.prompts} prompts with ` +
      `${training.outcomes} outcomes of ${models.length} models, for the encoder ${embedder.id}; ` +
      (isSameData
        ? 'the training files are those in the data folder, byte for byte.'
        : '**the training files in the data folder are not those that it was trained on.**'),
    '',
    markdownTable(
      ['source', 'from', 'licence', 'train', 'dev'],
      sources.map(({ source, from, licence, train, dev }) => [
        source,
        from,
        licence,
        String(train),
        String(dev),
      ]),
      3,
    ),
    '',
    ...licences.flatMap((text) => [text, '']),
    `Seed ${training.seed}; ${settings.join(', ')}; loss on dev ${training.devLoss.toFixed(4)} nats an outcome.`,
    '',
  ];
}

function summaryLines({ pairs, means, routers, resamples, topicsFrom }: Evaluation): string[] {
  const names = [...routers, 'length', 'topic', 'random', 'oracle'];
  const apgrOf = ({ pooled }: PairEvaluation, name: string): string => {
    const apgr = pooled.rows.find((row) => row.name === name)?.apgr;
    if (apgr === undefined || apgr === null) return missing;
    return routers.includes(name) ? estimateText(apgr) : apgrText(apgr.value);
  };
  const meanOf = (name: string): string =>
    apgrText(means.find((mean) => mean.name === name)?.apgr ?? null);
  return [
    `APGR, sources pooled with equal weight, ${resamples} resamples; the topic floor learned on ` +
      `\`${topicsFrom}\`:`,
    '',
    markdownTable(
      ['strong over weak', ...names],
      [
        ...pairs.map((pair) => [pairTitle(pair), ...names.map((name) => apgrOf(pair, name))]),
        ['**mean**', ...names.map((name) => `**${meanOf(name)}**`)],
      ],
    ),
    '',
  ];
}

function pairLines(pair: PairEvaluation): string[] {
  return [
    `### ${pairTitle(pair)}`,
    '',
    ...pair.notes.flatMap((note) => [`Note: ${note}.`, '']),
    ...tableLines(pair.pooled, pair),
    ...(pair.bySource.length > 1 ? sourceLines(pair) : []),
  ];
}

function tableLines(table: Table, pair: PairEvaluation): string[] {
  const warning = gapWarning(table);
  return [
    `${tableTitle(table, pair)}; ${qualityText(table)}.`,
    '',
    ...(warning === null ? [] : [`${warning}.`, '']),
    markdownTable(
      ['', 'APGR', '95 %', 'CPT20', 'CPT50', 'CPT80', 'AUC'],
      table.rows.map((row) => [
        rowTitle(row),
        apgrText(row.apgr?.value ?? null),
        row.apgr === null ? missing : intervalText(row.apgr),
        ...(row.kind === 'bound'
          ? [missing, missing, missing]
          : row.calls.map(({ share }) => percentText(share.value))),
        percentText(row.area),
      ]),
    ),
    '',
    ...shownDifferences(table).map(
      ({ router, floor, apgr }) => `- ${router} minus ${floor}: ${estimateText(apgr, signedText)}`,
    ),
    '',
  ];
}

/** APGR by source: all contenders, intervals for all. */
function sourceLines({ bySource }: PairEvaluation): string[] {
  const rows = bySource[0]!.rows.filter(({ kind }) => kind !== 'bound');
  const apgrIn = (table: Table, name: string): string => {
    const apgr = table.rows.find((row) => row.name === name)?.apgr;
    return apgr === undefined || apgr === null ? missing : estimateText(apgr);
  };
  return [
    'APGR by source:',
    '',
    markdownTable(
      ['', ...bySource.map(({ source, prompts }) => `${source} (${prompts})`)],
      rows.map((row) => [rowTitle(row), ...bySource.map((table) => apgrIn(table, row.name))]),
    ),
    '',
  ];
}

function calibrationLines({ evaluation, pictures }: ReportCard): string[] {
  return [
    '## Calibration',
    '',
    'Read as the probability that the strong answer scores strictly higher, on all rows of the six ' +
      'pairs. With few prompts even true probabilities show an error; "by chance" is the mean of theirs.',
    '',
    ...evaluation.calibration.map(
      ({ router, error, errorByChance }) =>
        `- ${router}: expected calibration error ${estimateText(error)}, by chance ${apgrText(errorByChance)}`,
    ),
    '',
    `![Reliability and histogram of the scores](${pictures.reliability})`,
    '',
    markdownTable(
      ['pooled, by pair', ...evaluation.routers.flatMap((router) => [router, 'by chance'])],
      evaluation.pairs.map((pair) => [
        pairTitle(pair),
        ...pair.pooled.calibration.flatMap(({ error, errorByChance }) => [
          estimateText(error),
          apgrText(errorByChance),
        ]),
      ]),
    ),
    '',
  ];
}

function speedLines({ speed }: ReportCard): string[] {
  return [
    '## Speed',
    '',
    'Ratios, measured side by side in one run, one prompt after the other; they move with the machine.',
    '',
    ...speed.decisionsPerEncoding.map(
      ({ router, decisions }) =>
        `- ${router}: about ${roughly(decisions)} decisions (features and score, vector known) in the time of one run of the encoder`,
    ),
    `- the encoder takes about ${roughly(speed.longOverShort)} times as long for the longest tenth of the prompts as for the shortest`,
    `- measured on ${speed.prompts} dev prompts: ${speed.tokens.median} tokens in the median, 95 % have at most ${speed.tokens.p95}`,
    '',
  ];
}

/** Two digits, or fewer: more would be noise. */
function roughly(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}
