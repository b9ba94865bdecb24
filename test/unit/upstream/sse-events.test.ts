import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { createEventSplitter, type SseEvent } from '../../../src/upstream/sse-events.ts';

function split(chunks: readonly Buffer[]): SseEvent[] {
  const splitter = createEventSplitter(1024 * 1024);
  const events = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.end();
  return rest === null ? events : [...events, rest];
}

function cutAt(bytes: Buffer, ...offsets: number[]): Buffer[] {
  const cuts = [0, ...[...offsets].sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

const recorded: Record<string, string> = {
  'LF lines': 'data: {"a":1}\n\ndata: {"b":"😀 é"}\n\ndata: [DONE]\n\n',
  'CRLF lines': 'data: {"a":1}\r\n\r\ndata: {"b":"😀 é"}\r\n\r\ndata: [DONE]\r\n\r\n',
  'CR lines': 'data: {"a":1}\r\rdata: {"b":"😀 é"}\r\rdata: [DONE]\r\r',
  'mixed lines': 'data: {"a":1}\n\r\ndata: {"b":"😀 é"}\r\n\ndata: [DONE]\n\n',
  'comments, names, no space':
    ': hi\n\nevent: x\ndata:{"a":1}\n\ndata:{"b":"😀 é"}\n\ndata:[DONE]\n\n',
  'a BOM': '\ufeffdata: {"a":1}\n\ndata: {"b":"😀 é"}\n\ndata: [DONE]\n\n',
};

describe.each(Object.entries(recorded))('a stream with %s', (_name, text) => {
  const bytes = Buffer.from(text);

  test('gives the same events however its bytes are cut', () => {
    const whole = split([bytes]);
    expect(whole.map((event) => event.data).filter((data) => data !== null)).toEqual([
      '{"a":1}',
      '{"b":"😀 é"}',
      '[DONE]',
    ]);
    const single = cutAt(bytes, ...Array.from(bytes.keys()));
    expect(split(single)).toEqual(whole);
    for (let at = 0; at <= bytes.length; at++) expect(split(cutAt(bytes, at))).toEqual(whole);
    for (let size = 1; size <= 9; size++) {
      const offsets = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size);
      expect(split(cutAt(bytes, ...offsets))).toEqual(whole);
    }
  });

  test('keeps every byte but the BOM', () => {
    const kept = Buffer.concat(split([bytes]).map((event) => event.bytes));
    expect(kept.toString()).toBe(text.replace('\ufeff', ''));
  });
});

test('any text and any cuts: the same events, and no byte lost', () => {
  const piece = fc.constantFrom(
    'data: x',
    'data:',
    ':c',
    '\n',
    '\r',
    '\r\n',
    'event: e',
    '😀',
    ' ',
  );
  const property = fc.property(
    fc.array(piece, { maxLength: 30 }),
    fc.array(fc.nat(200), { maxLength: 8 }),
    (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''));
      const offsets = cuts.map((cut) => cut % (bytes.length + 1));
      const whole = split([bytes]);
      const recut = split(cutAt(bytes, ...offsets));
      expect(recut.map((event) => event.data)).toEqual(whole.map((event) => event.data));
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test('an event that never ends is refused at the limit', () => {
  const splitter = createEventSplitter(100);
  expect(() => {
    for (let i = 0; i < 50; i++) splitter.push(Buffer.from('data: aaaa'));
  }).toThrow(UpstreamError);
});
