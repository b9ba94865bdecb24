// npx tsx scripts/make-model-catalog.ts [../shared/data]  ->  models/model-catalog.json
// Ids, sizes and counts come from the outcome data; what follows here is kept by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { z } from 'zod';

/** Names that people use -> ids of the data. */
const extraAliases: Record<string, string> = {
  'demo-strong': 'llama-3-70b-instruct',
  'demo-weak': 'llama-3-8b-instruct',
  'gpt-4o': 'gpt-4o-2024-05-13',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-4-turbo': 'gpt-4-turbo-2024-04-09',
  'gpt-4-turbo-preview': 'gpt-4-1106-preview',
  'gpt-4': 'gpt-4-0613',
  'gpt-3.5-turbo': 'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-0301': 'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-0613': 'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-1106': 'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-16k': 'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-16k-0613': 'gpt-3.5-turbo-0125',
  'gpt-35-turbo': 'gpt-3.5-turbo-0125',
  'gpt-35-turbo-16k': 'gpt-3.5-turbo-0125',
  'chatgpt-4o-latest': 'chatgpt-4o-latest-2024-09-07',
  'o1-mini': 'o1-mini-2024-09-12',
  'o1-preview': 'o1-preview-2024-09-12',
  'claude-3-haiku': 'claude-3-haiku-20240307',
  'claude-3-sonnet': 'claude-3-sonnet-20240229',
  'claude-3-opus': 'claude-3-opus-20240229',
  'claude-3-opus-latest': 'claude-3-opus-20240229',
  'claude-3.5-sonnet': 'claude-3-5-sonnet-20240620',
  'claude-3-5-sonnet': 'claude-3-5-sonnet-20240620',
  'claude-3-5-sonnet-latest': 'claude-3-5-sonnet-20241022',
  'claude-3.5-haiku': 'claude-3-5-haiku-20241022',
  'claude-3-5-haiku': 'claude-3-5-haiku-20241022',
  'claude-3-5-haiku-latest': 'claude-3-5-haiku-20241022',
  'gemini-1.5-flash-latest': 'gemini-1.5-flash',
  'gemini-1.5-pro-latest': 'gemini-1.5-pro',
  'open-mixtral-8x7b': 'mixtral-8x7b-instruct-v0.1',
  'mixtral-8x7b-32768': 'mixtral-8x7b-instruct-v0.1',
  'open-mistral-nemo': 'mistral-nemo-instruct-2407',
  'mistral:latest': 'mistral-7b-instruct-v0.2',
  mistral: 'mistral-7b-instruct-v0.2',
  'mistral:7b': 'mistral-7b-instruct-v0.2',
  'mistral:v0.1': 'mistral-7b-instruct-v0.1',
  'mistral:v0.2': 'mistral-7b-instruct-v0.2',
  'mistral:v0.3': 'mistral-7b-instruct-v0.2',
  'mistral:7b-instruct-v0.3': 'mistral-7b-instruct-v0.2',
  'open-mistral-7b': 'mistral-7b-instruct-v0.2',
  'llama3-70b-8192': 'llama-3-70b-instruct',
  'llama3-8b-8192': 'llama-3-8b-instruct',
  'llama-3.1-8b-instant': 'llama-3.1-8b-instruct',
  'llama-3.1-70b-versatile': 'llama-3.1-70b-instruct',
  'deepseek-coder-v2:latest': 'deepseek-coder-v2-lite-instruct',
};

