// The pages of conversations, as a chatbot fills them. What the tests assume about their markup stands here.
import { expect } from '@playwright/test';
import { Conversations } from '../harness/conversations.mjs';
import { join } from './site.mjs';

export const pageOf = (id) => `/conversations/${id}`;
export const turn = (page, id) => page.locator(`[data-turns] > article[data-message="${id}"]`);
export const turns = (page) => page.locator('[data-turns] > article');
/** What is told to who does not see the page change. */
export const toldAside = (page) => page.locator('p.visually-hidden[role="status"]');

/** A reader who is signed in on this page, and what writes into their conversations. */
export async function joinWithBot(page, server, reader) {
  await join(page, server, reader);
  const cookies = await page.context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Conversations(server, { cookie, origin: server.origin });
}

/** A conversation with these messages, none of which may be refused. */
export async function write(bot, fields, messages) {
  const made = await bot.create(fields);
  expect([200, 201], made.text).toContain(made.status);
  if (messages.length === 0) return;
  const { status, text } = await bot.append(fields.id, messages);
  expect(status, text).toBe(201);
}

/** Waits until scripts have begun to follow the conversation. */
export async function opened(page, id) {
  const followed = page.waitForResponse((response) => response.url().includes(`/api/conversations/${id}/events`));
  await page.goto(pageOf(id));
  expect((await followed).status()).toBe(200);
}
