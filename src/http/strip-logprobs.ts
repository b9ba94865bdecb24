import { createEventSplitter } from '../upstream/sse-events.ts';
import { stringEnd } from './json-text.ts';

/**
 * A completion, or a chunk of one, with `null` in place of each choice's `logprobs`, as OpenAI
 * writes it when nobody asked; all other bytes stay. Relies on `json` being a JSON object.
 */
export function withoutLogprobs(json: string): string {
  if (!json.includes('"logprobs"')) return json;
  let out = '';
  let at = 0;
  for (const [start, end] of logprobSpans(json)) {
    out += `${json.slice(at, start)}null`;
    at = end;
  }
  return out + json.slice(at);
}

/** The same of whole server-sent events. */
export function eventsWithoutLogprobs(bytes: Buffer): Buffer {
  if (!bytes.includes('"logprobs"')) return bytes;
  const splitter = createEventSplitter(bytes.length);
  const rest = () => {
    const last = splitter.end();
    return last === null ? [] : [last];
  };
  const events = [...splitter.push(bytes), ...rest()];
  return Buffer.concat(
    events.map(({ bytes: event, data }) => {
      const stripped = data === null ? data : withoutLogprobs(data);
      if (data === null || stripped === null || stripped === data) return event;
      const text = event.toString('utf8');
      // A chunk over several data lines is written on one.
      return Buffer.from(
        text.includes(data)
          ? text.replace(data, () => stripped)
          : `data: ${stripped.replace(/\n/g, ' ')}\n\n`,
      );
    }),
  );
}

interface Frame {
  readonly isObject: boolean;
  /** Of the member that is being read. */
  key: string | null;
  isKeyNext: boolean;
}

/** Start and end of the values of `choices[*].logprobs`, in order. */
function logprobSpans(json: string): [number, number][] {
  const spans: [number, number][] = [];
  const frames: Frame[] = [];
  let start = -1;
  const endValue = (at: number) => {
    if (start < 0 || frames.length !== 3) return;
    const value = json.slice(start, at);
    spans.push([at - value.trimStart().length, start + value.trimEnd().length]);
    start = -1;
  };
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    const frame = frames.at(-1);
    if (char === '"') {
      const close = stringEnd(json, i);
      if (frame?.isKeyNext === true) {
        frame.key = JSON.parse(json.slice(i, close)) as string;
        frame.isKeyNext = false;
      }
      i = close - 1;
    } else if (char === '{' || char === '[') {
      frames.push({ isObject: char === '{', key: null, isKeyNext: char === '{' });
    } else if (char === '}' || char === ']') {
      endValue(i);
      frames.pop();
    } else if (char === ',') {
      endValue(i);
      if (frame?.isObject === true) frame.isKeyNext = true;
    } else if (char === ':' && frame?.key === 'logprobs') {
      if (frames.length === 3 && frames[0]?.key === 'choices') start = i + 1;
    }
  }
  return spans;
}
