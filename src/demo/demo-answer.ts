import { countWords, type DemoRequest, type DemoTool } from './demo-request.ts';

export interface DemoToolCall {
  readonly name: string;
  readonly arguments: string;
}

/** What a simulated model says; the same request always gets the same answer. */
export interface DemoAnswer {
  /** Each with the space before it; empty when a tool is called. */
  readonly words: readonly string[];
  readonly toolCall: DemoToolCall | null;
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** Words without the label. */
  readonly completionTokens: number;
}

/** Long enough to recognise the prompt, short enough to read in a terminal. */
const longestQuote = 160;

export function writeAnswer(request: DemoRequest, tier: 'strong' | 'weak'): DemoAnswer {
  const tool = chooseTool(request);
  if (tool !== null) {
    const toolCall = { name: tool.name, arguments: writeArguments(tool, request.last.text) };
    const completionTokens = countWords(toolCall.arguments) + 1;
    return { words: [], toolCall, finishReason: 'tool_calls', completionTokens };
  }
  // The label stays whole whatever the client allows, so it counts for nothing.
  const label = wordsOf(`[simulated answer of ${request.model}]`);
  const words = wordsOf(cutAtStop(` ${writeText(request, tier)}`, request.stop));
  const kept = words.slice(0, request.maxTokens);
  return {
    words: [...label, ...kept],
    toolCall: null,
    finishReason: kept.length < words.length ? 'length' : 'stop',
    completionTokens: kept.length,
  };
}

function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}

function writeText({ last }: DemoRequest, tier: 'strong' | 'weak'): string {
  const text = last.text.replace(/\s+/g, ' ').trim();
  const quote = text.length > longestQuote ? `${text.slice(0, longestQuote).trimEnd()}…` : text;
  if (last.role === 'tool') return `The tool answered: "${quote}". A real model would now use it.`;
  const asked = quote === '' ? 'Your message holds no text.' : `You asked: "${quote}"`;
  const routed = `pointsman sent this to the ${tier} tier`;
  if (tier === 'weak') {
    return `${asked} No model was asked: ${routed}, where a small, cheap model would answer.`;
  }
  return (
    `${asked} No model was asked: ${routed}, where a large model would take more time and answer ` +
    `with more care. The response headers x-pointsman-score and x-pointsman-threshold say why. ` +
    `Start pointsman with --strong-model and --weak-model to get real answers.`
  );
}

function cutAtStop(text: string, stop: readonly string[]): string {
  const ends = stop
    .map((mark) => (mark === '' ? -1 : text.indexOf(mark)))
    .filter((end) => end >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}

/** The first tool whose name shares a word with the question ("get_weather", "weather"). */
function chooseTool({ tools, mustCall, last }: DemoRequest): DemoTool | null {
  if (mustCall) return tools[0] ?? null;
  if (last.role !== 'user') return null;
  const asked = last.text.toLowerCase();
  const isAskedFor = ({ name }: DemoTool) =>
    name
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .some((word) => word.length > 3 && asked.includes(word));
  return tools.find(isAskedFor) ?? null;
}

function writeArguments(tool: DemoTool, text: string): string {
  const entries = Object.entries(tool.parameters).map(([name, schema]) => [
    name,
    valueFor(schema, text),
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

function valueFor(schema: unknown, text: string): unknown {
  const { type, enum: choices } = (typeof schema === 'object' && schema !== null ? schema : {}) as {
    type?: unknown;
    enum?: unknown;
  };
  if (Array.isArray(choices)) return choices[0] as unknown;
  if (type === 'number' || type === 'integer') return Number(/\d+/.exec(text)?.[0] ?? 0);
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  if (type === 'object') return {};
  const place = /\b(?:in|for|at) (\p{Lu}[\p{L}-]*(?: \p{Lu}[\p{L}-]*)*)/u.exec(text)?.[1];
  return place ?? text.slice(0, longestQuote);
}
