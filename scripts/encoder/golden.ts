/**
 * Writes test/fixtures/minilm-golden.json from the exported original:
 * npx tsx scripts/encoder/golden.ts (needs the npm registry).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { windowEnds, windowOf } from '../../src/embedding/minilm-encoder.ts';
import { windowPlaces } from './minilm-graph.ts';
import { loadOriginal } from './original.ts';

const target = fileURLToPath(new URL('../../test/fixtures/minilm-golden.json', import.meta.url));

const texts = [
  '',
  'a',
  'Hello, world!',
  'hi there, how are you today?',
  '  two spaces before, two after  ',
  'What is the capital of France?',
  'How many r are there in strawberry? Think step by step.',
  'Summarize this abstract in two sentences:\n\nWe present a new method.',
  'Line one\nLine two\r\n\tindented line three',
  'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n',
  '{"name": "pointsman", "scripts": {"test": "vitest run"}, "version": "0.1.0"}',
  'SELECT name, count(*) FROM orders WHERE total >= 99.5 GROUP BY name;',
  'Let $f(x) = \\frac{x^2 - 1}{x + 1}$. Find $\\lim_{x \\to -1} f(x)$.',
  '9.11 or 9.9, which is bigger? 1234567890 + 987.65 = ?',
  'Wie viele Bundesländer hat Deutschland, und welches ist das größte?',
  'Explique-moi la différence entre « être » et « avoir », s’il te plaît.',
  '四国地方の４つの都道府県名を列挙してください。',
  'Что такое градиентный спуск?',
  'ما هي عاصمة فرنسا؟',
  'Great job 🎉👍🏽 family: 👩‍👩‍👧 flag: 🇩🇪',
  'ﬁne ligature, Ⅷ roman, ½ half, full-width ＡＢＣ, e\u0301 combined',
  'literal tokens: [CLS] [SEP] [MASK] [UNK] ##ing \ufffd',
  'nul \u0000 bell \u0007 lone surrogate \ud800 end',
  'The quick brown fox jumps over the lazy dog, and then it does so again. '.repeat(24),
  'Write a function that parses a date. Here is what I have: const d = new Date(input); '.repeat(
    18,
  ),
];

const folder = mkdtempSync(join(tmpdir(), 'minilm-original-'));
try {
  const original = await loadOriginal(folder);
  const entries = [];
  for (const text of texts) {
    const ids = await original.tokenize(text);
    const mean = await original.meanOfTokens(windowOf(ids.slice(0, windowPlaces - windowEnds)));
    entries.push({
      text,
      ids,
      meanOfFirstWindow: Array.from(mean, (value) => Number(value.toFixed(5))),
    });
  }
  writeFileSync(target, `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
  console.log(`wrote ${entries.length} texts to ${target}`);
} finally {
  rmSync(folder, { recursive: true });
}
