// Helpers for the pages of conversations; all assumptions about their markup are here.
import { expect } from '@playwright/test';
import { Conversations } from '../harness/conversations.mjs';
import { startSignedIn } from './site.mjs';

export const conversationPath = (id) => `/conversations/${id}`;
export const messageArticle = (page, id) => page.locator(`[data-messages] > article[data-message="${id}"]`);
export const messageArticles = (page) => page.locator('[data-messages] > article');
/** The live region for screen readers. */
export const liveStatus = (page) => page.locator('p.visually-hidden[role="status"]');

/** Signs a reader in on this page; returns a client that writes into their conversations. */
export async function startSignedInWithBot(page, server, reader) {
  await startSignedIn(page, server, reader);
  const cookies = await page.context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Conversations(server, { cookie, origin: server.origin });
}

/** Creates a conversation with these messages, all of which must be accepted. */
export async function createConversation(bot, fields, messages) {
  const made = await bot.create(fields);
  expect([200, 201], made.text).toContain(made.status);
  if (messages.length === 0) return;
  const { status, text } = await bot.append(fields.id, messages);
  expect(status, text).toBe(201);
}

/** Opens a conversation and waits until its event stream is open. */
export async function openLive(page, id) {
  const followed = page.waitForResponse((response) => response.url().includes(`/api/conversations/${id}/events`));
  await page.goto(conversationPath(id));
  expect((await followed).status()).toBe(200);
}
