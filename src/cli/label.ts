import type { EventEmitter } from 'node:events';
import type { Config } from '../config/config.ts';
import { unpricedRemotes } from '../config/create-judging.ts';
import { loadConfig, withoutAccess, type SettingsInput } from '../config/load-config.ts';
import { nameSetting } from '../config/setting-flags.ts';
import { ConfigError } from '../errors.ts';
import { listSome } from '../list-some.ts';
import { createAskModel } from '../judging/ask-model.ts';
import { estimateComparison, type ComparedModels } from '../judging/estimate-cost.ts';
import { createJudge } from '../judging/judge.ts';
import { labelPrompts } from '../judging/label-prompts.ts';
import { waitWhenLimited } from '../judging/wait-when-limited.ts';
import { openLabelLog, type LabelLog, type LoggedPrompt } from '../store/label-queries.ts';
import { createUpstreamClient } from '../upstream/openai-client.ts';
import { createRedact } from '../upstream/redact.ts';
import { version } from '../version.ts';
import type { CliIo } from './cli-io.ts';
import { confirm } from './confirm.ts';
import { parseLabelFlags, type LabelFlags } from './label-flags.ts';
import { labelJson, labelText, planText, type LabelPlan } from './label-text.ts';
import { createProgress } from './progress.ts';
import type { Options } from './setting-options.ts';
import { waitForStop } from './wait-for-stop.ts';

export interface LabelCommandDeps {
  /** Sends SIGINT and SIGTERM as events; the process does. */
  readonly signals: EventEmitter;
  /** Ends the process at once, after a second signal. */
  readonly exit: (exitCode: number) => void;
}

/** RouteLLM's mean length of an answer (arXiv:2406.18665, table 6), before there is one of our own. */
const usualAnswerTokens = 264;

/**
 * `pointsman label`: asks both models the logged prompts and stores which answer a judge finds
 * better. What is stored is not asked again, so that a run can be stopped and gone on with.
 *
 * @returns exit code: 1 when it gave up because calls failed or the judge gave no verdicts, 130 when it was interrupted
 * @throws ConfigError for wrong flags or settings, and where a cost is not agreed to
 */
export async function label(
  input: SettingsInput,
  options: Options,
  io: CliIo,
  deps: LabelCommandDeps,
): Promise<number> {
  const flags = parseLabelFlags(options);
  const refuse = () => Promise.reject(noModels());
  const { config, warnings } = await loadConfig(input, refuse, withoutAccess);
  for (const warning of warnings) io.stderr.write(`pointsman: warning: ${warning}\n`);
  const models = comparedModels(config);
  const log = openLabelLog(config.db);
  try {
    const { plan, prompts, estimateOf } = makePlan(models, log, flags, config.db);
    io.stderr.write(planText(plan) + otherPairWarning(prompts, log));
    if (flags.isDryRun || prompts.length === 0) {
      io.stdout.write(flags.json ? labelJson(plan, null) : '');
      return 0;
    }
    if (!(await mayStart(plan, flags, io))) {
      io.stderr.write('Nothing was asked.\n');
      return 0;
    }
    const outcome = await run({ ...{ config, models, log, flags, prompts, estimateOf }, io, deps });
    io.stdout.write(flags.json ? labelJson(plan, outcome) : labelText(plan, outcome));
    return { done: 0, budget: 0, failures: 1, unreadable: 1, interrupted: 130 }[outcome.stopped];
  } finally {
    log.close();
  }
}

function comparedModels({ strong, weak, judge }: Config): ComparedModels {
  if (judge !== null) return { strong, weak, judge };
  throw new ConfigError(
    `label needs a judge: name its model by ${nameSetting('judge.model')}, such as openai/gpt-4.1`,
  );
}

function noModels(): ConfigError {
  return new ConfigError(
    `label asks both models: name them by ${nameSetting('strong.model')} and ${nameSetting('weak.model')}`,
  );
}

interface Planned {
  readonly plan: LabelPlan;
  readonly prompts: readonly LoggedPrompt[];
  readonly estimateOf: (prompt: LoggedPrompt) => number;
}

