// npm run simulate -- [--data ../shared/data] [--seeds 200] [--out docs] [--http-requests 1500] [--quick]
// A simulated deployment on real outcomes: writes the tables of docs/calibration.md and its pictures. The same
// data and flags give the same page; the run over HTTP is printed only, since its chance is not seeded.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import type { Progress } from '../src/cli/progress.ts';
import { readFlags } from './read-flags.ts';
import { measureCoverage, type Scenario } from './simulate/coverage.ts';
import { simulateDeployment } from './simulate/deployment.ts';
import { simulateLearning } from './simulate/learning.ts';
import { runOverHttp, type HttpRun } from './simulate/over-http.ts';
import { replaceSection, simulationSection } from './simulate/page.ts';
import { coveragePicture, deploymentPicture } from './simulate/pictures.ts';
import { readPopulation, type KnownPrompt } from './simulate/population.ts';
import { showProgress } from './simulate/show-progress.ts';
import type { Behaviour } from './simulate/traffic.ts';

const pair = { strong: 'llama-3.1-70b-instruct', weak: 'llama-3.1-8b-instruct' };
/** A pair that the router takes the two for, when it does not know them. */
const standIns = ['gpt-4-1106-preview', 'mixtral-8x7b-instruct-v0.1'] as const;
const target = 0.9;
const sciences =
  /math|algebra|gsm|physics|chemistry|engineering|computer|machine_learning|statistics/;

const behaviour: Behaviour = {
  exploration: 0.1,
  rated: { strong: 0.3, weak: 0.4 },
  noise: 0.1,
  compared: 0.1,
  delay: 500,
};
const unrated = { rated: { strong: 0, weak: 0 } };

const scenarios: readonly Scenario[] = [
  {
    name: 'comparisons only',
    requests: 4000,
    behaviour: { ...behaviour, ...unrated, exploration: 0, compared: 0.4 },
  },
  {
    name: 'feedback only',
    requests: 20_000,
    behaviour: {
      ...{ ...behaviour, compared: 0, exploration: 0.2 },
      rated: { strong: 0.5, weak: 0.6 },
    },
  },
  { name: 'both', requests: 8000, behaviour: { ...behaviour, exploration: 0.2 } },
];

async function main(): Promise<void> {
  const { values } = readFlags('npm run simulate --', {
    options: {
      data: { type: 'string', default: '../shared/data' },
      out: { type: 'string', default: 'docs' },
      seeds: { type: 'string', default: '200' },
      resamples: { type: 'string', default: '500' },
      'http-requests': { type: 'string', default: '1500' },
      quick: { type: 'boolean', default: false },
    },
  });
  const [seeds, resamples, httpRequests] = [
    values.seeds,
    values.resamples,
    values['http-requests'],
  ].map(Number) as [number, number, number];
  const progress = showProgress(process.stderr);
  const read = (as?: typeof standIns) => {
    progress.start('embedding prompts', 0);
    return readPopulation({
      ...{ data: values.data, ...pair, ...(as && { standIns: as }) },
      onProgress: (done, of) => {
        if (done <= 1) progress.start('embedding prompts', of);
        progress.update(done);
      },
    });
  };
  const population = await read();
  if (population === null) {
    progress.stop();
    console.log(
      `skipped: no outcomes in ${values.data} (outcomes/train and outcomes/dev); name their folder with --data.`,
    );
    return;
  }
  const unknown = (await read(standIns))!;
  const { prompts, router } = population;
  if (httpRequests > 0) {
    progress.start('requests over HTTP', httpRequests);
    const every = Math.ceil(httpRequests / 3);
    const run = await runOverHttp(prompts, {
      ...{ ...pair, requests: httpRequests, every, target, seed: 1 },
      behaviour: { ...behaviour, compared: 0.5, delay: 100 },
      onRequest: progress.increment,
    });
    progress.stop();
    console.log(httpText(run));
  }

  const runs = values.quick ? 2 : 20;
  const requests = values.quick ? 6000 : 24_000;
  const every = 2000;
  progress.start('calibrations over time', (runs * requests) / every);
  const periods = simulateDeployment(prompts, {
    ...{ requests, every, target, behaviour, seeds: runs, resamples: Math.min(300, resamples) },
    threshold: router.defaultThreshold,
    onCalibrated: progress.increment,
  });
  progress.start('logs for coverage', scenarios.length * seeds);
  const coverages = scenarios.map((scenario) =>
    measureCoverage(prompts, scenario, { seeds, resamples, target, onRun: progress.increment }),
  );
  const learned = simulateUsers(prompts, unknown.prompts, values.quick ? 3 : 20, progress);
  progress.stop();

  const pictures = {
    deployment: 'calibration/over-time.svg',
    coverage: 'calibration/coverage.svg',
  };
  const section = simulationSection({
    ...{ pair: `${pair.strong} over ${pair.weak}`, prompts: prompts.length, target, behaviour },
    ...{ every, periods, coverages, learned, pictures },
    seed: { coverage: seeds, deployment: runs },
  });
  const page = join(values.out, 'calibration.md');
  const text = replaceSection(readFileSync(page, 'utf8'), section);
  mkdirSync(join(values.out, 'calibration'), { recursive: true });
  writeFileSync(join(values.out, pictures.deployment), deploymentPicture(periods, target));
  writeFileSync(join(values.out, pictures.coverage), coveragePicture(coverages));
  writeFileSync(page, await format(text, { parser: 'markdown' }));
  console.log(section);
  console.log(`wrote ${page}, ${pictures.deployment} and ${pictures.coverage}`);
}

/** A pair that the weights know; the same pair taken for another one; a user who is unlike the exams. */
function simulateUsers(
  known: readonly KnownPrompt[],
  unknown: readonly KnownPrompt[],
  runs: number,
  progress: Progress,
) {
  // Strong gains nothing for this user elsewhere: on both sides of what the router was trained for.
  const scientific = known.map((prompt) =>
    sciences.test(prompt.topic) ? prompt : { ...prompt, strong: prompt.weak },
  );
  const users = [
    { name: 'a pair that the weights know', prompts: known },
    { name: `the same pair, scored as ${standIns.join(' / ')}`, prompts: unknown },
    { name: 'a user who minds errors in mathematics and the sciences only', prompts: scientific },
  ];
  const sizes = [300, 1000];
  progress.start('training runs', users.length * sizes.length * runs);
  return users.flatMap(({ name, prompts }) =>
    sizes.map((outcomes) =>
      simulateLearning(prompts, {
        ...{ name, outcomes, noise: behaviour.noise, runs },
        onRun: progress.increment,
      }),
    ),
  );
}

function httpText(run: HttpRun): string {
  const lines = run.calibrations.map(
    ({ after, threshold, isTakenUp, kept, trulyKept, stillNeeded }) =>
      threshold === null || kept === null
        ? `  after ${after}: refused, ${stillNeeded ?? 'no number of'} more outcomes needed`
        : `  after ${after}: threshold ${threshold.toFixed(4)}${isTakenUp ? ', taken up' : ', NOT taken up'}; ` +
          `keeps ${kept.map((end) => (100 * end).toFixed(1)).join(' to ')} %, in truth ${(100 * trulyKept!).toFixed(1)} %`,
  );
  return [
    `over HTTP: ${run.requests} requests in ${(run.elapsedMs / 1000).toFixed(0)} s, ${run.ratings} ratings, ` +
      `${run.comparisons} comparisons, thresholds in use ${run.thresholds.map((t) => t.toFixed(4)).join(', ')}`,
    ...lines,
  ].join('\n');
}

await main();
