import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Where a Chromium is; the variable CHROMIUM names another one. Null: there is none. */
export const chromiumPath: string | null =
  [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/snap/bin/chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ].find((path) => path !== undefined && existsSync(path)) ?? null;

/** For the name of what is skipped without one. */
export const browserNote =
  chromiumPath === null
    ? ' (SKIPPED: no Chromium here; apt-get install chromium, or set CHROMIUM)'
    : '';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors of the console and of scripts, and what the content security policy refused. */
  readonly errors: string[];
  /** Every URL that was asked for. */
  readonly urls: string[];
}

/** A page in a context of its own, with all that must not happen written down. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const urls: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => urls.push(request.url()));
  await page.goto(url);
  return { page, errors, urls };
}
