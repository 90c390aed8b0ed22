// Conversations, with and without scripts: search, branches, renaming, archiving, deleting and restoring.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, startSignedIn, rows, flashMessage, messageArticles, openActions } from './site.mjs';
import { createConversation, exchanges, renameConversation, richAnswer } from './conversation-data.mjs';

test.beforeEach(async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
});

const titles = (page) => rows(page).locator('.list-entry__title').allInnerTexts();
const inRow = (row, name) => row.getByRole('button', { name, exact: true });

test('a conversation is deleted and restored', async ({ page, server }) => {
  await createConversation(page, server, { title: 'Motors' });
  await createConversation(page, server, { title: 'Sensors' });
  await page.goto(PATHS.conversations);
  await openActions(rows(page).first());
  await inRow(rows(page).first(), LABELS.remove).click();
  await expect(flashMessage(page)).toContainText('Deleted. It is gone for good in ten minutes.');
  expect(await titles(page)).toEqual(['Motors']);
  await button(page, LABELS.undo).click();
  await expect(flashMessage(page)).toContainText('The conversation is back.');
  expect(await titles(page)).toEqual(['Sensors', 'Motors']);
});

test('a conversation is renamed, archived and moved back', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(2) });
  await page.goto(PATHS.conversations);
  await openActions(rows(page).first());
  await rows(page).first().getByLabel('Title').fill('How far sensors see');
  await inRow(rows(page).first(), LABELS.rename).click();
  await expect(rows(page).first()).toContainText('How far sensors see');
  await rows(page).first().getByRole('link').first().click();
  await expect(page).toHaveURL((url) => url.pathname === `${PATHS.conversations}/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('How far sensors see');
  await openActions(page.locator('.conversation-header'));
  await button(page, LABELS.archive).click();
  await expect(flashMessage(page)).toContainText('Archived.');
  await page.goto(PATHS.conversations);
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole('link', { name: 'Archived', exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  await openActions(rows(page).first());
  await inRow(rows(page).first(), 'Move to active').click();
  await page.goto(PATHS.conversations);
  expect(await titles(page)).toEqual(['How far sensors see']);
});

test('a search result leads to its message', async ({ page, server }) => {
  const id = await createConversation(page, server, { title: 'Sensors', messages: exchanges(60) });
  await page.goto(PATHS.conversations);
  await page.getByRole('searchbox').fill('"number 7"');
  await page.getByRole('searchbox').press('Enter');
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).locator('mark').first()).toHaveText(/number/);
  await expect(page.getByRole('link', { name: 'All conversations' })).toHaveAttribute('href', PATHS.conversations);
  await rows(page).getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/conversations/${id}\\?message=m7#m-m7$`));
  await expect(page.locator('article:target')).toContainText('Question number 7');
  await expect(page.locator('article:target')).toBeInViewport();
});

test('the list grows, and Back restores the position', async ({ page, server }) => {
  for (let number = 1; number <= 45; number += 1) await createConversation(page, server, { title: `Chapter ${number}` });
  await page.goto(PATHS.conversations);
  const more = page.getByRole('link', { name: LABELS.more });
  await more.click();
  await expect(rows(page)).toHaveCount(40);
  await more.click();
  await expect(rows(page)).toHaveCount(45);
  await expect(more).toHaveCount(0);
  expect(new Set(await titles(page)).size).toBe(45);
  const far = rows(page).filter({ hasText: 'Chapter 3' }).last();
  await far.scrollIntoViewIfNeeded();
  const where = await page.evaluate(() => scrollY);
  expect(where).toBeGreaterThan(500);
  await far.getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Chapter 3');
  await page.goBack();
  await expect(rows(page)).toHaveCount(45);
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(where - 60);
  await expect(far).toBeInViewport();
});

