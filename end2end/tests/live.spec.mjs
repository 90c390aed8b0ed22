// Live updates of a conversation: on two screens, without a reload, announced to screen readers.
import { expect, test } from './fixtures.mjs';
import { conversationPath, startSignedInWithBot, openLive, liveStatus, messageArticle, messageArticles, createConversation } from './conversation-page.mjs';

const user = (id, content) => ({ id, role: 'user', content });
const draft = (id) => ({ id, role: 'assistant', content: 'The bor', status: 'in_progress' });

/** A marker that a reload would clear. */
const mark = (page) => page.evaluate(() => (window.stillHere = true));
const isStillHere = (page) => page.evaluate(() => window.stillHere === true);

test('two screens show what a chatbot writes, without a reload, and announce it', async ({
  page,
  context,
  server,
  reader,
  browser,
}) => {
  const bot = await startSignedInWithBot(page, server, reader);
  await createConversation(bot, { id: 'live', title: 'Loans' }, [user('q1', 'What is a loan?')]);
  const second = await browser.newContext();
  try {
    await second.addCookies(await context.cookies());
    const screens = [page, await second.newPage()];
    for (const screen of screens) {
      await openLive(screen, 'live');
      await expect(messageArticle(screen, 'q1')).toBeVisible();
      await mark(screen);
      await expect(liveStatus(screen)).toHaveText('');
    }
    const heard = await Promise.all(screens.map(listen));

    await bot.append('live', draft('a1'));
    for (const screen of screens) {
      await expect(messageArticle(screen, 'a1')).toContainText('The bor');
      await expect(messageArticle(screen, 'a1')).toHaveAttribute('data-status', 'in_progress');
    }
    await bot.patch('live', 'a1', { content: 'The borrow checker sees to it.', status: 'complete' });
    for (const screen of screens) {
      await expect(messageArticle(screen, 'a1')).toContainText('The borrow checker sees to it.');
      await expect(messageArticle(screen, 'a1')).toHaveAttribute('data-status', 'complete');
    }
    await bot.append('live', user('q2', 'And then?'));
    for (const [at, screen] of screens.entries()) {
      await expect(messageArticle(screen, 'q2')).toBeVisible();
      await expect(messageArticles(screen)).toHaveCount(3);
      await expect(screen.locator('.conversation-header__meta')).toContainText('3 messages');
      await expect.poll(heard[at]).toEqual(expect.arrayContaining(['New message.', 'The answer is complete.']));
      expect(await isStillHere(screen)).toBe(true);
    }
    await bot.change('live', { title: 'Borrowing' });
    for (const screen of screens) await expect(screen.locator('h1')).toHaveText('Borrowing');
    await bot.delete('live');
    for (const screen of screens) {
      const gone = screen.getByRole('status').filter({ hasText: 'was deleted' });
      await expect(gone.getByRole('link', { name: 'All conversations' })).toBeVisible();
    }
  } finally {
    await second.close();
  }
});

test('a screen catches up after a lost connection', async ({ page, server, reader }) => {
  const bot = await startSignedInWithBot(page, server, reader);
  await createConversation(bot, { id: 'lost', title: 'Lost' }, [user('q1', 'Hello?')]);
  await openLive(page, 'lost');
  await mark(page);
  // A hidden tab closes its stream.
  await seen(page, false);
  await bot.append('lost', [user('q2', 'Missed'), draft('a1')]);
  await bot.patch('lost', 'a1', { content: 'Found again.', status: 'complete' });
  await seen(page, true);
  await expect(messageArticle(page, 'q2')).toBeVisible();
  await expect(messageArticle(page, 'a1')).toContainText('Found again.');
  expect(await isStillHere(page)).toBe(true);
});

test('a page that gets no event stream asks for changes', async ({ page, server, reader }) => {
  const bot = await startSignedInWithBot(page, server, reader);
  await createConversation(bot, { id: 'full', title: 'Full' }, [user('q1', 'Anybody?'), draft('a1')]);
  const streams = await Promise.all(Array.from({ length: 10 }, () => bot.events('full')));
  const answered = (status) =>
    page.waitForResponse((response) => /full\/events/.test(response.url()) && response.status() === status);
  const refused = answered(429);
  await page.goto(conversationPath('full'));
  await refused;
  await expect(messageArticle(page, 'a1')).toContainText('The bor');
  await mark(page);
  await bot.patch('full', 'a1', { content: 'Nobody but me.', status: 'complete' });
  await bot.append('full', user('q2', 'Good.'));
  await expect(messageArticle(page, 'a1')).toContainText('Nobody but me.', { timeout: 30_000 });
  await expect(messageArticle(page, 'q2')).toBeVisible();
  // It takes the place of a stream that ends.
  const followed = answered(200);
  await Promise.all(streams.map((stream) => stream.close()));
  await followed;
  await bot.append('full', user('q3', 'Told at once.'));
  await expect(messageArticle(page, 'q3')).toBeVisible();
  await expect(messageArticles(page)).toHaveCount(4);
  expect(await isStillHere(page)).toBe(true);
});

test('messages appear live in an empty conversation', async ({
  page,
  server,
  reader,
}) => {
  const bot = await startSignedInWithBot(page, server, reader);
  await createConversation(bot, { id: 'empty', title: 'Empty' }, []);
  await openLive(page, 'empty');
  await expect(page.getByText('Nothing has been said here yet.')).toBeVisible();
  await bot.append('empty', user('q1', 'First words'));
  await expect(messageArticle(page, 'q1')).toBeVisible();
  await expect(page.getByText('Nothing has been said here yet.')).toBeHidden();
});

test('a live message is as safe as a loaded one', async ({ page, server, reader }) => {
  const bot = await startSignedInWithBot(page, server, reader);
  await createConversation(bot, { id: 'inert', title: 'Inert' }, []);
  await openLive(page, 'inert');
  const content =
    '<img src=x onerror="window.__pwned = 1"><script>window.__pwned = 1</script> [x](javascript:window.__pwned=1)';
  await bot.append('inert', { id: 'm', role: 'assistant', content });
  await expect(messageArticle(page, 'm')).toContainText('<img src=x');
  expect(await page.evaluate(() => window.__pwned)).toBeUndefined();
  await expect(messageArticle(page, 'm').locator('img, script, [href^="javascript:" i]')).toHaveCount(0);
});

/** Records the announcements of the live region, which it removes again. */
async function listen(page) {
  const region = liveStatus(page);
  expect((await region.getAttribute('aria-live')) ?? 'polite').toBe('polite');
  await region.evaluate((element) => {
    window.heard = [];
    const note = () => element.textContent && window.heard.push(element.textContent);
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
  });
  return () => page.evaluate(() => window.heard);
}

/** Simulates hiding or showing the tab; in a headless browser every tab is visible. */
async function seen(page, isSeen) {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    isSeen ? 'visible' : 'hidden',
  );
}
