// npm run screenshot [-- --out docs/dashboard.png --theme dark --width 390 --open DECISION --full]
// Serves a simulated day of traffic as `serve` does and takes a picture of /dashboard; the one above
// is that of the README. Needs a Chromium: the variable CHROMIUM names it, else /usr/bin/chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { readFlags } from './read-flags.ts';
import { demoPrices, strongModel, weakModel, writeDemoLog } from './screenshot/demo-log.ts';

const root = join(import.meta.dirname, '..');

async function main(): Promise<void> {
  const { values } = readFlags('npm run screenshot --', {
    options: {
      // The README's is tracked: it is replaced only where it is named.
      out: { type: 'string', default: join(root, '.cache', 'dashboard.png') },
      theme: { type: 'string', default: 'light' },
      width: { type: 'string', default: '1360' },
      height: { type: 'string', default: '1060' },
      requests: { type: 'string', default: '3000' },
      open: { type: 'string' },
      full: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-screenshot-'));
  try {
    const db = join(folder, 'log.db');
    const requests = Number(values.requests);
    await writeDemoLog({ file: db, requests, endMs: Date.now(), seed: 7 });
    const server = await serve(folder);
    try {
      await shoot(`${server.url}/dashboard`, values);
    } finally {
      await server.stop();
    }
    process.stdout.write(`${values.out}: ${statSync(values.out).size} bytes\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Models that nobody asks: only the page is. */
async function serve(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const config = join(folder, 'pointsman.yaml');
  const tier = (name: 'strong' | 'weak', model: string) => {
    const { inputPerMtok: input, outputPerMtok: output } = demoPrices[name];
    return `${name}: { model: ${model}, base_url: "http://127.0.0.1:9/v1", input_per_mtok: ${input}, output_per_mtok: ${output} }`;
  };
  const lines = ['port: 0', `db: ${join(folder, 'log.db')}`, 'log_prompts: full'];
  writeFileSync(
    config,
    [...lines, tier('strong', strongModel), tier('weak', weakModel)].join('\n'),
  );
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'src/cli.ts'), 'serve', '--config', config],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listens on (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    return {
      url,
      async stop() {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      },
    };
  }
  throw new Error('the server did not start');
}

interface Picture {
  readonly out: string;
  readonly theme: string;
  readonly width: string;
  readonly height: string;
  /** A request to show in its dialog. */
  readonly open?: string | undefined;
  /** The whole page, however long. */
  readonly full: boolean;
}

async function shoot(
  url: string,
  { out, theme, width, height, open, full }: Picture,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({
      viewport: { width: Number(width), height: Number(height) },
      colorScheme: theme === 'dark' ? 'dark' : 'light',
      locale: 'en-GB',
    });
    page.on('console', (message) => process.stderr.write(`console: ${message.text()}\n`));
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.stack}\n`));
    await page.goto(url);
    await page.locator('.requests tbody tr').nth(5).waitFor();
    if (open !== undefined) {
      await page.locator(`tr[data-id="${open}"] button, .requests tbody tr button`).first().click();
      await page.locator('.nearest li').first().waitFor();
    }
    await page.screenshot({ path: out, fullPage: full });
  } finally {
    await browser.close();
  }
}

await main();
