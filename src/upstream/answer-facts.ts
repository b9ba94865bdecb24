import { isObject } from '../is-object.ts';

/** What the log wants to know of an answer; filled while its bytes pass by. */
export interface AnswerFacts {
  /** The model that the upstream says answered. */
  model: string | null;
  finishReason: string | null;
  promptTokens: number | null;
  /** Of the prompt, read from the upstream's cache. */
  cachedTokens: number | null;
  completionTokens: number | null;
  /** Characters of content, reasoning, calls and transcripts so far: an estimate's base. */
  contentChars: number;
  /** True until something came that a client can use: text, a refusal, a tool call, audio. */
  isEmpty: boolean;
  callsTools: boolean;
  /** Of the first choice's first tokens; null when nobody asked for them. */
  readonly logprobs: FirstLogprobs | null;
  /** The first choice's text; null when nobody asked for it. */
  readonly kept: KeptText | null;
  /** By `index`: whether the choice has its finish reason. */
  readonly choices: Map<number, boolean>;
  /** Number of a response's last event; null where events have none. */
  sequence: number | null;
}

/** Log-probabilities of an answer's first tokens, as the upstream says. */
export interface FirstLogprobs {
  /** Tokens that are looked at. */
  readonly wanted: number;
  /** Those that came with a log-probability, at most `wanted`. */
  count: number;
  /** Natural logarithms, none below `leastLogprob`. */
  sum: number;
}

/** OpenAI says -9999 of a token that is out of the question; it must not outweigh all others. */
const leastLogprob = -20;

/** Kept in memory only, until the answer has been looked at. */
export interface KeptText {
  text: string;
  /** False when the text was too long to keep. */
  isWhole: boolean;
}

/** UTF-16 units of an answer that are kept at most. */
const maxKeptChars = 256 * 1024;

export function emptyFacts(keepText = false, firstLogprobs = 0): AnswerFacts {
  return {
    model: null,
    finishReason: null,
    promptTokens: null,
    cachedTokens: null,
    completionTokens: null,
    contentChars: 0,
    isEmpty: true,
    callsTools: false,
    kept: keepText ? { text: '', isWhole: true } : null,
    logprobs: firstLogprobs > 0 ? { wanted: firstLogprobs, count: 0, sum: 0 } : null,
    choices: new Map(),
    sequence: null,
  };
}

/** With `n` > 1 several choices interleave: the answer is whole when each has its end. */
export function isComplete({ choices }: AnswerFacts): boolean {
  return choices.size > 0 && [...choices.values()].every(Boolean);
}

type Json = Record<string, unknown>;

/**
 * Reads a completion, or one chunk of it, loosely: every field may be missing or odd. True when
 * it carries content: anything but a role, or a finish reason.
 */
export function readFacts(facts: AnswerFacts, body: Json): boolean {
  if (typeof body['model'] === 'string' && body['model'] !== '') facts.model ??= body['model'];
  readUsage(facts, body['usage']);
  let hasContent = false;
  for (const choice of asArray(body['choices'])) {
    if (!isObject(choice)) continue;
    const message = choice['delta'] ?? choice['message'];
    const chars = (isObject(message) ? messageChars(message) : 0) + stringLength(choice['text']);
    facts.contentChars += chars;
    if (chars > 0 || (isObject(message) && saysSomething(message))) hasContent = true;
    noteUse(facts, choice, message);
    if (facts.logprobs !== null) noteLogprobs(facts.logprobs, choice);
    const finish = choice['finish_reason'];
    const isFinished = typeof finish === 'string' && finish !== ''; // some send '' for "not yet"
    noteChoice(facts, choice['index'], isFinished);
    if (isFinished) {
      facts.finishReason ??= finish;
      hasContent = true;
    }
  }
  return hasContent;
}

/** Whether any member but the role holds something: text, a call, sound, or what is yet to come. */
function saysSomething(message: Json): boolean {
  return Object.entries(message).some(([name, value]) => name !== 'role' && !isNothing(value));
}

