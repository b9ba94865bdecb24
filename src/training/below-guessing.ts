// Outcomes that tell of a form, not of what a model knows. Where a model picks the right one of four options in 2 % of
// the questions of a topic, it did not guess, it answered in a form that its grader could not read (a derivation in
// place of a letter). That holds for the next question of that form, but says nothing of the same question asked freely.
import { readPrompt } from '../routing/prompt-features-text.ts';
import { topicOf, type Outcome } from './outcomes.ts';
import { countBy } from './training-rows.ts';

/** Of a topic's questions with options, graded right or wrong. */
const fewestPrompts = 20;
/** Below half of what guessing gives, and by more standard errors than chance explains. */
const farBelow = 0.5;
const standardErrors = 2.5;
/** Of a model's other outcomes: with fewer, these are what there is to know it by. */
const fewestOthers = 50;

/** Models by the topic in which they do worse than guessing. */
export type BelowGuessing = ReadonlyMap<string, ReadonlySet<string>>;

interface Tally {
  prompts: number;
  right: number;
  /** Expected of guessing, and its variance. */
  guessed: number;
  variance: number;
}

/** A prompt with k options is guessed with probability 1 / k; the sum over a topic's prompts is taken as normal. */
export function belowGuessing(rows: readonly Outcome[]): BelowGuessing {
  const tallies = new Map<string, Map<string, Tally>>();
  for (const row of rows) {
    const options = readPrompt(row.prompt).options.length;
    if (options < 2) continue;
    const topic = topicOf(row);
    if (!tallies.has(topic)) tallies.set(topic, new Map());
    for (const [model, score] of Object.entries(row.scores)) {
      if (score === 0 || score === 1) addTo(tallies.get(topic)!, model, score, 1 / options);
    }
  }
  const found = new Map<string, ReadonlySet<string>>();
  for (const [topic, byModel] of tallies) {
    const models = [...byModel].filter(([, tally]) => isBelow(tally)).map(([model]) => model);
    if (models.length > 0) found.set(topic, new Set(models));
  }
  return found;
}

function addTo(tallies: Map<string, Tally>, model: string, score: number, chance: number): void {
  const tally = tallies.get(model) ?? { prompts: 0, right: 0, guessed: 0, variance: 0 };
  tally.prompts++;
  tally.right += score;
  tally.guessed += chance;
  tally.variance += chance * (1 - chance);
  tallies.set(model, tally);
}

function isBelow({ prompts, right, guessed, variance }: Tally): boolean {
  return (
    prompts >= fewestPrompts &&
    right < farBelow * guessed &&
    right < guessed - standardErrors * Math.sqrt(variance)
  );
}

/**
 * Those of them that can be told by other means than the shared factors: an offset for their topic, and for the factors
 * the model's other outcomes.
 * @param topics that have offsets
 */
export function heldByTopics(
  below: BelowGuessing,
  rows: readonly Outcome[],
  topics: ReadonlySet<string>,
): BelowGuessing {
  const named = [...below].filter(([topic]) => topics.has(topic));
  const kept = withoutBelowGuessing(rows, new Map(named));
  const others = countBy(kept.flatMap(({ scores }) => Object.keys(scores)));
  return new Map(
    named.flatMap(([topic, models]) => {
      const known = [...models].filter((model) => (others.get(model) ?? 0) >= fewestOthers);
      return known.length > 0 ? [[topic, new Set(known)]] : [];
    }),
  );
}

/** The rows without these outcomes; none is dropped, so that they stay in step with what was made of them. */
export function withoutBelowGuessing(rows: readonly Outcome[], below: BelowGuessing): Outcome[] {
  return rows.map((row) => {
    const models = below.get(topicOf(row));
    if (!models || readPrompt(row.prompt).options.length < 2) return row;
    const kept = Object.entries(row.scores).filter(([model]) => !models.has(model));
    return { ...row, scores: Object.fromEntries(kept) };
  });
}
