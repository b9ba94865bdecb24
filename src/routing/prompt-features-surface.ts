import type { PromptText } from './prompt-features-text.ts';

const code = /[{}();[\]`_]|\bdef |\breturn\b|\bimport /g;
const maths = /[=+^\\$<>≤≥∫√π×]/g;
const numbers = /\d+(?:[.,]\d+)*/g;
const words = /\p{L}[\p{L}\p{M}]*/gu;
const numericOption = /^[^A-Za-z]*\d[^A-Za-z]*[A-Za-z%°/ ]{0,12}$/;
const openQuestion = /_{3,}|\.\.\.|…/;

/** Flags for wordings, matched in the lower-case stem. */
const wordings: readonly [string, RegExp][] = [
  ['what', /\bwhat\b/],
  ['which', /\bwhich\b/],
  ['how', /\bhow\b/],
  ['why', /\bwhy\b/],
  ['when', /\bwhen\b/],
  ['who', /\bwho\b/],
  ['where', /\bwhere\b/],
  ['calculate', /\b(?:calculate|compute|find|determine|evaluate|solve)\b/],
  ['explain', /\b(?:explain|describe|discuss)\b/],
  ['write', /\b(?:write|create|generate|compose)\b/],
  ['how many', /\bhow (?:many|much)\b/],
  ['suppose', /\b(?:if|suppose|assume|given)\b/],
  ['most', /\b(?:best|most)\b/],
  ['following', /\b(?:according to|following)\b/],
  ['negation', /\b(?:not|except|false|incorrect|least)\b/],
  ['statement', /true|statement/],
];

/** Names of the surface marks, in the order of `surfaceMarks`. */
export const surfaceNames: readonly string[] = [
  ...['characters', 'words', 'word length', 'longest word', 'distinct words', 'sentences'],
  ...['lines', 'commas', 'quotes', 'percent or money', 'numbers', 'digit share', 'longest number'],
  ...['upper-case share', 'maths marks', 'maths share', 'code marks', 'code share', 'code block'],
  ...['ends in question mark', 'has question mark', 'gap to fill', 'options', 'option count'],
  ...['option length', 'numeric options', 'East Asian share', 'other script share'],
  ...wordings.map(([name]) => name),
];

const ln = Math.log1p;
const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What a prompt looks like, whatever it means; counts as ln(1 + n), shares 0..1, flags 0 or 1. */
export function surfaceMarks(prompt: PromptText): number[] {
  const { stem, options } = prompt;
  const lower = stem.toLowerCase();
  const size = stem.length + 1;
  const stemWords = lower.match(words) ?? [];
  const stemNumbers = stem.match(numbers) ?? [];
  const mathsMarks = countOf(stem, maths);
  const codeMarks = countOf(stem, code);
  const optionCharacters = options.reduce((sum, option) => sum + option.length, 0);
  const seen = characterClasses(stem);
  const flag = (is: boolean): number => (is ? 1 : 0);
  return [
    ln(prompt.length - optionCharacters),
    ln(stemWords.length),
    stemWords.length === 0 ? 0 : lengthOf(stemWords) / stemWords.length,
    ln(longest(stemWords)),
    new Set(stemWords).size / (stemWords.length + 1),
    ln(countOf(stem, /[.!?](?=\s|$)|[。！？]/g)),
    ln(countOf(stem, /\n/g)),
    ln(countOf(stem, /,/g)),
    ln(countOf(stem, /["']/g)),
    ln(countOf(stem, /[%$]/g)),
    ln(stemNumbers.length),
    seen.digits / size,
    Math.min(4, longest(stemNumbers) / 5),
    seen.upper / size,
    ln(mathsMarks),
    (10 * mathsMarks) / size,
    ln(codeMarks),
    (10 * codeMarks) / size,
    flag(stem.includes('```') || stem.includes('def ')),
    flag(/[?？]\s*$/.test(stem.slice(-20))),
    flag(/[?？]/.test(stem)),
    flag(openQuestion.test(stem)),
    flag(options.length > 0),
    ln(options.length),
    ln(optionCharacters / Math.max(1, options.length)),
    options.filter((option) => numericOption.test(option.slice(0, 80))).length /
      Math.max(1, options.length),
    seen.eastAsian / size,
    seen.otherScript / size,
    ...wordings.map(([, pattern]) => flag(pattern.test(lower))),
  ];
}

function characterClasses(text: string) {
  const seen = { digits: 0, upper: 0, eastAsian: 0, otherScript: 0 };
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 48 && unit <= 57) seen.digits++;
    else if (unit >= 65 && unit <= 90) seen.upper++;
    else if (unit > 0x2e80) seen.eastAsian++;
    else if (unit >= 0x370 && unit < 0x2000) seen.otherScript++;
  }
  return seen;
}

function lengthOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function longest(parts: readonly string[]): number {
  return parts.reduce((most, part) => Math.max(most, part.length), 0);
}