function isNothing(value: unknown): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.length === 0;
  return !isObject(value) || Object.keys(value).length === 0;
}

/** What of it a client can use: reasoning alone is no answer. */
function noteUse(facts: AnswerFacts, choice: Json, message: unknown): void {
  const said = isObject(message) ? contentOf(message['content']) : '';
  const text = said + (typeof choice['text'] === 'string' ? choice['text'] : '');
  noteText(facts, text, (choice['index'] ?? 0) === 0);
  if (!isObject(message)) return;
  if (asArray(message['tool_calls']).length > 0 || isObject(message['function_call'])) {
    facts.callsTools = true;
    facts.isEmpty = false;
  }
  if (stringLength(message['refusal']) > 0 || isObject(message['audio'])) facts.isEmpty = false;
}

/** What the answer says; of several choices only the first one's text is kept. */
export function noteText(facts: AnswerFacts, text: string, isFirst = true): void {
  if (facts.kept !== null && isFirst) keep(facts.kept, text);
  if (facts.isEmpty && /\S/.test(text)) facts.isEmpty = false;
}

function keep(kept: KeptText, text: string): void {
  if (kept.text.length + text.length > maxKeptChars) kept.isWhole = false;
  if (kept.isWhole) kept.text += text;
}

function noteLogprobs(logprobs: FirstLogprobs, choice: Json): void {
  if ((choice['index'] ?? 0) !== 0 || !isObject(choice['logprobs'])) return;
  for (const token of asArray(choice['logprobs']['content'])) {
    if (logprobs.count >= logprobs.wanted) return;
    const value = isObject(token) ? token['logprob'] : null;
    if (typeof value !== 'number' || !(value <= 0)) continue;
    logprobs.count++;
    logprobs.sum += Math.max(leastLogprob, value);
  }
}

/** A string, or the texts of a list of parts. */
function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  let text = '';
  for (const part of asArray(content)) {
    if (isObject(part) && typeof part['text'] === 'string') text += part['text'];
  }
  return text;
}

/** OpenAI's largest `n`; what an upstream counts beyond it is not kept. */
const maxChoices = 128;

/** A choice without an index is the only one. */
function noteChoice({ choices }: AnswerFacts, index: unknown, isFinished: boolean): void {
  const key = typeof index === 'number' ? index : 0;
  if (choices.size >= maxChoices && !choices.has(key)) return;
  choices.set(key, isFinished || choices.get(key) === true);
}

function readUsage(facts: AnswerFacts, usage: unknown): void {
  if (!isObject(usage)) return;
  facts.promptTokens = tokenCount(usage['prompt_tokens']) ?? facts.promptTokens;
  const details = usage['prompt_tokens_details'];
  facts.cachedTokens =
    tokenCount(isObject(details) ? details['cached_tokens'] : null) ??
    tokenCount(usage['prompt_cache_hit_tokens']) ??
    facts.cachedTokens;
  facts.completionTokens = tokenCount(usage['completion_tokens']) ?? facts.completionTokens;
}

/** An explicit 0 is 0 (LiteLLM#37992); anything that is no count is unknown. */
export function tokenCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function messageChars(message: Json): number {
  let chars = stringLength(message['content']) + stringLength(message['refusal']);
  chars += stringLength(message['reasoning']) + stringLength(message['reasoning_content']);
  if (Array.isArray(message['content'])) {
    for (const part of message['content']) if (isObject(part)) chars += stringLength(part['text']);
  }
  for (const call of asArray(message['tool_calls'])) {
    if (isObject(call)) chars += callChars(call['function']);
  }
  chars += callChars(message['function_call']);
  const { audio } = message;
  return isObject(audio) ? chars + stringLength(audio['transcript']) : chars;
}

function callChars(call: unknown): number {
  return isObject(call) ? stringLength(call['name']) + stringLength(call['arguments']) : 0;
}

export function stringLength(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
