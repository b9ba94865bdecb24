import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hashOfKey, KeySet } from '../../src/access/key-set.ts';
import type { Config } from '../../src/config/config.ts';
import {
  browserNote,
  chromiumPath,
  launchBrowser,
  openPage,
  type WatchedPage,
} from '../support/browser.ts';
import { withdrawHead } from '../../src/store/apply-head.ts';
import { applyTestHead } from '../support/apply-test-head.ts';
import { ask, post } from '../support/chat.ts';
import { readLog } from '../support/read-log.ts';
import {
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

const adminKey = 'admin-key-0123456789';
const evil = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>';

describe.skipIf(chromiumPath === null)(`the dashboard in a browser${browserNote}`, () => {
  let browser: Browser;
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  let opened: WatchedPage[] = [];

  beforeAll(async () => {
    [browser, upstream] = await Promise.all([launchBrowser(), startScriptedUpstream()]);
  });
  afterEach(async () => {
    const seen = opened;
    opened = [];
    for (const { page } of seen) await page.context().close();
    await gateway.close();
    for (const { errors, urls } of seen) {
      expect(errors).toEqual([]);
      const hosts = new Set(urls.map((url) => new URL(url).origin));
      expect([...hosts]).toEqual([gateway.url]);
    }
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), upstream?.close()]);
  });

  async function start(change: (config: Config) => Config = (config) => config): Promise<void> {
    const prices = {
      strong: { price: { inputPerMtok: 10, outputPerMtok: 30 } },
      weak: { price: { inputPerMtok: 1, outputPerMtok: 3 } },
    };
    gateway = await startTestGateway({ strong: upstream.url }, (config) =>
      change({ ...withTiers(config, prices), logPrompts: 'full' }),
    );
  }

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const watched = await openPage(browser, `${gateway.url}/dashboard`, options);
    opened.push(watched);
    return watched.page;
  }

  const chat = (text: string, rest = {}, headers = {}) =>
    post(`${gateway.url}/v1/chat/completions`, ask(text, rest), headers);

  async function fillLog(scores: readonly number[]): Promise<void> {
    for (const score of scores) await chat(`${score.toFixed(2)} x`);
    await expect.poll(() => readLog(gateway.db).length).toBe(scores.length);
  }

  const figure = (page: Page, id: string) => page.locator(`#figure-${id} .value`).innerText();
  const tile = (page: Page, id: string) => page.locator(`#tile-${id} .value`).innerText();

  test('begins with the line that sends a request, and shows the request when it came', async () => {
    await start();
    const page = await open();
    await page.locator('#empty').waitFor();
    expect(await page.locator('#curl').innerText()).toContain(
      `curl ${gateway.url}/v1/chat/completions`,
    );
    expect(await page.locator('#content').isVisible()).toBe(false);
    await chat('0.9 the first');
    await page.locator('.requests tbody tr').waitFor();
    expect(await page.locator('#empty').isVisible()).toBe(false);
    expect(await figure(page, 'requests')).toBe('1');

    await chat('0.1 the second');
    await expect.poll(() => figure(page, 'requests')).toBe('2');
    await expect
      .poll(() => page.locator('.requests tbody tr').first().innerText())
      .toContain('0.1 the second');
    expect(await figure(page, 'share')).toBe('50 %');
    expect(await page.locator('#live').innerText()).toBe('live');
    const { urls } = opened[0]!;
    expect(urls.filter((url) => url.endsWith('/dashboard'))).toHaveLength(1); // it was not loaded anew
  });

  test('draws the request that came just now, in the last bar', async () => {
    await start();
    await chat('0.1 x');
    const page = await open();
    await page.locator('#traffic canvas').waitFor();
    // The page has no other request: all of the colour of weak is its bar.
    const drawn = () =>
      page.evaluate<number>(`(() => {
        const chart = document.querySelector('#traffic canvas');
        const { width, height } = chart;
        const copy = Object.assign(document.createElement('canvas'), { width, height });
        const context = copy.getContext('2d', { willReadFrequently: true });
        context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--weak');
        context.fillRect(0, 0, 1, 1);
        const weak = context.getImageData(0, 0, 1, 1).data.join();
        context.clearRect(0, 0, 1, 1);
        context.drawImage(chart, 0, 0);
        const { data } = context.getImageData(0, 0, width, height);
        let pixels = 0;
        for (let i = 0; i < data.length; i += 4) if (data.slice(i, i + 4).join() === weak) pixels++;
        return pixels;
      })()`);
    await expect.poll(drawn).toBeGreaterThan(100);
  });

  test('dragging the threshold shows what it would do, and Apply does it', async () => {
    await start();
    await fillLog([0.1, 0.2, 0.3, 0.4, 0.7, 0.9]);
    const page = await open();
    const handle = page.locator('#handle');
    await handle.waitFor();
    expect(await handle.getAttribute('aria-valuenow')).toBe('0.500');
    expect(await tile(page, 'share')).toBe('33.3 %');
    expect(await page.locator('#apply').isDisabled()).toBe(true);

    const plot = (await page.locator('#scores .u-over').boundingBox())!;
    const grip = (await handle.boundingBox())!;
    await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.4, plot.y + 40, { steps: 8 });
    await page.mouse.up();
    const value = Number(await handle.getAttribute('aria-valuenow'));
    expect(value).toBeGreaterThan(0.2);
    expect(value).toBeLessThan(0.5);
    const strong = [0.1, 0.2, 0.3, 0.4, 0.7, 0.9].filter((score) => score >= value).length;
    expect(parseFloat(await tile(page, 'share'))).toBeCloseTo((strong / 6) * 100, 1);
    expect(await page.locator('#tile-share .about').innerText()).toBe('now 33.3 %');
    expect(await tile(page, 'cost')).toMatch(/^\$0\.\d+/);

    // A new request does not take the handle away from under the hand.
    await chat('0.15 meanwhile');
    await expect.poll(() => figure(page, 'requests')).toBe('7');
    expect(Number(await handle.getAttribute('aria-valuenow'))).toBe(value);

    const text = `${((value + 0.5) / 2).toFixed(3)} between`;
    expect((await chat(text)).headers.get('x-pointsman-tier')).toBe('weak');
    await page.locator('#apply').click();
    await expect.poll(() => page.locator('#scores .said').innerText()).toContain('in force');
    const after = await chat(text);
    expect(after.headers.get('x-pointsman-tier')).toBe('strong');
    expect(Number(after.headers.get('x-pointsman-threshold'))).toBe(value);
    await expect.poll(() => page.locator('#scores-about').innerText()).toContain('applied');
  });

  test('the threshold is a slider for the keyboard, and all can be done without a mouse', async () => {
    await start();
    await fillLog([0.1, 0.2, 0.3, 0.4, 0.7, 0.9]);
    const page = await open();
    const handle = page.getByRole('slider', { name: 'Threshold' });
    await handle.focus();
    const press = async (key: string) => {
      await page.keyboard.press(key);
      return Number(await handle.getAttribute('aria-valuenow'));
    };
    expect(await press('ArrowLeft')).toBe(0.49);
    expect(await press('Shift+ArrowLeft')).toBe(0.489);
    expect(await press('ArrowUp')).toBe(0.499);
    expect(await press('PageDown')).toBe(0.399);
    expect(await handle.getAttribute('aria-valuetext')).toMatch(
      /^0\.399: 50 % to strong, \$0\.\d+ for 1,000/,
    );
    expect(await press('Home')).toBeLessThan(0.11);
    expect(await tile(page, 'share')).toBe('100 %');
    expect(await press('End')).toBeGreaterThan(0.9);
    expect(await tile(page, 'share')).toBe('0 %');

    await page.keyboard.press('Tab'); // the field
    await page.keyboard.type('0.15');
    await page.keyboard.press('Tab'); // Apply
    expect(await handle.getAttribute('aria-valuenow')).toBe('0.150');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.locator('#scores .said').innerText())
      .toContain('0.150 is in force');
    expect((await chat('0.16 now')).headers.get('x-pointsman-tier')).toBe('strong');
  });

  test('one request opens from the table with its reasons and its like, and Escape goes back', async () => {
    await start();
    await chat('0.2 a neighbour');
    const reply = await chat(`0.9 ${evil}`);
    const id = reply.headers.get('x-pointsman-decision-id') ?? '';
    await post(`${gateway.url}/v1/router/feedback`, { decision_id: id, value: 0, comment: evil });
    await expect.poll(() => readLog(gateway.db).length).toBe(2);
    const page = await open();
    const button = page.locator(`tr[data-id="${id}"] button`);
    expect(await button.innerText()).toBe(`0.9 ${evil}`);
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.locator('dialog#request');
    await dialog.locator('.nearest li').waitFor();
    const said = await dialog.innerText();
    expect(said).toContain('Score 0.900 is at or above the threshold 0.500: strong.');
    expect(said).toContain(`0.00 user: ${evil}`);
    expect(await dialog.locator('pre').innerText()).toBe(`0.9 ${evil}`);
    await dialog.locator('.nearest button').click();
    await expect
      .poll(() => dialog.innerText())
      .toContain('Score 0.200 is below the threshold 0.500: weak.');
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    expect(await page.evaluate(`'hacked' in window`)).toBe(false);
    expect(await page.locator('main img, dialog img, main script').count()).toBe(0);
  });

  test('shows the report card of a learned head, and the shipped one again after a rollback', async () => {
    await start();
    await fillLog([0.1, 0.9]);
    const page = await open();
    const card = page.locator('#head');
    await card.getByText('as shipped').waitFor();
    const head = await applyTestHead(gateway.db);
    await card.getByText(head.head_version).first().waitFor();
    const row = async (name: string) => {
      const cells = await card.getByRole('row', { name }).locator('td').allInnerTexts();
      return cells.filter((text) => text !== '').join(' | ');
    };
    expect(await row('This head')).toBe('0.702 | 0.64 to 0.78 | 36 % | 28 % to 47 %');
    expect(await row('The shipped head')).toBe('0.492 | 0.43 to 0.56 | 16 % | 9 % to 23 %');
    expect(await row('Chance')).toBe('0.502 | 0.48 to 0.52 | 16 % | 13 % to 18 %');
    expect(await row('Always strong')).toBe('– | 100 %');
    const said = await card.innerText();
    expect(said).toContain('quality +0.044 (95 %: +0.028 to +0.061)');
    expect(said).toContain('APGR +0.21, 95 %: +0.13 to +0.30');
    expect(said).toContain('785 outcomes: 600 compared, 500 rated, of which 785 can tell');
    expect(said).toMatch(/Applied \d+ \w+ \d{4}, .*, over version scripted-1/);
    expect(said).toContain('from 0.320 to 0.700, which kept 16.7 % to strong');
    await withdrawHead(gateway.db, null);
    await card.getByText('as shipped').waitFor();
    expect(await card.innerText()).not.toContain('This head');
  });

  test('requests are filtered and turned over', async () => {
    await start();
    await fillLog(Array.from({ length: 30 }, (_, i) => 0.2 + i / 50));
    upstream.enqueue(failure(400));
    await chat('0.1 refused');
    const page = await open();
    const rows = page.locator('.requests tbody tr');
    await rows.first().waitFor();
    await expect.poll(() => rows.count()).toBe(25);
    await page.locator('#older').click();
    await expect.poll(() => rows.count()).toBe(6);
    await page.getByRole('button', { name: 'Newer' }).click();
    await expect.poll(() => rows.count()).toBe(25);
    await page.getByLabel('Tier', { exact: true }).selectOption('strong');
    await expect.poll(() => rows.count()).toBe(15);
    await page.getByLabel('Text, id or model').fill('0.78');
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByLabel('Text, id or model').fill('nothing like it');
    await page.getByText('No request fits this filter.').waitFor();
  });

  test('with an admin key it asks for it, and keeps it in the tab only', async () => {
    const adminKeys = new KeySet([hashOfKey(adminKey)]);
    await start((config) => ({ ...config, access: { ...config.access, adminKeys } }));
    await chat('0.9 x');
    const page = await open();
    await page.locator('#key-value').fill('a wrong one');
    await page.keyboard.press('Enter');
    await page.getByText('That key is not valid here.').waitFor();
    expect(await page.locator('.requests tbody tr').count()).toBe(0);
    await page.locator('#key-value').fill(adminKey);
    await page.keyboard.press('Enter');
    await page.locator('.requests tbody tr').waitFor();
    const kept = await page.evaluate<{ text: string }>(`({
      session: Object.values({ ...sessionStorage }),
      local: { ...localStorage },
      cookie: document.cookie,
      text: document.documentElement.outerHTML,
    })`);
    expect(kept).toMatchObject({ session: [adminKey], local: {}, cookie: '' });
    expect(kept.text).not.toContain(adminKey);
    await page.locator('#threshold').fill('0.95');
    await page.locator('#threshold').blur();
    await page.locator('#apply').click();
    await expect.poll(() => page.locator('#scores .said').innerText()).toContain('in force');
    expect((await chat('0.9 x')).headers.get('x-pointsman-tier')).toBe('weak');
    // The browser says each 401 itself.
    const { errors } = opened[0]!;
    expect(errors.every((error) => error.includes('401'))).toBe(true);
    errors.length = 0;
  });

  test.each(['light', 'dark'] as const)(
    'is readable in %s, also on a phone',
    async (colorScheme) => {
      await start();
      await fillLog([0.1, 0.2, 0.9]);
      const page = await open({ colorScheme, viewport: { width: 390, height: 844 } });
      await page.locator('.requests tbody tr').first().waitFor();
      const grounds = await page.evaluate<string>(
        'getComputedStyle(document.documentElement).backgroundColor',
      );
      const [red = 0] = /\d+/.exec(grounds)?.map(Number) ?? [];
      if (colorScheme === 'dark') expect(red).toBeLessThan(60);
      else expect(red).toBeGreaterThan(200);
      for (const text of [
        '.figure .value',
        '.figure .about',
        'h2',
        '.requests td',
        '.requests .about',
      ]) {
        expect(await contrast(page, text), text).toBeGreaterThan(4.5); // WCAG AA
      }
      const [width, inner] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, window.innerWidth]',
      );
      expect(width).toBeLessThanOrEqual(inner);
    },
  );
});

/** WCAG 2: (lighter + 0.05) / (darker + 0.05) of the relative luminances of a text and its card. */
async function contrast(page: Page, selector: string): Promise<number> {
  const colours = await page.evaluate<string[]>(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    const card = element.closest('.card, .figure');
    return [getComputedStyle(element).color, getComputedStyle(card).backgroundColor];
  })()`);
  const [a = 0, b = 0] = colours.map(luminance);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** @param colour such as `rgb(12, 34, 56)` */
function luminance(colour: string): number {
  const linear = (colour.match(/[\d.]+/g) ?? [])
    .map((part) => Number(part) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
}
