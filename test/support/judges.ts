import { completion, type Script, type SeenRequest } from './scripted-upstream.ts';

/** The two answers that a judge is shown. */
export function shownAnswers({ body }: SeenRequest): { readonly a: string; readonly b: string } {
  const messages = body['messages'] as { readonly content: string }[];
  const text = messages.at(-1)?.content ?? '';
  const answer = (name: string) =>
    new RegExp(`=== answer ${name} begins ===\n([^]*?)\n=== answer ${name} ends`).exec(text)?.[1];
  return { a: answer('A') ?? '', b: answer('B') ?? '' };
}

/** Always prefers what stands first. */
export const judgeOfPlaces: Script = completion('The first one is better.\n\n[[A]]');

/** Prefers the longer answer, wherever it stands. */
export const judgeOfLength: Script = (res, seen) => {
  const { a, b } = shownAnswers(seen);
  const mark = a.length === b.length ? 'C' : a.length > b.length ? 'A' : 'B';
  return completion(`One is longer.\n[[${mark}]]`)(res, seen);
};

export const judgeWithoutVerdict: Script = completion('As a language model I cannot say.');
