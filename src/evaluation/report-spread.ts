// How the router scores everyday prompts, which have no outcomes: by language, and by kind of task.
import type { Evaluation } from './evaluation.ts';
import { apgrText, estimateText, gapWarning, missing, pairTitle, percentText } from './format.ts';
import { markdownTable } from './markdown-table.ts';
import type { ReportCard } from './report-card.ts';

export function languageLines({ languages, japanese, evaluation }: ReportCard): string[] {
  return [
    '## Languages',
    '',
    `${whoseScores(evaluation)} on the ` +
      'everyday prompts (no outcomes: this shows whether scores differ at all, not whether they are right). ' +
      'Unknown: median share of tokens that the encoder does not know.',
    '',
    markdownTable(
      ['language', 'prompts', 'unknown', 'score at 10 %', '50 %', '90 %'],
      languages.map(({ group, prompts, unknownShare, scores }) => [
        group,
        String(prompts),
        unknownShare === null ? missing : `${percentText(unknownShare)} %`,
        ...scores.map(apgrText),
      ]),
    ),
    '',
    'Japanese open questions (rakuda_ja, train and dev together, **most of them seen in training**; so ' +
      'few that the intervals say nearly nothing):',
    '',
    markdownTable(
      ['pair', 'prompts', ...japanese.routers, 'length'],
      japanese.pairs.map((each) => [
        pairTitle(each),
        String(each.pooled.prompts),
        ...[...japanese.routers, 'length'].map((name) => {
          const apgr = each.pooled.rows.find((row) => row.name === name)?.apgr;
          if (gapWarning(each.pooled) !== null) return 'no clear gap';
          return apgr ? estimateText(apgr) : missing;
        }),
      ]),
    ),
    '',
  ];
}

export function taskLines({ tasks, evaluation }: ReportCard): string[] {
  return [
    '## Kinds of tasks',
    '',
    `${whoseScores(evaluation)} on the English ` +
      'everyday prompts by their category. They have no outcomes. That models differ less on open tasks ' +
      '(writing, rewriting, small talk, a part to play, advice, a plan, a summary, a translation) is an ' +
      '**assumption**, not measured here: such prompts are drawn towards the scores of easy ones.',
    '',
    markdownTable(
      ['kind', 'prompts', 'score at 10 %', '50 %', '90 %'],
      [...tasks]
        .sort((a, b) => b.scores[1] - a.scores[1])
        .map(({ group, prompts, scores }) => [group, String(prompts), ...scores.map(apgrText)]),
    ),
    '',
  ];
}

function whoseScores({ routers, pairs: [pair] }: Evaluation): string {
  return `Scores of \`${routers[0]}\` for ${pair ? pairTitle(pair) : 'the first pair'}`;
}
