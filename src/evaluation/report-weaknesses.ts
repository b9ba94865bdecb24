import type { ReportCard } from './report-card.ts';
import { apgrText, percentText } from './format.ts';

/** Sources that are school and university exams, or problems with one right answer. */
const examSources = new Set([
  'mmlu',
  'mmlu_redux',
  'mmlu_pro',
  'mmlu_helm',
  'gsm8k',
  'zeroeval_gsm',
  'math_l5',
  'numersense',
]);

/** In plain words, with the figures of this very run. */
export function weaknesses(card: ReportCard): string[] {
  const { sources, evaluation, japanese } = card;
  const [router = 'mf'] = evaluation.routers;
  const total = sources.reduce((sum, { train }) => sum + train, 0);
  const exams = sources
    .filter(({ source }) => examSources.has(source))
    .reduce((sum, { train }) => sum + train, 0);
  return [
    `**Exam-heavy.** ${percentText(exams / total)} % of the training prompts are exam questions or ` +
      'school mathematics with one right answer. What makes a letter or a summary hard for a small ' +
      'model is hardly in there. That open tasks are easier for it is assumed (see "Kinds of tasks").',
    '**Little chat, no judged conversations.** No prompt of real users has outcomes here, MT-Bench ' +
      'and Arena among them: their licences do not allow it. Follow-up turns were never trained on.',
    `**Where a prompt is from tells much.** A rule that knows the exam and its subject, and nothing ` +
      `of the prompt, is the floor "topic". ${countSentence(card, router, 'topic')} A router is not ` +
      'told the subject, so this is a comparison with more knowledge, but it shows how much of the ' +
      'gain is knowing what a question is about.',
    `**Length.** ${countSentence(card, router, 'length')}`,
    `**Few questions.** Pairs have ${rangeOf(evaluation.pairs.map(({ pooled }) => pooled.questions))} ` +
      'pooled questions; differences within the intervals are noise.',
    `**The middle of the scale is crowded.** ${spreadSentence(card, router)}`,
    '**Languages.** The encoder was trained on English. In Russian, Chinese, Japanese, Korean, Arabic ' +
      'and Hindi it does not know a good part of the tokens (table above); only ' +
      `${japanese.pairs[0]?.pooled.prompts ?? 0} Japanese questions have outcomes, and most were trained on.`,
    '**Upstream verdicts are not clean.** In zebra, much of what small models lose is unreadable or ' +
      'cut-off output; the graders of mmlu and gsm8k are RouteLLM’s, with known mistakes.' +
      unreadSentence(card),
  ];
}

/** Of outcomes that tell of the form of an answer (training/below-guessing.ts). */
function unreadSentence({ metadata: { topicsOfForm } }: ReportCard): string {
  if (topicsOfForm.length === 0) return '';
  return (
    ` In ${topicsOfForm.join(' and ')} a model is right far less often than by guessing: what it ` +
    'answered was not read. What the router learned of that counts where options are given, and nowhere else.'
  );
}

function countSentence({ evaluation }: ReportCard, router: string, floor: string): string {
  const differences = evaluation.pairs.flatMap(({ pooled }) =>
    pooled.differences.filter((each) => each.router === router && each.floor === floor),
  );
  const above = differences.filter(({ apgr }) => (apgr.interval95?.[0] ?? 0) > 0).length;
  const below = differences.filter(({ apgr }) => (apgr.interval95?.[1] ?? 0) < 0).length;
  const mean = differences.reduce((sum, { apgr }) => sum + (apgr.value ?? 0), 0);
  return (
    `On ${above} of ${differences.length} pairs ${router} is clearly above the ${floor} floor (interval ` +
    `above 0), on ${below} clearly below; the mean difference in APGR is ` +
    `${apgrText(mean / Math.max(1, differences.length))}.`
  );
}

function spreadSentence({ evaluation }: ReportCard, router: string): string {
  const histogram = evaluation.calibration.find((each) => each.router === router)?.histogram ?? [];
  const used = histogram.flatMap((share, i) => (share >= 0.01 ? [i / histogram.length] : []));
  const low = Math.min(...used);
  const high = Math.max(...used) + 1 / histogram.length;
  return (
    `Of the dev scores, nearly all lie between ${low.toFixed(2)} and ${high.toFixed(2)} (bins with at ` +
    'least 1 % of them): a probability of a strict win is rarely near 0 or 1 when both models are ' +
    'often right. Thresholds are best set by the wanted share of strong calls (`pointsman calibrate`).'
  );
}

function rangeOf(values: readonly number[]): string {
  return `${Math.min(...values)} to ${Math.max(...values)}`;
}
