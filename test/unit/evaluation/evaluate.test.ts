import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runEvaluate, type EvaluateOptions } from '../../../src/cli/evaluate.ts';
import type { OpenRouters } from '../../../src/cli/router-source.ts';
import { nineDigits } from '../../../src/evaluation/chart-frame.ts';
import { ConfigError, EmbeddingError } from '../../../src/errors.ts';
import type { Evaluation } from '../../../src/evaluation/evaluation.ts';
import { apgrText } from '../../../src/evaluation/format.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { openDatabase } from '../../../src/store/database.ts';
import {
  comparisonRow,
  prepareEvidenceStatements,
} from '../../../src/store/evidence-statements.ts';
import { StatusError } from '../../../src/routing/status-error.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { fakeIo, runCommand } from '../../support/cli-io.ts';
import { comparison } from '../../support/comparison.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { unbalancedTag } from '../../support/well-formed.ts';

/** 2 x 60 questions: the longer the prompt, the more often small fails; <&"> must be escaped. */
function outcomeFile(): string {
  const random = seededRandom(2);
  const lines = Array.from({ length: 120 }, (_, i) => {
    const length = 1 + Math.floor(60 * random());
    const scores = {
      big: random() < 0.9 ? 1 : 0,
      small: random() < 1 - length / 70 ? 1 : 0,
      third: 0.5,
    };
    const source = i % 2 === 0 ? 'exam' : 'a<b&"c"';
    return JSON.stringify({
      ...{ id: String(i), source, key: String(i), metric: 'accuracy', scores },
      prompt: 'x'.repeat(length),
    });
  });
  const file = join(tempFolder(), 'outcomes.jsonl');
  writeFileSync(file, lines.join('\n'));
  return file;
}

/** A router whose score is a function of the text, as if it were registered. */
function fakeRouters(
  score: (text: string) => number,
  failures: (weak: string) => ReadonlyMap<string, ConfigError> = () => new Map(),
) {
  const asked: { names: readonly string[]; closed: boolean }[] = [];
  const open: OpenRouters = (names) => {
    const entry = { names, closed: false };
    asked.push(entry);
    return Promise.resolve({
      routersFor: ({ weak }) => ({
        notes: ['big is scored as giant'],
        failures: failures(weak),
        routers: new Map(
          names
            .filter((name) => !failures(weak).has(name))
            .map((name) => [
              name,
              {
                score: async (text: string) => {
                  await Promise.resolve();
                  return { winRate: score(text), embedding: null };
                },
              },
            ]),
        ),
      }),
      close: () => {
        entry.closed = true;
        return Promise.resolve();
      },
    });
  };
  return { open, asked };
}

const nothing: EvaluateOptions = {
  ...{ data: undefined, topicData: undefined, db: undefined, withoutContaminated: false },
  ...{ strongModel: 'big', weakModel: 'small', pair: undefined, pairs: undefined },
  ...{ strongPrice: undefined, weakPrice: undefined, answerTokens: undefined },
  ...{ routers: ['mine', 'random'], resamples: '40', seed: undefined, minRows: undefined },
  ...{ json: false, svg: undefined, html: undefined },
};

async function run(
  options: Partial<EvaluateOptions>,
  routers = fakeRouters((text) => Math.min(1, text.length / 100)),
) {
  const captured = fakeIo();
  await runEvaluate({ ...nothing, ...options }, captured.io, () => routers.open);
  return { out: captured.stdout(), err: captured.stderr(), asked: routers.asked };
}

async function evaluationOf(options: Partial<EvaluateOptions>): Promise<Evaluation> {
  return JSON.parse((await run({ ...options, json: true })).out) as Evaluation;
}

