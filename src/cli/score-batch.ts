import { setMaxListeners } from 'node:events';
import { ConfigError } from '../errors.ts';
import type { CliIo } from './cli-io.ts';
import { createLineWriter } from './line-writer.ts';
import { mapInOrder } from './map-in-order.ts';
import { BadLineError, lineText, parseJsonLine } from './prompt-line.ts';
import { readLines, type Line } from './read-lines.ts';
import { promptsInFlight, type CreateScorer, type Scorer } from './scorer.ts';

/** Flags as they come from the command line. */
export interface ScoreBatchOptions {
  readonly strongModel?: string | undefined;
  readonly weakModel?: string | undefined;
  readonly router?: string | undefined;
  readonly threshold?: string | undefined;
}

export interface ScoreBatchDeps {
  readonly createScorer: CreateScorer;
}

export const scoreBatchHelp = `
Reads JSON lines from stdin, each with "id" (string or number) and "prompt" or "messages", and
writes for each one line {"id","win_rate","tier"} to stdout, in the same order. At or above the
threshold the tier is "strong"; without --threshold it is the router's default.

A line that cannot be scored stops nothing: its output line is {"id","line","error"} with the line
number, and the id null where there is none; stderr names it. The exit code is then 1, else 0.

  pointsman score --strong-model gpt-4o --weak-model llama3 < prompts.jsonl > scores.jsonl
  pointsman score --strong-model gpt-4o --weak-model llama3 "Is 221 prime?" "Say hello."
`;

interface Outcome {
  readonly json: string;
  /** What stderr is told; null for a line that was scored. */
  readonly error: string | null;
}

/** More errors than this are only counted on stderr; the output has them all. */
const errorsShown = 20;

/** Exit code: 0, or 1 when a line could not be scored. @throws ConfigError for wrong flags */
export async function runScoreBatch(
  options: ScoreBatchOptions,
  io: Pick<CliIo, 'stdin' | 'stdout' | 'stderr'>,
  deps: ScoreBatchDeps,
): Promise<number> {
  const { strongModel, weakModel } = options;
  if (strongModel === undefined) throw new ConfigError('score needs --strong-model MODEL.');
  if (weakModel === undefined) throw new ConfigError('score needs --weak-model MODEL.');
  const ownThreshold = parseThreshold(options.threshold);
  const router = options.router ?? 'mf';
  const scorer = await deps.createScorer({ router, strongModel, weakModel });
  const threshold = ownThreshold ?? scorer.router.defaultThreshold;
  const readerGone = new AbortController();
  // Each prompt that is being scored listens to it: many are no leak.
  setMaxListeners(0, readerGone.signal);
  const output = createLineWriter(io.stdout);
  let lines = 0;
  let failed = 0;
  try {
    const score = (line: Line) => scoreLine(line, scorer, threshold, readerGone.signal);
    for await (const { json, error } of mapInOrder(
      filledLines(readLines(io.stdin)),
      promptsInFlight,
      score,
    )) {
      lines += 1;
      if (error !== null && ++failed <= errorsShown) {
        io.stderr.write(`pointsman score: ${error}\n`);
      }
      if (await output.write(json)) continue;
      io.stdin.destroy();
      break;
    }
  } finally {
    readerGone.abort();
    await scorer.close();
  }
  if (failed === 0) return 0;
  io.stderr.write(
    `pointsman score: ${failed} of ${lines} lines could not be scored; their output lines say why.\n`,
  );
  return 1;
}

async function* filledLines(lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  for await (const line of lines) {
    if (line.text === null || line.text.trim() !== '') yield line;
  }
}

async function scoreLine(
  line: Line,
  { router }: Scorer,
  threshold: number,
  signal: AbortSignal,
): Promise<Outcome> {
  let id: string | number | null = null;
  try {
    const fields = parseJsonLine(textOf(line));
    id = parseId(fields['id']);
    const text = lineText(fields);
    if (text === null) throw new BadLineError('has no text to score');
    const { winRate } = await router.score(text, signal);
    if (!Number.isFinite(winRate)) throw new Error(`the router gave ${winRate}`);
    const tier = winRate >= threshold ? 'strong' : 'weak';
    return { json: JSON.stringify({ id, win_rate: winRate, tier }), error: null };
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    const json = JSON.stringify({ id, line: line.number, error });
    return { json, error: `line ${line.number}: ${error}` };
  }
}

function textOf({ text, problem }: Line): string {
  if (text === null) throw new BadLineError(problem);
  return text;
}

function parseId(id: unknown): string | number {
  if (typeof id === 'string') return id;
  if (typeof id !== 'number') throw new BadLineError('needs "id", a string or a number');
  if (Number.isInteger(id) && !Number.isSafeInteger(id)) {
    throw new BadLineError('"id" has more digits than a JSON number keeps: write it as a string');
  }
  return id;
}

function parseThreshold(text: string | undefined): number | null {
  if (text === undefined) return null;
  const threshold = Number(text);
  if (text.trim() !== '' && threshold >= 0 && threshold <= 1) return threshold;
  throw new ConfigError(`--threshold ${text} is not a number between 0 and 1.`);
}
