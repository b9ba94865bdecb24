import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { nineDigits } from '../../../src/evaluation/chart-frame.ts';
import { cascadeInput, compareCascade } from '../../../src/evaluation/compare-cascade.ts';
import { evaluateAll } from '../../../src/evaluation/evaluate-all.ts';
import { apgrText, estimateText, percentText } from '../../../src/evaluation/format.ts';
import { keepEmbeddings } from '../../../src/evaluation/kept-embeddings.ts';
import { measureSpeed } from '../../../src/evaluation/measure-speed.ts';
import { reliabilityPicture } from '../../../src/evaluation/reliability-picture.ts';
import { reportCard, type ReportCard } from '../../../src/evaluation/report-card.ts';
import { scoreSpread } from '../../../src/evaluation/score-spread.ts';
import { readSourceLicences } from '../../../src/evaluation/source-licences.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { comparedRow } from '../../support/counted-outcomes.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { fakeEmbedder, tinyWeights } from '../../support/tiny-router.ts';
import { unbalancedTag } from '../../support/well-formed.ts';

function evaluationInput() {
  const random = seededRandom(4);
  const rows = Array.from({ length: 100 }, (_, i) =>
    comparedRow({ key: String(i), weak: random() < 0.4 ? 1 : 0, prompt: 'x'.repeat(i + 1) }),
  );
  const pair = { strong: 'big', weak: 'small', rows, learn: null, costs: null, notes: [] };
  return {
    ...{ data: { name: 'dev', prompts: 100 }, topicsFrom: 'train', routers: ['mf'] },
    ...{ resamples: 50, seed: 1 },
    pairs: [{ ...pair, minimumRows: 40, scores: new Map([['mf', rows.map(() => random())]]) }],
  };
}

const evaluation = () => evaluateAll(evaluationInput());

function card(fields: Partial<ReportCard> = {}): ReportCard {
  return {
    metadata: tinyWeights().metadata,
    weights: { file: 'models/tiny.safetensors', hash: 'abc' },
    isSameData: true,
    sources: [{ source: 'mmlu', from: 'somewhere', licence: 'MIT | CC0', train: 9, dev: 1 }],
    evaluation: evaluation(),
    japanese: evaluation(),
    speed: {
      prompts: 10,
      decisionsPerEncoding: [{ router: 'mf', decisions: 12.34 }],
      longOverShort: 3.21,
      tokens: { median: 20, p95: 90 },
    },
    languages: [{ group: 'ja', prompts: 4, unknownShare: 0.5, scores: [0.1, 0.2, 0.3] }],
    tasks: [
      { group: 'writing', prompts: 5, unknownShare: 0, scores: [0.1, 0.2, 0.3] },
      { group: 'math', prompts: 4, unknownShare: 0, scores: [0.2, 0.4, 0.6] },
    ],
    cascade: compareCascade(cascadeInput(evaluationInput())),
    pictures: {
      curves: 'report/curves.svg',
      reliability: 'report/reliability.svg',
      cascade: 'report/cascade.svg',
    },
    ...fields,
  };
}

