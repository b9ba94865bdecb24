// npx tsx scripts/measure-caution.ts [--embedder local|fast] [--weights FILE] [--data ../shared/data]
// What models/README.md says of small talk, of languages and of the speed of a decision.
import { join } from 'node:path';
import { quantile, sorted } from '../src/math/quantile.ts';
import { createRouters } from '../src/routing/create-router.ts';
import type { Router } from '../src/routing/router.ts';
import { reportedPairs } from '../src/training/dev-report.ts';
import { readTraffic, type TrafficPrompt } from '../src/training/traffic.ts';
import { readFlags } from './read-flags.ts';
import { measuringFlags, withEmbedder } from './with-embedder.ts';

const greetings = ['hi', 'thanks!', 'hello there'];

async function main(): Promise<void> {
  const { values } = readFlags('npx tsx scripts/measure-caution.ts', {
    options: { ...measuringFlags, weights: { type: 'string' } },
  });
  const prompts = readTraffic(join(values.data, 'prompts'));
  await withEmbedder(values.embedder, async (embedder) => {
    for (const [strongName, weakName] of reportedPairs) {
      const { routers } = createRouters(['mf'], {
        ...{ embedder, strongName, weakName, strongProfile: null, weakProfile: null },
        weightsFile: values.weights ?? null,
      });
      const router = routers.get('mf')!;
      const scores = await scoresOf(
        router,
        prompts.map(({ text }) => text),
      );
      console.log(
        `\n${strongName} / ${weakName}, median of traffic ${router.defaultThreshold.toFixed(3)}`,
      );
      console.log(`  ${await smallTalk(router, prompts, scores)}`);
      console.log(`  scores at 10, 50, 90 %: ${languages(prompts, scores)}`);
    }
    const [strongName, weakName] = reportedPairs[0]!;
    const { routers } = createRouters(['mf'], {
      ...{ embedder, strongName, weakName, strongProfile: null, weakProfile: null },
      weightsFile: values.weights ?? null,
    });
    console.log(`\n${await speed(routers.get('mf')!, prompts)}`);
  });
}

async function scoresOf(router: Router, texts: readonly string[]): Promise<number[]> {
  const scores: number[] = [];
  for (const text of texts) scores.push((await router.score(text)).winRate);
  return scores;
}

async function smallTalk(
  router: Router,
  prompts: readonly TrafficPrompt[],
  scores: readonly number[],
): Promise<string> {
  const below = (isIn: (prompt: TrafficPrompt) => boolean): string => {
    const some = scores.filter((_, i) => isIn(prompts[i]!));
    const share = some.filter((score) => score < router.defaultThreshold).length / some.length;
    return `${Math.round(100 * share)} %`;
  };
  const said = (await scoresOf(router, greetings)).map((score, i) => {
    return `"${greetings[i]}" ${score.toFixed(3)}`;
  });
  return (
    `${said.join(', ')}; below the median: chatterbot ${below((p) => p.source === 'chatterbot')}, ` +
    `clinc ${below((p) => p.source === 'clinc')}, chitchat ${below((p) => p.category === 'chitchat')}`
  );
}

function languages(prompts: readonly TrafficPrompt[], scores: readonly number[]): string {
  const names = [...new Set(prompts.map(({ language }) => language))].sort();
  return names
    .map((name) => {
      const some = sorted(scores.filter((_, i) => prompts[i]!.language === name));
      const at = [0.1, 0.5, 0.9].map((p) => quantile(some, p).toFixed(2)).join(' ');
      return `${name} ${at}`;
    })
    .join(', ');
}

async function speed(router: Router, prompts: readonly TrafficPrompt[]): Promise<string> {
  const took: number[] = [];
  for (let round = 0; round < 2; round++) {
    for (const { text } of prompts) {
      const startedMs = performance.now();
      await router.score(text);
      // The first round warms up.
      if (round > 0) took.push(performance.now() - startedMs);
    }
  }
  const at = (p: number): string => quantile(sorted(took), p).toFixed(3);
  return `a decision takes ${at(0.5)} ms (median), ${at(0.95)} ms (95 %), of ${prompts.length} prompts`;
}

await main();
