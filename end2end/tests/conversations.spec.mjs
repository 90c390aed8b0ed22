// Conversations, with scripts and without: found, walked through, named, put away, deleted and brought back.
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, button, join, rows, told, turns, unfold } from './site.mjs';
import { converse, dialogue, rename, richAnswer } from './talk.mjs';

test.beforeEach(async ({ page, server, reader }) => {
  await join(page, server, reader);
});

const titles = (page) => rows(page).locator('.list-entry__title').allInnerTexts();
const inRow = (row, name) => row.getByRole('button', { name, exact: true });

test('a conversation is deleted and brought back', async ({ page, server }) => {
  await converse(page, server, { title: 'Motors' });
  await converse(page, server, { title: 'Sensors' });
  await page.goto(PLACES.conversations);
  await unfold(rows(page).first());
  await inRow(rows(page).first(), WORDS.remove).click();
  await expect(told(page)).toContainText('Deleted. It is gone for good in ten minutes.');
  expect(await titles(page)).toEqual(['Motors']);
  await button(page, WORDS.undo).click();
  await expect(told(page)).toContainText('The conversation is back.');
  expect(await titles(page)).toEqual(['Sensors', 'Motors']);
});

test('a conversation is named, put away and taken out again', async ({ page, server }) => {
  const id = await converse(page, server, { messages: dialogue(2) });
  await page.goto(PLACES.conversations);
  await unfold(rows(page).first());
  await rows(page).first().getByLabel('Title').fill('How far sensors see');
  await inRow(rows(page).first(), WORDS.rename).click();
  await expect(rows(page).first()).toContainText('How far sensors see');
  await rows(page).first().getByRole('link').first().click();
  await expect(page).toHaveURL((url) => url.pathname === `${PLACES.conversations}/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('How far sensors see');
  await unfold(page.locator('.conversation-header'));
  await button(page, WORDS.archive).click();
  await expect(told(page)).toContainText('Archived.');
  await page.goto(PLACES.conversations);
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole('link', { name: 'Archived', exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  await unfold(rows(page).first());
  await inRow(rows(page).first(), 'Move to active').click();
  await page.goto(PLACES.conversations);
  expect(await titles(page)).toEqual(['How far sensors see']);
});

test('what is looked for is found, and leads to its message', async ({ page, server }) => {
  const id = await converse(page, server, { title: 'Sensors', messages: dialogue(60) });
  await page.goto(PLACES.conversations);
  await page.getByRole('searchbox').fill('"number 7"');
  await page.getByRole('searchbox').press('Enter');
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).locator('mark').first()).toHaveText(/number/);
  await expect(page.getByRole('link', { name: 'All conversations' })).toHaveAttribute('href', PLACES.conversations);
  await rows(page).getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/conversations/${id}\\?message=m7#m-m7$`));
  await expect(page.locator('article:target')).toContainText('Question number 7');
  await expect(page.locator('article:target')).toBeInViewport();
});

