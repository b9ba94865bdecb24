import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Config } from '../../src/config/config.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createLogWriter } from '../../src/store/log-writer.ts';
import { packRows } from '../../src/store/packed-rows.ts';
import { SqliteDatabase } from '../../src/store/sqlite.ts';
import { ask, get, post } from '../support/chat.ts';
import { fakeIo } from '../support/cli-io.ts';
import { readLog, waitForDecision } from '../support/read-log.ts';
import { requestRecord } from '../support/request-record.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';

async function start(settings: Partial<Config>) {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    ...settings,
  }));
  onTestFinished(async () => {
    await gateway.close();
    await upstream.close();
  });
  const send = async (text: string) => {
    const { headers } = await post(`${gateway.url}/v1/chat/completions`, ask(text));
    return waitForDecision(gateway.db, headers);
  };
  return { gateway, send };
}

async function cli(...args: string[]) {
  const captured = fakeIo();
  const code = await runCli(args, captured.io);
  return { code, out: captured.stdout(), err: captured.stderr() };
}

const vectorsIn = (file: string) => {
  const database = new SqliteDatabase(file, { readonly: true });
  const count = database.prepare('select count(*) from request_embedding').pluck().get();
  database.close();
  return count;
};

test('texts are stored without what the patterns find, comments too', async () => {
  const { gateway, send } = await start({
    logPrompts: 'full',
    redactPrompts: ['email', '/acme-\\d+/i'],
  });
  const row = await send('0.1 mail ada@example.org about ACME-17');
  expect(row['prompt_text']).toBe('0.1 mail [email] about [redacted]');
  const id = String(row['decision_id']);
  const comment = 'ask bob@example.org';
  await post(`${gateway.url}/v1/router/feedback`, { decision_id: id, value: true, comment });
  const { json } = await get(`${gateway.url}/v1/router/feedback/${id}`);
  expect(json).toMatchObject({ feedback: [{ comment: 'ask [email]' }] });
});

test('without log_embeddings no vector is stored, and requests are routed as before', async () => {
  const { gateway, send } = await start({ logEmbeddings: false });
  expect(await send('0.7 x')).toMatchObject({ tier: 'strong', score: 0.7 });
  expect(vectorsIn(gateway.db)).toBe(0);
});

test('forget deletes beside the running server, and says what it did', async () => {
  const { gateway, send } = await start({});
  const [first, second] = [await send('0.1 x'), await send('0.2 x')];
  const id = String(first['decision_id']);
  const gone = await cli('forget', '--db', gateway.db, '--id', id, 'dec_unknown');
  expect(gone).toMatchObject({
    code: 1,
    out: `1 request deleted from ${gateway.db}\n`,
    err: 'pointsman: no request has the id dec_unknown\n',
  });
  expect(readLog(gateway.db)).toMatchObject([{ decision_id: second['decision_id'] }]);
  expect(vectorsIn(gateway.db)).toBe(1);
  const { json } = await get(`${gateway.url}/v1/router/feedback/${id}`);
  expect(json).toMatchObject({ error: { code: 'decision_not_found' } });

  const rest = await cli('forget', '--db', gateway.db, '--before', '2999-01-01', '--json');
  expect(JSON.parse(rest.out)).toMatchObject({
    requests: 1,
    unknown_ids: [],
    unknown_sessions: [],
  });
  expect(await send('0.3 x')).toMatchObject({ score: 0.3 });
  expect(readLog(gateway.db)).toHaveLength(1);
});

test('a conversation goes by the name that its client gave, within its key', async () => {
  const { gateway } = await start({});
  const say = async (text: string, headers: Record<string, string>) => {
    const url = `${gateway.url}/v1/chat/completions`;
    const reply = await post(url, ask(text), { 'x-pointsman-session': 'chat-17', ...headers });
    return waitForDecision(gateway.db, reply.headers);
  };
  await say('0.1 x', {});
  const keyed = await say('0.2 x', { authorization: 'Bearer key-of-ada-1' });
  const other = await say('0.3 x', { 'x-pointsman-session': 'chat-18' });

  const open = await cli('forget', '--db', gateway.db, '--session', 'chat-17');
  expect(open.out).toBe(`1 request deleted from ${gateway.db}\n`);
  expect(readLog(gateway.db).map((row) => row['decision_id'])).toEqual([
    keyed['decision_id'],
    other['decision_id'],
  ]);
  const keyless = await cli('forget', '--db', gateway.db, '--session', 'chat-17');
  expect(keyless).toMatchObject({
    code: 1,
    out: `0 requests deleted from ${gateway.db}\n`,
    err: expect.stringMatching(
      /^pointsman: no request belongs to the session chat-17\n.*--config or --client-keys-env/,
    ) as string,
  });
  const captured = fakeIo({ KEYS: 'key-of-bob-1 key-of-ada-1' });
  const args = ['forget', '--db', gateway.db, '--session', 'chat-17', '--client-keys-env', 'KEYS'];
  expect(await runCli(args, captured.io)).toBe(0);
  await cli('forget', '--db', gateway.db, '--session', String(other['session_hash']));
  expect(readLog(gateway.db)).toEqual([]);
});

test('keep_days that a reload brings deletes what is older, beside the requests that go on', async () => {
  const { gateway, send } = await start({ logPrompts: 'full' });
  const database = openDatabase(gateway.db);
  const writer = createLogWriter(database);
  const old = Date.now() - 31 * 86_400_000;
  const rows = Array.from({ length: 600 }, (_, i) =>
    requestRecord({ decisionId: `old_${i}`, startedAtMs: old + i, promptText: 'long ago' }),
  );
  writer.write(packRows(rows));
  writer.recordFeedback({ decisionId: 'old_1', source: 'user', value: 1, comment: 'long ago' });
  database.close();
  await send('0.1 x');
  await gateway.replace({ ...gateway.config, keepDays: 30 }, gateway.parts);
  await send('0.2 x');
  await expect.poll(() => readLog(gateway.db).length).toBe(2);
  expect(vectorsIn(gateway.db)).toBe(2);
  for (const file of [gateway.db, `${gateway.db}-wal`]) {
    await expect.poll(() => readFileSync(file).includes('long ago')).toBe(false);
  }
});

test('of a private request neither text nor hash nor vector is kept', async () => {
  const { gateway } = await start({ logPrompts: 'full' });
  const url = `${gateway.url}/v1/chat/completions`;
  const { headers } = await post(url, ask('0.1 x'), { 'x-pointsman-private': 'true' });
  const row = await waitForDecision(gateway.db, headers);
  expect(row).toMatchObject({ is_private: 1, prompt_text: null, prompt_sha256: null });
  expect(vectorsIn(gateway.db)).toBe(0);
});

test.each([
  [[], /forget needs --id/],
  [['--before', 'yesterday'], /--before yesterday is not a date: write 2025-01-31/],
  [['--before', '2025-02-31x'], /is not a date/],
  [['--id', 'dec_1', '--db', '/nowhere/none.db'], /no log database at \/nowhere\/none\.db/],
])('forget %j is refused', async (args, message) => {
  const { code, err } = await cli('forget', ...args);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
