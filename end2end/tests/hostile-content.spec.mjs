// Malicious messages are shown as text: no script runs, nothing is fetched, the rest of the page is unchanged.
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures.mjs';
import { startSignedInWithBot, conversationPath, messageArticles, createConversation } from './conversation-page.mjs';

const CORPUS = JSON.parse(readFileSync(new URL('hostile-markdown.json', import.meta.url), 'utf8'));
/** Messages per page. */
const AT_ONCE = 25;
const BATCHES = Array.from({ length: Math.ceil(CORPUS.length / AT_ONCE) }, (_, at) =>
  CORPUS.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
);

/** Elements that a message must not produce: scripts, external resources, overlays, forms. */
const NEVER =
  'script, style, iframe, frame, object, embed, applet, link, meta, base, form, input:not([type=checkbox][disabled]), ' +
  'button, select, textarea, svg, math, template, noscript, img, video, audio, source, picture, canvas, dialog, ' +
  'marquee, portal, slot, title, body, head, html, [style], [srcdoc], [autofocus], [contenteditable], [popover], [is]';
const HARMLESS = /^(https?:|mailto:|#|\/)/i;

/** Records dialogs, new windows and requests to other hosts. */
function guard(page, { origin }) {
  const deeds = [];
  page.on('dialog', (dialog) => {
    deeds.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('popup', (popup) => deeds.push(`window: ${popup.url()}`));
  page.on('download', (download) => deeds.push(`download: ${download.url()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) deeds.push(`request: ${request.url()}`);
  });
  return () => deeds;
}

/** Active content inside messages, as text for the report. */
const suspects = (page) =>
  page.evaluate((never) => {
    const found = [];
    for (const prose of document.querySelectorAll('[data-messages] .prose, [data-messages] .message__details-body')) {
      for (const element of prose.querySelectorAll('*')) {
        // The page's own; the Markdown renderer produces no buttons.
        const isOwn = element.outerHTML === '<button class="code__copy" type="button">Copy</button>';
        if (element.matches(never) && !isOwn) found.push(element.outerHTML.slice(0, 200));
        for (const { name, value } of element.attributes) {
          const addressed = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster', 'ping', 'target'];
          if (/^on/i.test(name)) found.push(`${name}=${value}`);
          if (addressed.includes(name)) found.push({ name, value, resolved: element[name] ?? value });
          if (name === 'id' && !value.startsWith('m-')) found.push(`id=${value}`);
        }
      }
    }
    return found;
  }, NEVER);

/** The page without the content of its messages, which no message may change. */
const frameOf = (page, id) =>
  page.evaluate((name) => {
    const copy = document.documentElement.cloneNode(true);
    for (const prose of copy.querySelectorAll('[data-messages] > article')) prose.replaceChildren();
    for (const changing of copy.querySelectorAll('time, script, link[crossorigin]')) changing.replaceWith('…');
    return copy.outerHTML.replaceAll(name, 'NAME').replace(/data-props="[^"]*"/g, '');
  }, id);

function assertHarmless(found) {
  const strings = found.filter((one) => typeof one === 'string');
  expect(strings, 'elements and attributes that act').toEqual([]);
  for (const { name, value, resolved } of found) {
    expect(name, `${name}=${value}`).toBe('href');
    expect(String(resolved), value).toMatch(HARMLESS);
  }
}

/** Opens a conversation and asserts that nothing malicious happened. */
async function assertInert(page, server, id, count) {
  const deeds = guard(page, server);
  await page.goto(conversationPath(id), { waitUntil: 'load' });
  await expect(messageArticles(page)).toHaveCount(count);
  // Every message is in its own article, and there are no others.
  expect(await page.locator('article').count()).toBe(count);
  expect(await page.locator('[data-messages] .prose').count()).toBeGreaterThanOrEqual(count);
  assertHarmless(await suspects(page));
  await page.mouse.move(200, 200);
  await page.keyboard.press('End');
  const globals = await page.evaluate(() => [window.__pwned, window.name, document.location.pathname, document.domain]);
  expect(globals).toEqual([undefined, '', conversationPath(id), 'localhost']);
  expect(deeds()).toEqual([]);
}

for (const [at, batch] of BATCHES.entries()) {
  const names = `${batch[0].name} to ${batch.at(-1).name}`;
  test(`malicious messages are shown as text (${names})`, async ({ page, server, reader }) => {
    const bot = await startSignedInWithBot(page, server, reader);
    const said = (content, place) => ({ id: `m${place}`, role: 'assistant', content });
    const [harm, calm] = [`harm-${at}`, `calm-${at}`];
    await createConversation(
      bot,
      { id: calm, title: 'Said' },
      batch.map((_, place) => said('Calm words.', place)),
    );
    await createConversation(
      bot,
      { id: harm, title: 'Said' },
      batch.map(({ markdown }, place) => said(markdown, place)),
    );
    await page.goto(conversationPath(calm), { waitUntil: 'load' });
    const frame = await frameOf(page, calm);
    await assertInert(page, server, harm, batch.length);
    expect(await frameOf(page, harm), 'the page around the messages').toBe(frame);
  });
}

test('malicious text in any field of a part is shown as text', async ({ page, server, reader }) => {
  test.slow();
  const bot = await startSignedInWithBot(page, server, reader);
  for (const [at, batch] of BATCHES.entries()) {
    const messages = batch.map(({ markdown }, place) => ({
      id: `m${place}`,
      role: 'assistant',
      parts: parts(markdown),
    }));
    await createConversation(bot, { id: `parts-${at}`, title: 'Said' }, messages);
    await assertInert(page, server, `parts-${at}`, batch.length);
  }
});

test('malicious titles and openings are shown as text in lists and search results', async ({ page, server, reader }) => {
  const bot = await startSignedInWithBot(page, server, reader);
  const lines = CORPUS.filter(({ markdown }) => markdown.length <= 200 && !/[\p{Cc}]/u.test(markdown));
  for (const [at, { markdown }] of lines.slice(0, 60).entries()) {
    const made = await bot.create({ id: `n${at}`, title: at % 2 ? markdown : undefined });
    expect(made.status, made.text).toBe(201);
    await bot.append(`n${at}`, { role: 'user', content: `${markdown} lighthouse` });
  }
  const deeds = guard(page, server);
  for (const address of [
    '/conversations',
    '/conversations?q=lighthouse',
    `/conversations?q=${encodeURIComponent('"><script>')}`,
  ]) {
    await page.goto(address, { waitUntil: 'load' });
    await expect(page.locator('main h1')).toBeVisible();
    const acting = page.locator('main :is(iframe, object, embed, img, svg, math, style, base, meta)');
    await expect(acting).toHaveCount(0);
    await expect(page.locator('[onerror], [onload], [onclick], [href^="javascript:" i]')).toHaveCount(0);
    expect(await page.evaluate(() => window.__pwned)).toBeUndefined();
  }
  expect(deeds()).toEqual([]);
});

/** Parts of every kind with the same text in every field. */
function parts(text) {
  const citations = [{ start: 0, end: 4, sourceId: text.slice(0, 100) }];
  return [
    { type: 'reasoning', text },
    { type: 'text', text: 'Said.', citations },
    { type: 'source', sourceId: text.slice(0, 100), kind: 'url', url: text, title: text, chunk: text },
    { type: 'source', sourceId: 's2', kind: 'document', url: `javascript:${text}`, filename: text, mediaType: text },
    { type: 'file', url: text, filename: text, mediaType: text },
    { type: 'file', url: 'javascript:window.__pwned=1', mediaType: 'text/html' },
    { type: 'tool-call', toolCallId: text, toolName: text, input: { [text]: text }, state: text },
    { type: 'tool-result', toolCallId: text, output: text, errorText: text },
    { type: 'data-own', data: text },
  ];
}
