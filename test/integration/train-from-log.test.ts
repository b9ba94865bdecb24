import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLoggedPair } from '../../src/cli/logged-pair.ts';
import { createEmbedder } from '../../src/embedding/create-embedder.ts';
import type { Overview } from '../../src/dashboard/api-types.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { quantile, sorted } from '../../src/math/quantile.ts';
import { seededRandom } from '../../src/math/random.ts';
import { createRouters } from '../../src/routing/create-router.ts';
import {
  correctedWinRate,
  headVersionOf,
  writeLocalHead,
  type LocalHead,
} from '../../src/routing/local-head.ts';
import type { Router } from '../../src/routing/router.ts';
import { applyHead } from '../../src/store/apply-head.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createLogWriter } from '../../src/store/log-writer.ts';
import { packRows } from '../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../src/store/request-record.ts';
import { ask, get, post } from '../support/chat.ts';
import { runCommand } from '../support/cli-io.ts';
import { requestRecord } from '../support/request-record.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { shortPrompts, type ShortPrompt } from '../support/short-prompts.ts';
import { startTestGateway } from '../support/start-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Expected quality, 0..1, of each model's answer, by what the user prefers. */
type User = (prompt: ShortPrompt, score: number) => { strong: number; weak: number };

/** Code is fine on the weak model, German is not: nothing that the shipped head could know. */
const differing: User = ({ kind }) => ({
  strong: 0.85,
  weak: { code: 0.85, general: 0.6, german: 0.3 }[kind],
});
const agreeing: User = (_, score) => ({ strong: score, weak: 1 - score });

interface Scored {
  readonly prompt: ShortPrompt;
  readonly score: number;
  readonly embedding: Float32Array;
}

let embedder: Embedder;
let router: Router;
let scored: Scored[];
/** Where 40 % of the prompts go to strong. */
let threshold: number;

beforeAll(async () => {
  embedder = await createEmbedder({ kind: 'local' });
  const { routers } = createRouters(['mf'], {
    ...{ embedder, strongName: 'gpt-4o', weakName: 'llama3:8b', weightsFile: null },
    ...{ strongProfile: null, weakProfile: null },
  });
  router = routers.get('mf')!;
  const prompts = shortPrompts().slice(0, 1000);
  scored = [];
  // A few at a time: all at once, the last would wait longer than the encoder may take.
  for (let i = 0; i < prompts.length; i += 32) {
    const some = prompts.slice(i, i + 32).map(async (prompt): Promise<Scored> => {
      const { winRate, embedding } = await router.score(prompt.text);
      return { prompt, score: winRate, embedding: embedding! };
    });
    scored.push(...(await Promise.all(some)));
  }
  threshold = quantile(sorted(scored.map(({ score }) => score)), 0.6);
});

afterAll(() => embedder.close());

/**
 * Logs what a server would have: 600 prompts whose answers a judge compared, the rest rated by the
 * user, with an exploration share of 0.2.
 */
function logOutcomes(file: string, rows: readonly Scored[], user: User, seed = 1): void {
  const random = seededRandom(seed);
  const database = openDatabase(file);
  const writer = createLogWriter(database);
  const compare = database.prepare(
    `insert into comparison (decision_id, origin, judge_model, strong_model, weak_model, strong_win,
       first_verdict, second_verdict, created_at_utc)
     values (?, 'label', 'judge', 'gpt-4o', 'llama3:8b', ?, 'tie', 'tie', '2025-01-01T00:00:00.000Z')`,
  );
  const answer = (quality: number): number => (random() < quality ? 1 : 0);
  for (const [i, { prompt, score, embedding }] of rows.entries()) {
    const byScore = score >= threshold ? 'strong' : 'weak';
    const byCoin = random() < 0.5 ? 'strong' : 'weak';
    const tier = random() < 0.2 ? byCoin : byScore;
    const row: RequestRecord = requestRecord({
      ...{ decisionId: `dec_${i}`, routerVersion: router.version, score, threshold, tier },
      ...{ propensity: tier === byScore ? 0.9 : 0.1, embedderId: 'scripted-2', embedding },
      promptChars: prompt.text.length,
      upstreamModel: tier === 'strong' ? 'gpt-4o' : 'llama3:8b',
      startedAtMs: Date.UTC(2025, 0, 1) + i * 1000,
    });
    writer.write(packRows([row]));
    const quality = user(prompt, score);
    if (i % 5 < 3) {
      compare.run(row.decisionId, (1 + answer(quality.strong) - answer(quality.weak)) / 2);
    } else {
      const value = answer(quality[tier]);
      writer.recordFeedback({ decisionId: row.decisionId, source: 'user', value, comment: null });
    }
  }
  database.close();
}

interface TrainJson {
  readonly is_better: boolean;
  readonly applied: boolean;
  readonly taken_up: boolean | null;
  readonly apgr_gain: number;
  readonly apgr_gain_interval_95: [number, number];
  readonly head_version: string;
  readonly outcomes_needed: number;
  readonly strong_share: number;
  readonly threshold: number;
}