describe('the report card', () => {
  it('says what was trained on, every floor, calibration, speed and weaknesses', async () => {
    const text = await format(reportCard(card()), { parser: 'markdown' });
    expect(text).toContain('MIT \\| CC0');
    for (const part of [
      'topic (floor)',
      'length (floor)',
      'random (floor)',
      'oracle',
      'always-weak',
    ]) {
      expect(text).toContain(`| ${part}`);
    }
    const mf = evaluation().pairs[0]!.pooled.rows.find(({ name }) => name === 'mf')!;
    expect(text).toContain(apgrText(mf.apgr!.value));
    expect(text).toContain('mf: about 12 decisions');
    expect(text).toContain('**Exam-heavy.** 100.0 %');
    expect(text).toMatch(/mf: expected calibration error 0\.\d{3} \(/);
    const { promptOnly } = compareCascade(cascadeInput(evaluationInput()));
    expect(text).toContain(estimateText(promptOnly.at30, percentText));
    expect(text).toMatch(/^\| 0\.5 +\| 30\.0 \(30\.0 to 30\.0\)/m);
    expect(text).toContain('asks for 70 (50) weak ones');
    expect(text).toContain('asks for 85 (75) and throws away 15 (25)');
    expect(text).toContain('](report/cascade.svg)');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows kinds of tasks, the hardest first, and says that open ones are assumed easier', () => {
    const text = reportCard(card({}));
    const [, table] = text.split('## Kinds of tasks');
    expect(table).toContain('**assumption**');
    const [math, writing] = ['| math', '| writing'].map((part) => table!.indexOf(part));
    expect(math).toBeGreaterThan(0);
    expect(writing).toBeGreaterThan(math!);
  });

  it('names topics in which answers were not read, if there are any', () => {
    expect(reportCard(card())).not.toContain('than by guessing');
    const metadata = { ...tinyWeights().metadata, topicsOfForm: ['mmlu/maths'] };
    expect(reportCard(card({ metadata }))).toContain('In mmlu/maths a model is right far less');
  });

  it('says when the weights are not of the data at hand', () => {
    expect(reportCard(card({ isSameData: false }))).toContain('are not those');
  });

  it('ends with an error where the data are missing', () => {
    const out = tempFolder();
    const args = [
      '--import',
      'tsx',
      'scripts/report.ts',
      '--data',
      join(out, 'none'),
      '--out',
      out,
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('Nothing was written');
    expect(existsSync(join(out, 'REPORT.md'))).toBe(false);
  });
});

it('the reliability picture shows every bin that holds scores', () => {
  const { calibration } = evaluation();
  const { markup } = reliabilityPicture(calibration);
  expect(unbalancedTag(markup)).toBeNull();
  const drawn = [...markup.matchAll(/data-probability="([^"]+)" data-frequency="([^"]+)"/g)];
  const bins = calibration[0]!.bins.filter(({ weight }) => weight > 0);
  expect(drawn.map(([, p, f]) => [Number(p), Number(f)])).toEqual(
    bins.map(({ probability, frequency }) => [nineDigits(probability), nineDigits(frequency)]),
  );
});

it('licences come from the table of the data, rows from the files', () => {
  const outcome = { id: '1', prompt: 'p', metric: 'm', key: 'k', scores: { a: 1 } };
  const readme = '| source | from | licence |\n|---|---|---|\n| exam | here | MIT |\n';
  const rows = [{ ...outcome, source: 'exam' }];
  expect(readSourceLicences(readme, rows, [...rows, { ...outcome, source: 'own' }])).toEqual([
    { source: 'exam', from: 'here', licence: 'MIT', train: 1, dev: 1 },
    { source: 'own', from: 'not told', licence: 'not told', train: 0, dev: 1 },
  ]);
});

it('kept embeddings are those of the embedder, in any order, and others are asked for', async () => {
  const embedder = fakeEmbedder();
  const kept = await keepEmbeddings(embedder, ['a', 'b'], () => {}, tempFolder());
  expect(await kept.embed(['b', 'a'])).toEqual(await embedder.embed(['b', 'a']));
  expect(await kept.embed(['b', 'new'])).toEqual(await embedder.embed(['b', 'new']));
});

it('spread and speed are measured for each language and router', async () => {
  const router = {
    score: (text: string) => Promise.resolve({ winRate: text.length / 10, embedding: null }),
  };
  const prompts = [1, 2, 3, 4, 5].map((n) => ({
    text: 'x'.repeat(n),
    group: n < 5 ? 'en' : 'ja',
  }));
  const spread = await scoreSpread(prompts, router, fakeEmbedder());
  expect(spread).toEqual([
    {
      ...{ group: 'en', prompts: 4, unknownShare: 0 },
      scores: [expect.closeTo(0.13, 9), expect.closeTo(0.25, 9), expect.closeTo(0.37, 9)],
    },
    { group: 'ja', prompts: 1, unknownShare: 0, scores: [0.5, 0.5, 0.5] },
  ]);
  const texts = prompts.map(({ text }) => text);
  const speed = await measureSpeed(fakeEmbedder(), new Map([['mf', router]]), texts);
  expect(speed.tokens).toEqual({ median: 3, p95: 5 });
  expect(speed.decisionsPerEncoding[0]!.decisions).toBeGreaterThan(0);
});
