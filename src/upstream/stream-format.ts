import { isObject } from '../is-object.ts';
import { isComplete, readFacts, type AnswerFacts } from './answer-facts.ts';
import type { ApiPath } from './call-target.ts';
import { readResponseEvent } from './response-facts.ts';
import type { EventKind, SseEvent } from './sse-events.ts';
import { createWordChunks, type WordChunks } from './word-chunks.ts';

type Json = Record<string, unknown>;

/** How an API writes an answer as a stream of events. */
export interface StreamFormat {
  /** What ends a stream beside its answer's last event; null: that event is the end. */
  readonly endMark: Buffer | null;
  /** As much of it as is held back while nothing is there that a reader would see. */
  readonly maxHeldBytes: number;
  /** Chunks that need not be parsed; null where there are none. One stream's alone. */
  readonly words: WordChunks | null;
  /** Reads an event's JSON into `facts`, loosely. */
  read(facts: AnswerFacts, event: Json): EventKind;
  /** Whether an event reports that the answer failed. */
  isFailure(event: SseEvent, json: Json): boolean;
  /** Whether the answer is whole although its stream has no end. */
  isComplete(facts: AnswerFacts): boolean;
}

/** @param stripUsage keeps a completion's usage chunk from the client */
export function streamFormat(path: ApiPath, stripUsage: boolean): StreamFormat {
  if (path === 'responses') return responses;
  return {
    endMark,
    maxHeldBytes: 256 * 1024,
    words: createWordChunks(),
    read: stripUsage ? readAllButUsage : readChunk,
    isFailure: hasError,
    isComplete,
  };
}

const endMark = Buffer.from('data: [DONE]\n\n');

function readChunk(facts: AnswerFacts, chunk: Json): EventKind {
  return readFacts(facts, chunk) ? 'content' : 'prelude';
}

/** Where usage was asked for by us alone. */
function readAllButUsage(facts: AnswerFacts, chunk: Json): EventKind {
  const kind = readChunk(facts, chunk);
  return isUsageOnly(chunk) ? 'drop' : kind;
}

const responses: StreamFormat = {
  endMark: null,
  maxHeldBytes: 2 * 1024 * 1024, // its first events repeat instructions and tools
  words: null,
  read: readResponseEvent,
  isFailure: (event, json) =>
    hasError(event, json) || json['type'] === 'error' || json['type'] === 'response.failed',
  isComplete: () => false, // the event that completes it is the end
};

function hasError({ name }: SseEvent, { error }: Json): boolean {
  return name === 'error' || (error !== undefined && error !== null && error !== '');
}

/** Servers write no choices as `[]`, as null or not at all. */
function isUsageOnly({ usage, choices }: Json): boolean {
  return isObject(usage) && (!Array.isArray(choices) || choices.length === 0);
}
