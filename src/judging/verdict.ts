import { isObject } from '../is-object.ts';

/** Which of the two answers that a judge was shown is better. */
export type ShownVerdict = 'A' | 'B' | 'tie';

/**
 * Reads what a judge says, loosely: models end as they were told, in bold, in JSON, in a box, in
 * words, or with the mark alone. Null when it says nothing that can be trusted; it is asked again then.
 */
export function parseVerdict(answer: string): ShownVerdict | null {
  const text = withoutThinking(answer).trim();
  const marks = markedVerdicts(text);
  // All three, once each, are the instructions said again.
  const isRecital = marks.length === 3 && new Set(marks).size === 3;
  const marked = isRecital ? undefined : marks.at(-1);
  return marked ?? jsonVerdict(text) ?? wordedVerdict(text) ?? verdictOf(lastLine(text));
}

/** Reasoning weighs both sides. Templates may keep the opening mark to themselves. */
function withoutThinking(text: string): string {
  const closed = text.replace(/^[^]*<\/(?:think|thinking|reasoning)>/i, '');
  return closed.replace(/<(?:think|thinking|reasoning)>[^]*$/i, '');
}

/** `[[A]]`, `[[C]]`, `[[A>>B]]`. */
function markedVerdicts(text: string): ShownVerdict[] {
  return Array.from(text.matchAll(/\[\[([^[\]]{1,24})\]\]/g), ([, name = '']) =>
    verdictOf(name),
  ).filter((verdict) => verdict !== null);
}

/** `{"winner": "A"}`, alone, in a fence, or behind its reasons. */
function jsonVerdict(text: string): ShownVerdict | null {
  const start = text.lastIndexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return null;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const names = /^(?:verdict|winner|better|choice|preferred|preference|result)/i;
  const named = Object.entries(value).find(
    ([key, name]) => names.test(key) && typeof name === 'string',
  );
  return named === undefined ? null : verdictOf(String(named[1]));
}

// Bounded, since two of them meet: without an end a judge could make the search take for ever.
const quote = String.raw`[*_"'\x60(\s]{0,8}`;
const which = String.raw`${quote}((?:(?:assistant|answer|response) )?[ABC]|tie|draw)\b`;
const wordings = [
  String.raw`\bboxed\{\s*(?:\\text\{)?${which}`,
  String.raw`\b(?:verdict|winner|choice|conclusion|decision|judge?ment|better (?:answer|response|one))${quote}(?:is|:|=)${quote}:?${which}`,
  String.raw`\b((?:assistant|answer|response) [AB])${quote}is (?:clearly |slightly |much |the |overall )*(?:better|superior|stronger|winner|best)\b`,
  String.raw`\bit(?: is|'s) a (tie|draw)\b`,
].map((wording) => new RegExp(wording, 'gi'));

/** "Final verdict: **B**", "\boxed{A}", "Answer A is better", "it is a tie"; the last one counts. */
function wordedVerdict(text: string): ShownVerdict | null {
  const found = wordings
    .flatMap((wording) => [...text.matchAll(wording)])
    .sort((one, other) => one.index - other.index);
  return verdictOf(found.at(-1)?.[1] ?? '');
}

function lastLine(text: string): string {
  return (text.split('\n').at(-1) ?? '').replace(/[.!]\s*$/, '');
}

/** A name, with whatever stands around it, as a verdict; null for what is none. */
function verdictOf(name: string): ShownVerdict | null {
  const word = name
    .replace(/[*_`"'()\\{}[\]#]/g, '')
    .trim()
    .toLowerCase()
    .replace(/^(?:the )?(?:assistant|answer|response|option|model)[ :]+/, '');
  if (/^(?:a|a>{1,2}b|b<{1,2}a)$/.test(word)) return 'A';
  if (/^(?:b|b>{1,2}a|a<{1,2}b)$/.test(word)) return 'B';
  return /^(?:c|a=b|b=a|tie|tied|draw|equal|equally good|both|neither)$/.test(word) ? 'tie' : null;
}
