// What islands add to conversations: search while typing, loading more, copying, rating.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, startSignedIn, rows, messageArticles } from './site.mjs';
import { createConversation, exchanges, richAnswer, appendMessages } from './conversation-data.mjs';

test.beforeEach(async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
});

const search = (page) => page.getByRole('searchbox');
const note = (page) => page.locator('.search__status');

/** Opens a conversation and waits for its event stream: then its island is hydrated. */
async function follow(page, id) {
  const followed = page.waitForRequest((request) => request.url().includes('/events?after='));
  await page.goto(`${PATHS.conversations}/${id}`);
  await followed;
  await page.evaluate(() => (window.stayed = true));
}

/** Opens the list and types until its island is hydrated. */
async function openList(page) {
  await page.goto(PATHS.conversations);
  const asks = (q) => expect(page).toHaveURL((url) => url.search === q, { timeout: 1500 });
  await expect(async () => {
    await search(page).fill('');
    await search(page).fill('alive');
    await asks('?q=alive');
  }).toPass();
  await search(page).fill('');
  await asks('');
  await page.evaluate(() => (window.stayed = true));
}

const hasStayed = (page) => page.evaluate(() => window.stayed === true);

test('the list is searched while typing', async ({ page, server }) => {
  await createConversation(page, server, { title: 'Sensors', messages: [['user', 'What is a lidar?']] });
  await createConversation(page, server, { title: 'Motors', messages: [['user', 'What is torque?']] });
  await openList(page);
  await search(page).pressSequentially('lid', { delay: 30 });
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).locator('mark')).toHaveText('lidar');
  await expect(note(page)).toHaveText('One message found.');
  await expect(page).toHaveURL((url) => url.search === '?q=lid');
  await expect(search(page)).toBeFocused();
  await search(page).fill('');
  await expect(rows(page)).toHaveCount(2);
  await expect(page).toHaveURL((url) => url.search === '');
  expect(await hasStayed(page)).toBe(true);
});

test('a late response is discarded', async ({ page, server }) => {
  await createConversation(page, server, { title: 'Sensors', messages: [['user', 'lidar']] });
  await createConversation(page, server, { title: 'Motors', messages: [['user', 'torque']] });
  await openList(page);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/-/list', async (route) => {
    if (route.request().postData().includes('lidar')) await held;
    await route.continue();
  });
  const asked = page.waitForRequest((request) => (request.postData() ?? '').includes('lidar'));
  await search(page).fill('lidar');
  await asked;
  await search(page).fill('torque');
  await expect(rows(page).locator('mark')).toHaveText('torque');
  const late = page.waitForResponse((response) => (response.request().postData() ?? '').includes('lidar'));
  release();
  await late;
  await page.waitForTimeout(200);
  await expect(rows(page).locator('mark')).toHaveText('torque');
});

test('loading earlier messages keeps the scroll position', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(70) });
  await follow(page, id);
  const first = messageArticles(page).filter({ hasText: 'Question number 41' });
  const before = await first.boundingBox();
  await page.getByRole('link', { name: LABELS.earlier }).click();
  await expect(messageArticles(page)).toHaveCount(60);
  await expect(page.getByText('Messages 11 to 70 of 70')).toBeVisible();
  const after = await first.boundingBox();
  expect(Math.abs(after.y - before.y)).toBeLessThan(80);
  expect(await hasStayed(page)).toBe(true);
});

test('code and answers can be copied', async ({ page, server, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = await createConversation(page, server, { messages: [['user', 'How?'], richAnswer] });
  await follow(page, id);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.locator('.code__copy').click();
  await expect.poll(copied).toContain('from robot import Lidar');
  await expect(page.locator('.code__copy')).toHaveText('Copied');
  await page.locator('.message__copy').click();
  // Without source numbers and button labels.
  await expect.poll(copied).toContain('It depends on the kind of sensor. Ultrasound');
  expect(await copied()).not.toMatch(/^Cop(y|ied)$/m);
});

test('an answer is rated without a reload', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(2) });
  await follow(page, id);
  await button(page, LABELS.helpful).click();
  await expect(button(page, LABELS.helpful)).toHaveAttribute('aria-pressed', 'true');
  await expect(button(page, LABELS.helpful)).toBeFocused();
  expect(await hasStayed(page)).toBe(true);
});

test('a failed request leaves the page unchanged and shows an error', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(40) });
  await follow(page, id);
  // An aborted request would appear as a console error, so answer with a failure instead.
  await page.evaluate(() => {
    window.connected = window.fetch;
    window.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  });
  const said = page.getByRole('status').filter({ hasText: 'Check your connection and try again.' });
  const helpful = button(page, LABELS.helpful).first();
  await helpful.click();
  await expect(said).toBeVisible();
  await page.getByRole('link', { name: LABELS.earlier }).click();
  await expect(messageArticles(page)).toHaveCount(30);
  await page.evaluate(() => (window.fetch = window.connected));
  await helpful.click();
  await expect(helpful).toHaveAttribute('aria-pressed', 'true');
  await expect(said).toHaveCount(0);
  expect(await hasStayed(page)).toBe(true);
});

test('"jump to the newest" is visible only away from the end', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(30) });
  await follow(page, id);
  const jump = page.getByRole('link', { name: 'Jump to the newest' });
  await jump.click();
  await expect(messageArticles(page).last()).toBeFocused();
  await expect(messageArticles(page).last()).toBeInViewport();
  await expect(jump).toBeHidden();
  await page.evaluate(() => scrollTo(0, 0));
  await expect(jump).toBeVisible();
});

test.describe('elsewhere', () => {
  test.use({ locale: 'de-DE', timezoneId: 'Asia/Tokyo' });

  test("times use the browser's language and time zone", async ({ page, server }) => {
    const id = await createConversation(page, server, { messages: exchanges(2) });
    const german = /^\d+\. \p{L}+ \d{4} um \d\d:\d\d$/u;
    await page.goto(PATHS.conversations);
    await expect(rows(page).locator('time')).toHaveText(german);
    await follow(page, id);
    await appendMessages(page, server, id, [{ id: 'next', role: 'user', content: 'One more.' }]);
    await expect(messageArticles(page)).toHaveCount(3);
    for (const time of await page.locator('main time').all()) {
      await expect(time).toHaveText(german);
      const at = new Date(await time.getAttribute('datetime'));
      const zone = { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' };
      await expect(time).toContainText(at.toLocaleTimeString('de-DE', zone));
      await expect(time).toHaveAttribute('title', at.toISOString());
    }
    expect(await page.locator('main time').count()).toBe(4);
  });
});

test('a new version is announced without moving a reader who scrolled up', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(30) });
  await follow(page, id);
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await appendMessages(page, server, id, [{ id: 'next', role: 'user', content: 'One more.' }]);
  await expect(messageArticles(page)).toHaveCount(31);
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await appendMessages(page, server, id, [{ id: 'other', role: 'user', content: 'Asked anew.', parentId: 'm30' }]);
  await page.getByRole('link', { name: 'Show it' }).click();
  await expect(messageArticles(page).last()).toContainText('Asked anew.');
});