function makePlan(
  models: ComparedModels,
  log: LabelLog,
  { limit, sample, budgetNanoUsd }: LabelFlags,
  db: string,
): Planned {
  const { strong, weak, judge } = models;
  const ids = { strongModel: strong.model, weakModel: weak.model, judgeModel: judge.model };
  const counts = log.counts(ids);
  if (counts.prompts === 0) {
    throw new ConfigError(
      `${db} holds no prompts to compare: texts are kept by "pointsman serve --log-prompts full"`,
    );
  }
  const answerTokens = {
    strong: log.meanAnswerTokens('strong') ?? usualAnswerTokens,
    weak: log.meanAnswerTokens('weak') ?? usualAnswerTokens,
  };
  const prompts = log.prompts(ids, sample, limit);
  const estimateOf = ({ text }: LoggedPrompt) =>
    estimateComparison(models, text.length, answerTokens);
  const unpriced = unpricedRemotes([strong, weak, judge]).map(({ id }) => id);
  if (budgetNanoUsd !== null && unpriced.length > 0) {
    throw new ConfigError(
      `--budget cannot be kept: ${unpriced.join(', ')} without a price (input_per_mtok and ` +
        'output_per_mtok of each, in the file; 0 is a price)',
    );
  }
  const estimatedNanoUsd =
    unpriced.length > 0 ? null : prompts.reduce((sum, prompt) => sum + estimateOf(prompt), 0);
  const plan = { ...ids, ...counts, chosen: prompts.length, answerTokens };
  return {
    plan: { ...plan, unpriced, estimatedNanoUsd, budgetNanoUsd },
    ...{ prompts, estimateOf },
  };
}

function otherPairWarning(prompts: readonly LoggedPrompt[], log: LabelLog): string {
  const others = prompts.filter(({ isOfOwnPair }) => !isOfOwnPair).length;
  if (others === 0) return '';
  const models = (tier: 'strong' | 'weak') => listSome(log.modelsOf(tier), 3);
  return (
    `pointsman: warning: ${others} of these prompts were routed between other models (the log names ` +
    `${models('strong')} as strong, ${models('weak')} as weak). What is compared on them is stored, but ` +
    'calibrate, train and the dashboard count only comparisons of the models that were routed between.\n'
  );
}

/** What costs nothing needs no word. */
async function mayStart(
  { estimatedNanoUsd }: LabelPlan,
  { isAgreed }: LabelFlags,
  io: CliIo,
): Promise<boolean> {
  if (isAgreed || estimatedNanoUsd === 0) return true;
  const answer = await confirm('Go on?', io);
  if (answer !== null) return answer;
  throw new ConfigError('this may cost money, as said above: agree to it by --yes.');
}

interface Run extends Pick<Planned, 'prompts' | 'estimateOf'> {
  readonly config: Config;
  readonly models: ComparedModels;
  readonly log: LabelLog;
  readonly flags: LabelFlags;
  readonly io: CliIo;
  readonly deps: LabelCommandDeps;
}

async function run({ config, models, log, flags, prompts, estimateOf, io, deps }: Run) {
  const { strong, weak, judge } = models;
  const upstream = createUpstreamClient({
    timeouts: config.timeouts,
    limits: config.limits,
    userAgent: `pointsman/${version()}`,
    redact: createRedact([strong, weak, judge], []),
  });
  let spentNanoUsd = 0;
  const limited = new Set<string>();
  const ask = waitWhenLimited(
    createAskModel(upstream, (nanoUsd) => (spentNanoUsd += nanoUsd)),
    {
      onWait({ message }, ms) {
        if (limited.has(message)) return;
        limited.add(message);
        const seconds = Math.ceil(ms / 1000);
        io.stderr.write(`pointsman: ${message} It is asked again after ${seconds} s.\n`);
      },
    },
  );
  const stop = new AbortController();
  void waitForStop(deps).then((name) => stop.abort(new Error(name)));
  const progress = createProgress(io.stderr);
  progress.start('comparing', prompts.length);
  try {
    const outcome = await labelPrompts(prompts, {
      ...{ ask, strong, weak },
      judge: createJudge({ ask, deployment: judge }),
      store: (comparison) => log.store(comparison),
      spentNanoUsd: () => spentNanoUsd,
      estimateNanoUsd: estimateOf,
      budgetNanoUsd: flags.budgetNanoUsd,
      parallel: flags.parallel,
      signal: stop.signal,
      onDone: () => progress.increment(),
    });
    return { ...outcome, spentNanoUsd };
  } finally {
    progress.stop();
    await upstream.close();
  }
}