async function train(db: string, ...flags: string[]) {
  const { exitCode, stdout, stderr } = await runCommand(['train', '--db', db, '--json', ...flags]);
  return { exitCode, stderr, report: JSON.parse(stdout || '{}') as TrainJson };
}

describe('pointsman train on the log', () => {
  it('learns a user from 1,000 outcomes; a running server takes it up, and rolls back', async () => {
    const upstream = await startScriptedUpstream();
    const gateway = await startTestGateway(
      { strong: upstream.url },
      (config) => ({ ...config, threshold }),
      [router],
    );
    const chat = async (text: string) => {
      const { headers } = await post(`${gateway.url}/v1/chat/completions`, ask(text));
      const header = (name: string) => headers.get(`x-pointsman-${name}`);
      return { tier: header('tier'), score: header('score'), threshold: header('threshold') };
    };
    const version = async () => {
      const { json } = await get(`${gateway.url}/health`);
      return (json as { routers: { version: string }[] }).routers[0]!.version;
    };
    const german = 'Erkläre mir bitte den Unterschied zwischen Miete und Pacht.';
    const before = await chat(german);
    expect(before.tier).toBe('weak');
    expect(await version()).toBe(router.version);
    logOutcomes(gateway.db, scored, differing);

    const tried = await train(gateway.db);
    expect(tried).toMatchObject({ exitCode: 0, report: { is_better: true, applied: false } });
    expect(await version()).toBe(router.version);

    const { exitCode, report } = await train(gateway.db, '--apply');
    expect(report).toMatchObject({ is_better: true, applied: true, taken_up: true });
    expect(exitCode).toBe(0);
    expect(report.strong_share).toBeCloseTo(0.4, 2);
    expect(report.apgr_gain).toBeGreaterThan(0.1);
    expect(report.apgr_gain_interval_95[0]).toBeGreaterThan(0);
    expect(await version()).toBe(report.head_version);

    const after = await chat(german);
    expect(after.tier).toBe('strong');
    expect(Number(after.score)).not.toBe(Number(before.score));
    expect(Number(after.threshold)).toBeCloseTo(report.threshold, 5);
    expect(Number(after.threshold)).not.toBe(threshold);

    // What is decided now is logged under the new version, and read back in terms of the old one.
    const again = await train(gateway.db);
    expect(again.exitCode).toBe(1);
    expect(again.report).toMatchObject({ present_version: report.head_version, telling: 0 });

    const shown = async () => {
      const { json } = await get(`${gateway.url}/dashboard/api/overview`);
      return json as unknown as Overview;
    };
    const page = await shown();
    expect(page.server.router.version).toBe(report.head_version);
    expect(page.traffic.head?.report).toMatchObject({
      ...{ head_version: report.head_version, present_version: router.version },
      ...{ apgr_gain: report.apgr_gain, compared: 600, rated: 400 },
    });

    const heads = await runCommand(['models', 'heads', '--db', gateway.db]);
    expect(heads.stdout).toContain(`${report.head_version}  router mf`);
    expect(heads.stdout).toContain('in force');

    const rollback = await runCommand(['models', 'rollback', '--db', gateway.db]);
    expect(rollback).toMatchObject({ exitCode: 0 });
    expect(rollback.stdout).toContain(`at version ${router.version} again`);
    await expect.poll(version).toBe(router.version);
    expect(await chat(german)).toEqual(before);
    expect((await shown()).traffic.head).toBeNull();
    const nothing = await runCommand(['models', 'rollback', '--db', gateway.db]);
    expect(nothing).toMatchObject({ exitCode: 1 });
    await gateway.close();
    await upstream.close();
  });

  it('starts with the head and the threshold that are stored', async () => {
    const upstream = await startScriptedUpstream();
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, scored, differing, 2);
    const { report } = await train(db, '--apply');
    expect(report).toMatchObject({ applied: true, taken_up: false });
    const gateway = await startTestGateway({ strong: upstream.url }, (c) => ({ ...c, db }), [
      router,
    ]);
    const { json } = await get(`${gateway.url}/health`);
    expect(json).toMatchObject({
      routers: [
        { version: report.head_version, threshold: report.threshold, origin: 'calibrated' },
      ],
    });
    await gateway.close();
    await upstream.close();
  });

  it('is what calibrate speaks of, before it has scored any request and until it is withdrawn', async () => {
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, scored.slice(0, 600), differing, 2);
    const { report } = await train(db, '--apply');
    expect(report).toMatchObject({ applied: true });
    const prompts = join(tempFolder(), 'prompts.txt');
    writeFileSync(
      prompts,
      scored
        .slice(0, 600)
        .map(({ prompt }) => prompt.text)
        .join('\n'),
    );
    const calibrate = async (...flags: string[]) => {
      const share = String(report.strong_share);
      const args = ['calibrate', '--strong-model-pct', share, '--db', db, '--json', ...flags];
      const { stdout } = await runCommand(args);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    expect(await calibrate()).toMatchObject({
      error: {
        message: expect.stringContaining(
          `version ${report.head_version}); 100 are needed`,
        ) as string,
      },
    });
    const pair = ['--strong-model', 'gpt-4o', '--weak-model', 'llama3:8b'];
    const found = await calibrate('--prompts', prompts, ...pair);
    expect(found).toMatchObject({ router_version: report.head_version });
    // The same prompts by the same head: the threshold that the report names.
    expect(found['threshold']).toBeCloseTo(report.threshold, 6);
    await runCommand(['models', 'rollback', '--db', db]);
    expect(await calibrate()).toMatchObject({ router_version: router.version });
  });

  it('reads what was logged under a head in terms of the router without it', async () => {
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, scored.slice(0, 200), differing, 3);
    const weights = Float32Array.from({ length: embedder.dimensions }, (_, j) => Math.sin(j));
    const head: LocalHead = { slope: 0.5, bias: 0.25, weights };
    const stored = { head, baseVersion: router.version, embedderId: 'scripted-2' };
    const bytes = writeLocalHead(stored);
    const headVersion = headVersionOf(router.version, bytes);
    const threshold = { router: 'mf', routerVersion: headVersion, threshold: 0.5, prompts: 1 };
    await applyHead(
      db,
      { router: 'mf', baseVersion: router.version, headVersion, weights: bytes, reportJson: '{}' },
      { ...threshold, strongShare: 0.5, goal: 'strong_share', scoreDeciles: null },
      { waitMs: 0, pollMs: 1 },
    );
    const { prompt, score, embedding } = scored[500]!;
    const corrected = correctedWinRate(head, score, embedding);
    const database = openDatabase(db);
    const row = requestRecord({
      ...{ decisionId: 'later', routerVersion: headVersion, score: corrected, embedding },
      ...{
        embedderId: 'scripted-2',
        promptChars: prompt.text.length,
        startedAtMs: Date.now() + 1000,
      },
    });
    const writer = createLogWriter(database);
    writer.write(packRows([row]));
    writer.recordFeedback({ decisionId: 'later', source: 'user', value: 1, comment: null });
    database.close();

    const pair = readLoggedPair(db, 'mf');
    expect(pair.baseVersion).toBe(router.version);
    expect(pair.present?.version).toBe(headVersion);
    expect(pair.outcomes).toHaveLength(201);
    const later = pair.outcomes.filter(({ isNewToPresent }) => isNewToPresent);
    expect(later).toHaveLength(1);
    expect(later[0]?.winRate).toBeCloseTo(score, 6);
    expect(pair.outcomes[0]?.winRate).toBe(scored[0]?.score);
  });

  it('refuses to swap for a user who agrees with the shipped head', async () => {
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, scored, agreeing, 4);
    const { exitCode, report } = await train(db, '--apply');
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ is_better: false, applied: false });
    expect(report.outcomes_needed).toBeGreaterThan(1000);
    const { stdout } = await runCommand(['models', 'heads', '--db', db]);
    expect(stdout).toContain('no local head');
  });

  it('refuses 30 outcomes, however they look, and says how many are needed', async () => {
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, scored.slice(0, 30), differing, 5);
    const { exitCode, stdout } = await runCommand(['train', '--db', db, '--apply']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/at least 100 such outcomes are needed, 70 more/);
  });

  it('refuses any number of outcomes of one prompt', async () => {
    const db = join(tempFolder(), 'log.db');
    logOutcomes(db, new Array<(typeof scored)[number]>(150).fill(scored[0]!), differing, 5);
    const { exitCode, stdout } = await runCommand(['train', '--db', db, '--apply']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/150 outcomes fall into one group of .*\s.*at least 20 are needed/);
    const { report } = await train(db);
    expect(report).toMatchObject({ telling: 150, groups: 1, outcomes_needed: null });
  });

  it('says what is missing: requests, vectors, outcomes', async () => {
    const db = join(tempFolder(), 'log.db');
    const none = await runCommand(['train', '--db', db]);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/no log database/);
    const write = (row: Partial<RequestRecord>) => {
      const database = openDatabase(db);
      createLogWriter(database).write(packRows([requestRecord(row)]));
      database.close();
    };
    write({ decisionId: 'a', score: null });
    expect((await runCommand(['train', '--db', db])).stderr).toMatch(/no request that was scored/);
    write({ decisionId: 'b', embedding: null });
    expect((await runCommand(['train', '--db', db])).stderr).toMatch(/has a vector/);
    write({ decisionId: 'c' });
    expect((await runCommand(['train', '--db', db])).stderr).toMatch(/no outcome of any/);
    const mixed = await runCommand(['train', '--db', db, '--out', 'x']);
    expect(mixed.stderr).toMatch(/--out is for --data/);
  });
});