/** Billions of parameters of an untagged name ("phi4" as Ollama pulls it). */
const defaultSizes: Record<string, number> = {
  'llama3.2': 3.2,
  'llama3.2-vision': 10.7,
  'llama3.3': 70.6,
  llama4: 109,
  llama2: 6.7,
  qwen3: 8.2,
  'qwen3-coder': 30.5,
  'qwen2.5-coder': 7.6,
  'qwen2.5vl': 8.3,
  gemma3: 4.3,
  gemma3n: 6.9,
  gemma: 8.5,
  'mistral-small': 23.6,
  'mistral-small3.1': 24,
  'mistral-small3.2': 24,
  magistral: 23.6,
  devstral: 23.6,
  ministral: 8,
  phi: 2.8,
  phi4: 14.7,
  'phi4-mini': 3.8,
  'phi4-reasoning': 14.7,
  'deepseek-r1': 8.2,
  'deepseek-v3': 671,
  'deepseek-v3.1': 671,
  'deepseek-chat': 671,
  'deepseek-reasoner': 671,
  'gpt-oss': 20.9,
  'granite3.3': 8,
  tinyllama: 1.1,
  smollm2: 1.7,
  'orca-mini': 3,
  vicuna: 7,
  zephyr: 7,
  openchat: 7,
  openhermes: 7.2,
  'neural-chat': 7.2,
  'starling-lm': 7.2,
  wizardlm2: 7.2,
  'dolphin-mistral': 7.2,
  dolphin3: 8,
  hermes3: 8,
  codellama: 6.7,
  olmo2: 7.3,
  falcon3: 7.5,
  'aya-expanse': 8,
  solar: 10.7,
};

/**
 * Closed models: the size of open models of like strength, in billions, for stand-ins only. A
 * guess from the tables of the data, not a claim about the models.
 */
const sizeClasses: [string, number][] = [
  ['nano|flash-lite|flash-8b', 8],
  ['gpt-3\\.5|\\bmini\\b|haiku|reka-flash', 25],
  ['flash|small', 50],
  ['claude-2|claude-instant|medium|gemini-pro', 60],
  ['sonnet-2024022|gpt-4-0613|gpt-4-0314|text-unicorn|palmyra-x-v3', 75],
  ['gpt-[5-9]|\\bo[1-9]|opus-4|sonnet-4|gemini-[23]', 600],
  ['gpt|claude|gemini|grok|sonnet|opus|pro\\b|large|max|core|palmyra', 300],
];

/** Words in a name -> family; the first that fits. */
const families: [string, string][] = [
  ['qwen|qwq', 'qwen'],
  ['deepseek', 'deepseek'],
  ['gemma', 'gemma'],
  ['mi[sx]tral|mathstral|codestral|magistral|devstral|ministral', 'mistral'],
  ['\\bphi', 'phi'],
  ['gpt|chatgpt|\\bo[1-9]\\b|davinci', 'openai'],
  ['claude|haiku|sonnet|opus', 'anthropic'],
  ['gemini|palm|bard', 'google'],
  ['command|aya|cohere', 'cohere'],
  ['\\byi\\b', 'yi'],
  ['grok', 'xai'],
  ['reka', 'reka'],
  ['jamba', 'jamba'],
  ['llama|vicuna|hermes|nemotron|athene|dolphin', 'llama'],
];

const modelSchema = z.record(
  z.string(),
  z.object({
    family: z.string(),
    params_b: z.number().nullable(),
    aliases: z.array(z.string()),
    ollama: z.array(z.string()),
    prompts: z.number(),
    by_source: z.record(z.string(), z.number()),
  }),
);

const data = process.argv[2] ?? '../shared/data';
const models = modelSchema.parse(
  JSON.parse(readFileSync(join(data, 'outcomes', 'models.json'), 'utf8')),
);
const aliases = new Map<string, string>();
// The better known model keeps an alias that two claim.
for (const [id, { aliases: names, ollama, prompts }] of Object.entries(models)) {
  for (const name of [...names, ...ollama]) {
    const other = aliases.get(name);
    if (name !== id && (!other || models[other]!.prompts < prompts)) aliases.set(name, id);
  }
}
for (const [name, id] of Object.entries(extraAliases)) {
  if (!models[id]) throw new Error(`alias ${name}: no model ${id}`);
  aliases.set(name, id);
}
const closedSize = (id: string): number | null =>
  sizeClasses.find(([pattern]) => new RegExp(pattern).test(id))?.[1] ?? null;
const catalog = {
  formatVersion: 1,
  models: Object.entries(models).map(([id, { family, params_b, prompts, by_source }]) => ({
    id,
    family,
    billions: params_b ?? closedSize(id),
    prompts,
    sources: Object.keys(by_source).length,
  })),
  aliases: Object.fromEntries([...aliases].sort(([a], [b]) => (a < b ? -1 : 1))),
  families,
  sizeClasses,
  defaultSizes,
};
const text = await format(JSON.stringify(catalog), { parser: 'json', printWidth: 100 });
writeFileSync('models/model-catalog.json', text);
