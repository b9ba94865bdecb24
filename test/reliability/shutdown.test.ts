import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { openRaw } from '../support/raw-client.ts';
import { readLog } from '../support/read-log.ts';
import { startScriptedUpstream, streamOf, type Script } from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const text = streamOf('weak-model:7b', [{ content: 'one' }, { content: 'two' }], false);
const half = text.slice(0, text.indexOf('data:', text.indexOf('one')));

test('F34: of 20 streams those in time finish, the others end in an error event, all are logged', async () => {
  const upstream = await startScriptedUpstream();
  const db = join(tempFolder(), 'log.db'); // outlives the gateway
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    db,
    timeouts: { ...config.timeouts, drainMs: 400 },
  }));
  let goOn = () => {};
  const going = new Promise<void>((resolve) => (goOn = resolve));
  const inTime = (isInTime: boolean): Script => {
    return async (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(half);
      if (!isInTime) return;
      await going;
      res.end(text.slice(half.length));
    };
  };
  upstream.enqueue(...Array.from({ length: 20 }, (_, i) => inTime(i % 2 === 0)));
  const url = `${gateway.url}/v1/chat/completions`;
  const body = JSON.stringify(ask('hi', { stream: true }));
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => fetch(url, { method: 'POST', body })),
  );
  const idle = await openRaw(gateway.url); // a kept connection, with nothing under way
  idle.send('GET /livez HTTP/1.1\r\nHost: h\r\n\r\n');
  await idle.until(/ 200 /);

  const closed = gateway.close();
  await idle.closed;
  await expect(openRaw(gateway.url)).rejects.toThrow();
  goOn();
  const texts = await Promise.all(streams.map((stream) => stream.text()));
  await closed;
  await upstream.close();
  expect(texts.filter((got) => got === text)).toHaveLength(10);
  const ended = texts.filter((got) => got !== text);
  for (const got of ended) {
    expect(got.startsWith(half)).toBe(true);
    expect(got).toContain('"shutting_down"');
    expect(got).not.toContain('[DONE]');
  }
  expect(readLog(db)).toHaveLength(20);
  await expect(post(url, ask('hi'))).rejects.toThrow();
});