test('a list grows, and Back leads to where one was', async ({ page, server }) => {
  for (let number = 1; number <= 45; number += 1) await converse(page, server, { title: `Chapter ${number}` });
  await page.goto(PLACES.conversations);
  const more = page.getByRole('link', { name: WORDS.more });
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

test('branches are walked, and one of them is gone on with', async ({ page, server }) => {
  const messages = [
    { id: 'q', role: 'user', content: 'What is odometry?' },
    { id: 'a1', role: 'assistant', content: 'Counting turns.', parentId: 'q' },
    { id: 'a2', role: 'assistant', content: 'Knowing where you are.', parentId: 'q' },
  ];
  const id = await converse(page, server, { messages });
  await page.goto(`${PLACES.conversations}/${id}`);
  await expect(turns(page)).toHaveCount(2);
  await expect(turns(page).last()).toContainText('Knowing where you are.');
  await expect(turns(page).last()).toContainText('2 of 2');
  await page.getByRole('link', { name: 'The version before' }).click();
  await expect(turns(page).last()).toContainText('Counting turns.');
  await expect(page.getByRole('link', { name: 'The version before' })).toHaveCount(0);
  await button(page, 'Go on with this one').click();
  await expect(page).toHaveURL((url) => url.search === '');
  await expect(turns(page).last()).toContainText('Counting turns.');
});

test('an answer is judged, and the judgement taken back', async ({ page, server }) => {
  const id = await converse(page, server, { messages: dialogue(2) });
  await page.goto(`${PLACES.conversations}/${id}`);
  const helpful = button(page, WORDS.helpful);
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
  await helpful.click();
  await expect(helpful).toHaveAttribute('aria-pressed', 'true');
  await helpful.click();
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
  await page.reload();
  await expect(helpful).toHaveAttribute('aria-pressed', 'false');
});

test('a long conversation opens at its end and goes on to its beginning', async ({ page, server }) => {
  const id = await converse(page, server, { messages: dialogue(70) });
  await page.goto(`${PLACES.conversations}/${id}`);
  await expect(turns(page).last()).toContainText('Answer number 70');
  await expect(page.getByText('Messages 41 to 70 of 70')).toBeVisible();
  await page.getByRole('link', { name: 'Jump to the newest' }).click();
  await expect(turns(page).last()).toBeInViewport();
  const earlier = page.getByRole('link', { name: WORDS.earlier });
  await earlier.click();
  await expect(turns(page).first()).toContainText('Question number 11');
  await earlier.click();
  await expect(turns(page).first()).toContainText('Question number 1:');
  await expect(earlier).toHaveCount(0);
});

test('citations lead to their sources', async ({ page, server }) => {
  const id = await converse(page, server, { messages: [['user', 'How far?'], richAnswer] });
  await page.goto(`${PLACES.conversations}/${id}`);
  await page.locator('.cite a').first().click();
  await expect(page.locator('.sources li:target')).toContainText('Sensors: an overview');
  const link = page.locator('.sources').getByRole('link', { name: 'Sensors: an overview' });
  await expect(link).toHaveAttribute('href', 'https://book.example/docs/sensors/overview#range-and-precision');
  await page.locator('summary', { hasText: 'Reasoning' }).click();
  await expect(page.getByText('The reader asks about')).toBeVisible();
});

test('everything is reached by keyboard', async ({ page, server }) => {
  const id = await converse(page, server, { title: 'Sensors', messages: dialogue(2) });
  await page.goto(PLACES.conversations);
  await page.getByRole('searchbox').focus();
  const reached = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.textContent.trim()));
  }
  expect(reached).toEqual(expect.arrayContaining(['Search', 'Active', 'Archived', 'Sensors', 'More: Sensors']));
  await rows(page).getByRole('link').focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL((url) => url.pathname === `${PLACES.conversations}/${id}`);
});

test('what is taken back is seen in the list it was in', async ({ page, server }) => {
  for (let number = 1; number <= 25; number += 1) await converse(page, server, { title: `Chapter ${number}` });
  await page.goto(`${PLACES.conversations}?shown=40`);
  const row = rows(page).filter({ hasText: 'Chapter 7' });
  await unfold(row);
  await inRow(row, WORDS.archive).click();
  await expect(told(page)).toContainText('Archived. You will find it under Archived.');
  await button(page, WORDS.undo).click();
  await expect(told(page)).toContainText('The conversation is back in your list.');
  await expect(page).toHaveURL((url) => url.search === '?shown=40');
  await expect(rows(page)).toHaveCount(25);
});

test('what was deleted elsewhere is not found', async ({ page, server }) => {
  const id = await converse(page, server, { title: 'Sensors' });
  await rename(page, server, id, 'Motors');
  await page.goto(PLACES.conversations);
  expect(await titles(page)).toEqual(['Motors']);
  await page.goto(`${PLACES.conversations}/made-up`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('No such conversation');
  await page.getByRole('link', { name: 'To your conversations' }).click();
  await expect(rows(page)).toHaveCount(1);
});
