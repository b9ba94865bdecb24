import { streamOf, type Script } from './scripted-upstream.ts';

/** A stream of two words, cut behind the first. */
export function twoHalves(model: string) {
  const text = streamOf(model, [{ content: 'one' }, { content: 'two' }], false);
  const half = text.slice(0, text.indexOf('data:', text.indexOf('one')));
  /** Sends the first half at once and the rest when told to. */
  const script = (goOn: Promise<void>): Script => {
    return async (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(half);
      await goOn;
      res.end(text.slice(half.length));
    };
  };
  return { text, half, script };
}
