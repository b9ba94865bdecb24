import type { PercentileEstimate } from '../training/question-bootstrap.ts';
import {
  aurocs,
  measures,
  type ByCascade,
  type CascadeComparison,
  type Measures,
} from './compare-cascade.ts';
import { apgrText, estimateText, missing, pairTitle, percentText } from './format.ts';
import { markdownTable } from './markdown-table.ts';

const shownAurocs: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 1];
const heads = ['alone: 30 %', '50 %', 'APGR', 'after the score: 30 %', '50 %', 'APGR'];

/** The section of the report card on cascades. */
export function cascadeLines(comparison: CascadeComparison, picture: string): string[] {
  const { router, promptOnly, byAuroc, breakEven, pairs, resamples } = comparison;
  const prompt = gapTexts(promptOnly);
  return [
    '## Cascade against prompt-only routing',
    '',
    'A [cascade](../docs/live-traffic.md#cascade) asks the weak model first and escalates where its answer is not ' +
      'sure of itself. **How good its confidence is was not measured here**: the outcomes hold no ' +
      'log-probabilities of the answers. So this says what a confidence would have to know. It is assumed ' +
      'to be a normal number whose mean rises with the quality of the weak answer, as far as the AUROC says ' +
      '(that of telling answers of quality 1 from those of quality 0; 0.5 knows nothing, 1 all), and to know ' +
      'nothing else of the prompt. The qualities and the scores are real: dev, sources and pairs with equal weight.',
    '',
    '- **alone**: all prompts are asked of the weak model, and the least sure answers escalated.',
    `- **after the score**, the gateway's way: the highest scores of ${router} make half of the strong calls at once; the rest ` +
      'are asked of the weak model, and the least sure of these answers make the other half. (Halves are a choice made here; ' +
      'the gateway has a bound for each.)',
    '',
    `Part of the gap recovered (%) at 30 and 50 % strong calls, and APGR; means of ${pairs.length} pairs, ` +
      `${resamples} resamples:`,
    '',
    markdownTable(
      ['assumed AUROC', ...heads],
      [
        [`none: ${router}, prompt only`, ...prompt, ...prompt],
        ['none: random', ...chanceTexts, ...chanceTexts],
        ...byAuroc
          .filter(({ auroc }) => shownAurocs.includes(auroc))
          .map(({ auroc, cascades }) => [
            auroc.toFixed(1),
            ...gapTexts(cascades.alone),
            ...gapTexts(cascades.afterScore),
          ]),
      ],
    ),
    '',
    `![Gap recovered over the AUROC of the confidence](${picture})`,
    '',
    `AUROC from which the cascade is at least as good as ${router} alone at the same share of strong calls:`,
    '',
    markdownTable(
      ['break-even', ...heads],
      [
        ...pairs.map((pair) => [pairTitle(pair), ...breakEvenTexts(pair.breakEven)]),
        ['**mean of the pairs**', ...breakEvenTexts(breakEven)],
      ],
    ),
    '',
    `${missing}: not even at 1. Values under ${aurocs[0]} are given as ${aurocs[0]}. Knowing that the weak answer is wrong is not ` +
      'knowing that the strong one is right, so that an AUROC of 1 does not recover what an oracle does.',
    '',
    'What the cascade pays besides, in answers to 100 prompts at 30 % (50 %) strong calls: prompt-only routing ' +
      `asks for ${counts(1, 1)} weak ones and throws none away; the cascade alone asks for 100 and throws away ` +
      `${counts(0, 1)}; after the score it asks for ${counts(1, 0.5)} and throws away ${counts(0, 0.5)}. First tokens wait for those that are looked ` +
      'at, and escalated ones for the strong model besides: ' +
      '[docs/live-traffic.md](../docs/live-traffic.md#what-it-costs) has the times. What your own weak model’s confidence ' +
      'knows is measured from your log by `pointsman cascade`.',
    '',
  ];
}

/** "70 (50)": of 100 prompts the part of the strong calls, or what is left without it, at 30 % (50 %). */
function counts(isRest: 0 | 1, part: number): string {
  const [low, high] = [30, 50].map((calls) => (isRest ? 100 - part * calls : part * calls));
  return `${low} (${high})`;
}

const chanceTexts = [percentText(0.3), percentText(0.5), apgrText(0.5)];

function gapTexts(of: Measures<PercentileEstimate>): string[] {
  return [
    estimateText(of.at30, percentText),
    estimateText(of.at50, percentText),
    estimateText(of.apgr, apgrText),
  ];
}

function breakEvenTexts({ alone, afterScore }: ByCascade<Measures<PercentileEstimate>>): string[] {
  return [alone, afterScore].flatMap((of) =>
    measures.map((measure) =>
      of[measure].value === null ? missing : estimateText(of[measure], aurocText),
    ),
  );
}

function aurocText(value: number | null): string {
  return value === null ? missing : value.toFixed(2);
}
