import { isIP } from 'node:net';

/** Takes personal data out of a text before it is stored. */
export type RedactText = (text: string) => string;

interface Pattern {
  /** Stands in the text's place, in brackets. */
  readonly name: string;
  readonly expression: RegExp;
  /** A match that is none after all stays. */
  readonly isReal?: (match: string) => boolean;
}

/**
 * What can be named instead of written as an expression. Made to find too much rather than too
 * little, but no list of patterns finds everything: `log_prompts: none` does.
 */
const known: readonly Pattern[] = [
  // Takes every word whole: one that is no address is not looked through from each of its letters.
  {
    name: 'email',
    expression: /[\p{L}\p{N}._%+-]+(?:@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)?/gu,
    isReal: (match) => match.includes('@'),
  },
  // Providers' prefixes, three-part web tokens, and the header that carries either. A token is only
  // looked for at the first `eyJ` of a word: where that is none, no later one is.
  {
    name: 'key',
    expression:
      /\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abprs]|hf|AKIA|AIza)[-_]?[A-Za-z0-9_-]{16,}|\b(?<!\beyJ[\w-]*?)eyJ[\w-]+\.[\w-]+\.[\w-]+|\bBearer\s+[\w.~+/-]{16,}=*/g,
  },
  { name: 'iban', expression: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g },
  { name: 'card', expression: /\b\d(?:[ -]?\d){12,18}\b/g, isReal: hasLuhnDigit },
  {
    name: 'ip',
    expression:
      /\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi,
    isReal: (match) => isIP(match) !== 0,
  },
  // International form, or national with its separators: seven digits at least.
  {
    name: 'phone',
    expression:
      /(?<![\w.])(?:\+\d{1,3}|\(?0\d{1,4}\)?|\(\d{3}\))[ ./-]?\d(?:[ ./()-]{0,2}\d){5,12}(?!\w)/g,
  },
];

export const knownPatterns: readonly string[] = known.map(({ name }) => name);

/**
 * @param names of `knownPatterns`, or expressions such as `/\bACME-\d+/i`; applied in this order
 * @throws SyntaxError for an expression that is none, RangeError for a name that is not known
 */
export function createRedactText(names: readonly string[]): RedactText {
  const patterns = names.map(patternOf);
  return (text) => patterns.reduce(replaceIn, text);
}

function replaceIn(text: string, { name, expression, isReal }: Pattern): string {
  try {
    return text.replace(expression, (match) => (isReal?.(match) === false ? match : `[${name}]`));
  } catch (error) {
    // A match of millions of characters is too deep for the engine: then nothing of the text is kept.
    if (error instanceof RangeError) return `[${name}]`;
    throw error;
  }
}

function patternOf(name: string): Pattern {
  const written = /^\/(.+)\/([dimsuv]*)$/s.exec(name);
  if (written !== null) {
    const [, source = '', flags = ''] = written;
    return { name: 'redacted', expression: new RegExp(source, `${flags}g`) };
  }
  const found = known.find((pattern) => pattern.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`there is no pattern ${JSON.stringify(name)}`);
}

/** Luhn's check digit (ISO/IEC 7812-1), which every card number has and one number in ten. */
function hasLuhnDigit(text: string): boolean {
  const digits = Array.from(text.replace(/\D/g, ''), Number).reverse();
  const sum = digits.reduce((total, digit, i) => {
    if (i % 2 === 0) return total + digit;
    return total + (digit > 4 ? 2 * digit - 9 : 2 * digit);
  }, 0);
  return sum % 10 === 0;
}
