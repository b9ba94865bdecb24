/** A prompt without the marks of exam formats, which tell where a question is from, not how hard it is. */
export interface PromptText {
  /** What is asked, without option marks and without a closing "Answer:". */
  readonly stem: string;
  /** Contents of a lettered list (A., (A), - (A), A)) at the end of the prompt; empty without one. */
  readonly options: readonly string[];
  /** UTF-16 units of the whole prompt, also of what `maxHead` and `maxTail` leave out. */
  readonly length: number;
}

/** Text beyond these bounds (UTF-16 units) is not looked at: the cost of a prompt is bounded. */
const maxHead = 12_000;
const maxTail = 4_000;
const maxOptions = 26;

const optionMark = /^[ \t]*(?:[-*][ \t]*)?(?:\(([A-Za-z])\)|([A-Za-z])[.):])[ \t]+(?=\S)/gm;
const closingAnswer = /\n[ \t]*Answer:\s{0,8}$/;

export function readPrompt(text: string): PromptText {
  const bounded =
    text.length <= maxHead + maxTail
      ? text
      : `${text.slice(0, maxHead)}\n${text.slice(text.length - maxTail)}`;
  const asked = bounded.replace(closingAnswer, '');
  const marks = lastRun([...asked.matchAll(optionMark)]);
  if (marks.length < 2) return { stem: asked, options: [], length: text.length };
  const options = marks.map((mark, i) =>
    asked.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? asked.length).trim(),
  );
  return { stem: asked.slice(0, marks[0]!.index).trimEnd(), options, length: text.length };
}

/** From the last "A" on as far as the letters go A, B, C ... */
function lastRun(marks: RegExpExecArray[]): RegExpExecArray[] {
  const start = marks.findLastIndex((mark) => letterOf(mark) === 'A');
  if (start < 0) return [];
  let end = start;
  while (
    end < marks.length &&
    end - start < maxOptions &&
    letterOf(marks[end]!) === String.fromCharCode(65 + end - start)
  ) {
    end++;
  }
  return marks.slice(start, end);
}

function letterOf(mark: RegExpExecArray): string {
  return (mark[1] ?? mark[2] ?? '').toUpperCase();
}

// A word, a number (with its separators), one character of a script without spaces, or a maths mark.
const tokenPattern =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|\p{L}[\p{L}\p{M}]*|\p{N}+(?:[.,]\p{N}+)*|[=+^\\$/{}%<>]/gu;
const maxTokens = 4000;

/** Lower-case words, "#n" for a number of n digits (at most 4), and maths marks, in order. */
export function tokensOf(prompt: PromptText): string[] {
  const text = [prompt.stem, ...prompt.options].join(' ').toLowerCase();
  const tokens = (text.match(tokenPattern) ?? []).slice(0, maxTokens);
  return tokens.map((token) =>
    /^\p{N}/u.test(token) ? `#${Math.min(4, token.length)}` : token.slice(0, 40),
  );
}
