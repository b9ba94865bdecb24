/** Short everyday prompts of three kinds, in an order that mixes them; no two are the same. */
export type PromptKind = 'code' | 'german' | 'general';

export interface ShortPrompt {
  readonly kind: PromptKind;
  readonly text: string;
}

const languages = ['Python', 'JavaScript', 'Rust', 'Go', 'SQL', 'Java', 'C++', 'bash', 'Ruby', 'R'];
const tasks = [
  'sort a list of names',
  'read a CSV file',
  'parse a date',
  'find duplicate rows',
  'reverse a string',
  'compute a moving average',
  'connect to a database',
  'retry a failed request',
  'merge two dictionaries',
  'validate an email address',
  'count words in a file',
  'draw a histogram',
  'walk a binary tree',
  'rename many files',
  'cache the results of a call',
];
const codeFrames = [
  'Write a function in L to T.',
  'How do I T in L?',
  'Fix my L code: it should T.',
];

const germanFrames = [
  'Erkläre mir bitte X.',
  'Was muss ich über X wissen?',
  'Schreibe einen kurzen Brief an Y wegen X.',
  'Fasse zusammen, was Y über X sagen würde.',
];
const germanThings = [
  'die Mülltrennung',
  'den Mietvertrag',
  'die Steuererklärung',
  'das Wetter im Herbst',
  'die Krankenkasse',
  'den Dreißigjährigen Krieg',
  'die Kündigungsfrist',
  'das Rezept für Apfelkuchen',
  'die Bahnverspätung',
  'den Garten im Winter',
];
const germanPeople = [
  'meine Nachbarin',
  'den Vermieter',
  'einen Freund',
  'das Amt',
  'meine Lehrerin',
  'die Schule',
  'den Chef',
  'meine Großmutter',
  'den Verein',
];

const generalFrames = [
  'Give me three ideas for X with Y.',
  'Why do people like X more than Y?',
  'Tell a short story about X and Y.',
  'Compare X and Y in two sentences.',
];
const generalThings = [
  'coffee',
  'a rainy weekend',
  'old photographs',
  'hiking',
  'a birthday party',
  'houseplants',
  'jazz',
  'moving house',
  'pasta',
  'a long train ride',
];

export function shortPrompts(): ShortPrompt[] {
  const code = languages.flatMap((l) =>
    tasks.flatMap((t) => codeFrames.map((frame) => frame.replace('L', l).replace('T', t))),
  );
  const german = pairs(germanFrames, germanThings, germanPeople);
  const general = pairs(generalFrames, generalThings, generalThings);
  const kinds = { code, german, general };
  const longest = Math.max(...Object.values(kinds).map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) =>
    (['code', 'german', 'general'] as const).flatMap((kind) => {
      // 37 has no divisor in common with the lists' lengths: neighbours differ in every part.
      const texts = kinds[kind];
      return i < texts.length ? [{ kind, text: texts[(i * 37) % texts.length]! }] : [];
    }),
  ).flat();
}

function pairs(frames: readonly string[], xs: readonly string[], ys: readonly string[]): string[] {
  const texts = frames.flatMap((frame) =>
    xs.flatMap((x) => ys.map((y) => frame.replace('X', x).replace('Y', y))),
  );
  return [...new Set(texts)];
}