test('branches can be viewed, and one of them made current', async ({ page, server }) => {
  const messages = [
    { id: 'q', role: 'user', content: 'What is odometry?' },
    { id: 'a1', role: 'assistant', content: 'Counting turns.', parentId: 'q' },
    { id: 'a2', role: 'assistant', content: 'Knowing where you are.', parentId: 'q' },
  ];
  const id = await createConversation(page, server, { messages });
  await page.goto(`${PATHS.conversations}/${id}`);
  await expect(messageArticles(page)).toHaveCount(2);
  await expect(messageArticles(page).last()).toContainText('Knowing where you are.');
  await expect(messageArticles(page).last()).toContainText('2 of 2');
  await page.getByRole('link', { name: 'The version before' }).click();
  await expect(messageArticles(page).last()).toContainText('Counting turns.');
  await expect(page.getByRole('link', { name: 'The version before' })).toHaveCount(0);
  await button(page, 'Go on with this one').click();
  await expect(page).toHaveURL((url) => url.search === '');
  await expect(messageArticles(page).last()).toContainText('Counting turns.');
});

test('an answer is rated, and the rating removed', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(2) });
  await page.goto(`${PATHS.conversations}/${id}`);
  const helpful = button(page, LABELS.helpful);
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
  await helpful.click();
  await expect(helpful).toHaveAttribute('aria-pressed', 'true');
  await helpful.click();
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
  await page.reload();
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
});

test('a long conversation opens at its end and loads earlier messages', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: exchanges(70) });
  await page.goto(`${PATHS.conversations}/${id}`);
  await expect(messageArticles(page).last()).toContainText('Answer number 70');
  await expect(page.getByText('Messages 41 to 70 of 70')).toBeVisible();
  await page.getByRole('link', { name: 'Jump to the newest' }).click();
  await expect(messageArticles(page).last()).toBeInViewport();
  const earlier = page.getByRole('link', { name: LABELS.earlier });
  await earlier.click();
  await expect(messageArticles(page).first()).toContainText('Question number 11');
  await earlier.click();
  await expect(messageArticles(page).first()).toContainText('Question number 1:');
  await expect(earlier).toHaveCount(0);
});

test('citations lead to their sources', async ({ page, server }) => {
  const id = await createConversation(page, server, { messages: [['user', 'How far?'], richAnswer] });
  await page.goto(`${PATHS.conversations}/${id}`);
  await page.locator('.cite a').first().click();
  await expect(page.locator('.sources li:target')).toContainText('Sensors: an overview');
  const link = page.locator('.sources').getByRole('link', { name: 'Sensors: an overview' });
  await expect(link).toHaveAttribute('href', 'https://book.example/docs/sensors/overview#range-and-precision');
  await page.locator('summary', { hasText: 'Reasoning' }).click();
  await expect(page.getByText('The reader asks about')).toBeVisible();
});

test('everything is reachable by keyboard', async ({ page, server }) => {
  const id = await createConversation(page, server, { title: 'Sensors', messages: exchanges(2) });
  await page.goto(PATHS.conversations);
  await page.getByRole('searchbox').focus();
  const reached = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.textContent.trim()));
  }
  expect(reached).toEqual(expect.arrayContaining(['Search', 'Active', 'Archived', 'Sensors', 'More: Sensors']));
  await rows(page).getByRole('link').focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL((url) => url.pathname === `${PATHS.conversations}/${id}`);
});

test('an undone change shows the list it was made in', async ({ page, server }) => {
  for (let number = 1; number <= 25; number += 1) await createConversation(page, server, { title: `Chapter ${number}` });
  await page.goto(`${PATHS.conversations}?shown=40`);
  const row = rows(page).filter({ hasText: 'Chapter 7' });
  await openActions(row);
  await inRow(row, LABELS.archive).click();
  await expect(flashMessage(page)).toContainText('Archived. You will find it under Archived.');
  await button(page, LABELS.undo).click();
  await expect(flashMessage(page)).toContainText('The conversation is back in your list.');
  await expect(page).toHaveURL((url) => url.search === '?shown=40');
  await expect(rows(page)).toHaveCount(25);
});

test('a conversation deleted on another device is a 404', async ({ page, server }) => {
  const id = await createConversation(page, server, { title: 'Sensors' });
  await renameConversation(page, server, id, 'Motors');
  await page.goto(PATHS.conversations);
  expect(await titles(page)).toEqual(['Motors']);
  await page.goto(`${PATHS.conversations}/made-up`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('No such conversation');
  await page.getByRole('link', { name: 'To your conversations' }).click();
  await expect(rows(page)).toHaveCount(1);
});