describe('evaluate', () => {
  it('prints tables of any registered router beside all floors', async () => {
    const { out, asked } = await run({ data: [outcomeFile()] });
    for (const name of ['mine', 'oracle', 'topic (floor)', 'source (floor)', 'length (floor)']) {
      expect(out).toContain(`  ${name}`);
    }
    for (const name of ['random (floor)', 'always-strong', 'always-weak'])
      expect(out).toContain(name);
    expect(out).toContain('note: big is scored as giant');
    expect(out).toMatch(/mine minus length: \+0\.000 \(\+0\.000 to \+0\.000\)/);
    expect(out).toMatch(/calibration of mine: expected error 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)/);
    // Chance is a floor of its own, with RouteLLM's ten runs.
    expect(asked).toEqual([{ names: ['mine'], closed: true }]);
  });

  it('is the same twice, and of a known shape as JSON', async () => {
    const data = [outcomeFile()];
    const evaluation = await evaluationOf({ data });
    expect(await evaluationOf({ data })).toEqual(evaluation);
    expect(evaluation).toMatchObject({
      formatVersion: 1,
      data: { name: data[0], prompts: 120 },
      resamples: 40,
      seed: 1,
      routers: ['mine'],
    });
    const [pair] = evaluation.pairs;
    expect(pair).toMatchObject({ strong: 'big', weak: 'small' });
    expect(pair!.pooled.rows.find(({ name }) => name === 'mine')).toMatchObject({
      kind: 'router',
      apgr: {
        value: expect.any(Number) as number,
        interval95: [expect.any(Number), expect.any(Number)],
      },
      calls: [{ recovered: 0.2 }, { recovered: 0.5 }, { recovered: 0.8 }],
    });
    expect(evaluation.calibration[0]).toMatchObject({ router: 'mine', prompts: 120 });
  });

  it('writes a picture and a page whose numbers are those of the JSON', async () => {
    const folder = tempFolder();
    const [svg, html] = [join(folder, 'a.svg'), join(folder, 'a.html')];
    const evaluation = await evaluationOf({ data: [outcomeFile()], svg, html });
    const picture = readFileSync(svg, 'utf8');
    const page = readFileSync(html, 'utf8');
    expect(unbalancedTag(picture)).toBeNull();
    expect(unbalancedTag(page, ['meta'])).toBeNull();
    const { pooled } = evaluation.pairs[0]!;
    const mine = pooled.rows.find(({ name }) => name === 'mine')!;
    const points = [...picture.matchAll(/data-share="([^"]+)" data-quality="([^"]+)"/g)];
    expect(
      points.map(([, share, quality]) => ({ share: Number(share), quality: Number(quality) })),
    ).toEqual(
      mine.curve.map(({ share, quality }) => ({
        share: nineDigits(share),
        quality: nineDigits(quality),
      })),
    );
    for (const { apgr, name } of pooled.rows) {
      if (apgr === null) continue;
      expect(page).toMatch(
        new RegExp(`data-name="${name}"><td>[^<]*</td><td><data value="${apgr.value}">`),
      );
      expect(page).toContain(`>${apgrText(apgr.value)}</data>`);
    }
    // No outside part, and both colour schemes.
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|src=|<script|<link/,
    );
    expect(page).toContain('color-scheme:light dark');
    expect(picture).toContain('prefers-color-scheme:dark');
  });

  it('takes the dev half of a folder that was split for training', async () => {
    const folder = tempFolder();
    for (const half of ['train', 'dev']) {
      mkdirSync(join(folder, half));
      copyFileSync(outcomeFile(), join(folder, half, 'own.jsonl'));
    }
    const { data, topicsFrom } = await evaluationOf({ data: [folder] });
    expect(data).toEqual({ name: join(folder, 'dev'), prompts: 120 });
    expect(topicsFrom).toBe(join(folder, 'train'));
  });

  it('gives no tables by source where all are small, and names but twenty', async () => {
    const rows = Array.from({ length: 90 }, (_, i) =>
      JSON.stringify({
        ...{ id: `q${i}`, source: `s${Math.floor(i / 3)}`, prompt: 'x'.repeat(1 + i) },
        scores: { big: 1, small: i % 2 },
      }),
    );
    const file = join(tempFolder(), 'many.jsonl');
    writeFileSync(file, rows.join('\n'));
    const { out } = await run({ data: [file] });
    expect(out).toMatch(/pooled: s0 \(3\), .*s19 \(3\) and 10 more, each source/);
    const { pairs } = await evaluationOf({ data: [file] });
    expect(pairs[0]!.sources).toHaveLength(30);
    expect(pairs[0]!.bySource).toEqual([]);
  });

  it('takes several pairs, and the mean over them', async () => {
    const evaluation = await evaluationOf({
      data: [outcomeFile()],
      pair: ['big/small', 'big,third'],
    });
    expect(evaluation.pairs.map(({ weak }) => weak)).toEqual(['small', 'third']);
    const values = evaluation.pairs.map(
      ({ pooled }) => pooled.rows.find(({ name }) => name === 'mine')!.apgr!.value!,
    );
    const mean = evaluation.means.find(({ name }) => name === 'mine')?.apgr;
    expect(mean).toBeCloseTo((values[0]! + values[1]!) / 2, 12);
  });

  it('reads pairs from a file, with comments', async () => {
    const pairs = join(tempFolder(), 'pairs.txt');
    writeFileSync(pairs, '# ours\nbig/small # best known\n\nthird , small\t#so-so\n');
    const evaluation = await evaluationOf({ data: [outcomeFile()], pairs });
    expect(evaluation.pairs.map(({ strong, weak }) => [strong, weak])).toEqual([
      ['big', 'small'],
      ['third', 'small'],
    ]);
  });

  it('leaves a router out for a pair that it cannot score', async () => {
    const same = new ConfigError('yours puts both into the same tier');
    const routers = fakeRouters(
      (text) => Math.min(1, text.length / 100),
      (weak) => new Map(weak === 'third' ? [['yours', same]] : []),
    );
    const two = { data: [outcomeFile()], pair: ['big/third', 'big/small'], routers: ['mine', 'yours'] }; // prettier-ignore
    const { out } = await run({ ...two, json: true }, routers);
    const { pairs, means, calibration } = JSON.parse(out) as Evaluation;
    const names = pairs.map(({ pooled }) => pooled.calibration.map(({ router }) => router));
    expect(names).toEqual([['mine'], ['mine', 'yours']]);
    expect(pairs[0]!.notes).toContain('without yours: yours puts both into the same tier');
    expect(means.find(({ name }) => name === 'yours')).toEqual({ name: 'yours', apgr: null });
    expect(calibration.map(({ prompts }) => prompts)).toEqual([240, 120]);
    const alone = run({ ...two, pair: ['big/third'] }, routers);
    await expect(alone).rejects.toThrow('yours puts both into the same tier');
  });

  it('names the row that a router could not score', async () => {
    const refused = new EmbeddingError('rating failed: status 400', new StatusError(400));
    let asked = 0;
    const routers = fakeRouters(() => {
      if (++asked === 41) throw refused;
      return 0.5;
    });
    await expect(run({ data: [outcomeFile()] }, routers)).rejects.toThrow(
      /^mine has no score of row 41 of 120 \(exam, "x+(\.\.\.)?"\): rating failed: status 400$/,
    );
  });

  it('leaves out a default pair that the data lacks, but none that is named', async () => {
    const file = join(tempFolder(), 'few.jsonl');
    const scores = { 'llama-3-70b-instruct': 1, 'llama-3-8b-instruct': 0 };
    const lines = [0, 1].map((id) => JSON.stringify({ id: String(id), prompt: `p ${id}`, scores }));
    writeFileSync(file, lines.join('\n'));
    const { out, err } = await run({ data: [file], pairs: 'default' });
    expect(out).toContain('== llama-3-70b-instruct over llama-3-8b-instruct');
    expect(err).toContain('warning: without the pair gemma-2-27b-it over gemma-2-2b-it: the data');
    await expect(run({ data: [file], pair: ['gemma-2-27b-it/gemma-2-2b-it'] })).rejects.toThrow(
      'no outcomes of gemma-2-27b-it',
    );
    await expect(run({ data: [outcomeFile()], pairs: 'default' })).rejects.toThrow('no outcomes');
  });

  it('adds costs when prices are given, marked as estimates', async () => {
    const prices = { strongPrice: '10,30', weakPrice: '1,2', answerTokens: '100' };
    const { out } = await run({ data: [outcomeFile()], ...prices });
    expect(out).toContain('$/1k@CPT50');
    expect(out).toContain('costs are estimates: a token for four characters');
    const { pairs } = await evaluationOf({ data: [outcomeFile()], ...prices });
    const weak = pairs[0]!.pooled.rows.find(({ name }) => name === 'always-weak')!;
    // 100 answer tokens at 2 dollars a million are 0.2 dollars a thousand prompts; prompts add little.
    expect(weak.usdPer1000).toBeGreaterThan(0.2);
    expect(weak.usdPer1000).toBeLessThan(0.22);
  });

  it.each([
    [{ strongModel: undefined, weakModel: undefined }, /needs a pair/],
    [{ weakModel: undefined }, /--weak-model is missing/],
    [{ pair: ['a/b/c'] }, /not a pair STRONG\/WEAK/],
    [{ weakModel: 'smal' }, /no outcomes of smal.*nearest is small/],
    [{ strongPrice: '1,2' }, /both --strong-price/],
    [{ strongPrice: '1', weakPrice: '1,2' }, /--strong-price 1 is not IN,OUT/],
    [{ strongPrice: 'Infinity,1', weakPrice: '1,2' }, /--strong-price Infinity,1 is not IN,OUT/],
    [{ resamples: 'many' }, /--resamples many/],
    [{ db: 'x.db' }, /--data and --db/],
  ] as [Partial<EvaluateOptions>, RegExp][])('refuses %j', async (options, message) => {
    await expect(run({ data: [outcomeFile()], ...options })).rejects.toThrow(message);
  });

  it('names bad rows by file and line', async () => {
    const file = join(tempFolder(), 'bad.jsonl');
    writeFileSync(file, '{"id": 1}\n');
    await expect(run({ data: [file] })).rejects.toThrow(
      /bad\.jsonl line 1: id is 1: it must be a text; prompt is missing: it must be a text/,
    );
  });

  it('refuses an id that is there twice, as train does', async () => {
    const file = outcomeFile();
    const twice = JSON.stringify({ id: '6', prompt: 'x', scores: { big: 1, small: 0 } });
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n${twice}\n`);
    await expect(run({ data: [file] })).rejects.toThrow(
      /1 bad rows in .*line 121: the id 6 is also that of outcomes\.jsonl line 7/s,
    );
  });

  it('is a command with help, and ends with 2 when it is used wrongly', async () => {
    expect((await runCommand(['evaluate', '--help'])).stdout).toContain('--pairs <file>');
    const wrong = await runCommand(['evaluate', '--data', 'nowhere', '--pair', 'a/b']);
    expect(wrong).toMatchObject({ exitCode: 2 });
    expect(wrong.stderr).toContain('nowhere');
  });
});

describe('evaluate --db', () => {
  function logOf(
    answers: readonly (readonly [string | null, 'strong' | 'weak', number])[],
  ): string {
    const file = join(tempFolder(), 'log.db');
    const database = openDatabase(file);
    const records = answers.map(([promptText, tier], i) =>
      requestRecord({
        ...{ decisionId: `dec_${i}`, promptText, tier },
        upstreamModel: tier === 'strong' ? 'big' : 'small',
      }),
    );
    createLogWriter(database).write(packRows(records));
    const insert = database.prepare(
      `insert into feedback (decision_id, source, value, created_at_utc, updated_at_utc)
       values (?, 'user', ?, '2025', '2025')`,
    );
    for (const [i, [, , value]] of answers.entries()) insert.run(`dec_${i}`, value);
    database.close();
    return file;
  }

  it('compares prompts that both models answered and somebody judged', async () => {
    const db = logOf([
      ['a', 'strong', 1],
      ['a', 'weak', 0],
      ['a', 'weak', 1],
      ['b', 'strong', 1],
      ['long', 'strong', 1],
      ['long', 'weak', 0],
    ]);
    const { pairs } = await evaluationOf({ db });
    expect(pairs[0]!.pooled).toMatchObject({ prompts: 2, quality: { strong: 1, weak: 0.25 } });
    expect((await run({ db })).err).not.toContain('comparisons');
  });

  it('says that stored comparisons are not used', async () => {
    const db = logOf([
      ['a', 'strong', 1],
      ['a', 'weak', 0],
      ['b', 'weak', 0],
    ]);
    const alone = logOf([['a', 'strong', 1]]);
    for (const file of [db, alone]) {
      const database = openDatabase(file);
      const { insertComparison } = prepareEvidenceStatements(database);
      insertComparison.run(comparisonRow(comparison({ decisionId: 'dec_0' })));
      database.close();
    }
    expect((await run({ db })).err).toContain("the log's 1 stored comparisons are not used");
    await expect(run({ db: alone })).rejects.toThrow("the log's 1 stored comparisons are not used");
  });

  it('says what is not possible when each prompt has one answer', async () => {
    const db = logOf([
      ['a', 'strong', 1],
      ['b', 'weak', 0],
      [null, 'weak', 0],
    ]);
    await expect(run({ db })).rejects.toThrow(
      /3 requests; feedback on 3: 1 answered by strong, 2 by weak; 2 of these with their text.*nothing of what the other/,
    );
  });
});
