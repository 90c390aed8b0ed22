// Fixtures of every browser test: a server per worker, the fields of a new reader, and a page that is
// monitored: a console error, an uncaught exception or a CSP violation fails the test.
import { test as base, expect } from '@playwright/test';
import { newReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

export { expect };

export const test = base.extend({
  database: ['sqlite', { option: true, scope: 'worker' }],

  /** Additional environment variables of the server. */
  settings: [{}, { scope: 'worker' }],

  /** Files in the folder of the server. */
  files: [{}, { scope: 'worker' }],

  server: [
    async ({ database, settings, files }, use) => {
      const server = await startServer({ database, env: settings, files });
      await use(server);
      await server.discard();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: async ({ server }, use) => use(server.origin),

  reader: async ({ server }, use) => {
    const reader = newReader();
    server.keepSecret(reader.password);
    await use(reader);
  },

  page: async ({ page, context, server }, use) => {
    const complaints = watch(page);
    await use(page);
    for (const { name, value } of await context.cookies()) {
      if (name.includes('session_token')) server.keepSecret(value);
    }
    expect(complaints(), 'no browser errors').toEqual([]);
  },
});

/** Collects the browser's errors, except 4xx responses to navigations of the test itself. */
export function watch(page) {
  const complaints = [];
  const failedPages = new Set();
  page.on('pageerror', (error) => complaints.push({ text: String(error), url: '' }));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push({ text: message.text(), url: message.location().url });
  });
  page.on('response', (response) => {
    const status = response.status();
    if (response.request().isNavigationRequest() && status >= 400 && status < 500) failedPages.add(response.url());
    // A page that is refused an event stream asks for changes instead.
    if (status === 429 && /\/events\?/.test(response.url())) failedPages.add(response.url());
  });
  const expected = ({ text, url }) => /^Failed to load resource.*status of 4\d\d/.test(text) && failedPages.has(url);
  return () => complaints.filter((complaint) => !expected(complaint)).map(({ text, url }) => `${text} (${url})`);
}
