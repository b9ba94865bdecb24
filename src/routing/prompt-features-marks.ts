import { surfaceMarks, surfaceNames } from './prompt-features-surface.ts';
import type { PromptText } from './prompt-features-text.ts';

/** Surface marks that mean the same in any language; the length stands before them. */
const languageFree = [
  ...['sentences', 'lines', 'numbers', 'digit share', 'longest number'],
  ...['maths marks', 'maths share', 'code marks', 'code share', 'code block'],
  ...['ends in question mark', 'has question mark', 'gap to fill'],
  ...['options', 'option count', 'numeric options'],
];
const positions = languageFree.map((name) => surfaceNames.indexOf(name));
const eastAsianShare = surfaceNames.indexOf('East Asian share');

export const markCount = 1 + languageFree.length;

/** A character of a script without spaces says about as much as this many Latin letters. */
const lettersPerCharacter = 2.5;

/** What can be seen of a prompt whose words nobody here can read. */
export function languageFreeMarks(prompt: PromptText): number[] {
  const all = surfaceMarks(prompt);
  const letters = prompt.length * (1 + (lettersPerCharacter - 1) * all[eastAsianShare]!);
  return [Math.log1p(letters), ...positions.map((position) => all[position]!)];
}
