// Fixtures of the tests on three sites: the sites, a browser that finds and trusts them, and pages that are monitored.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from '@playwright/test';
import { newReader } from '../harness/readers.mjs';
import { watch } from '../tests/fixtures.mjs';
import { startLocally, startSites } from './sites.mjs';

export { expect };

export const test = base.extend({
  database: ['sqlite', { option: true, scope: 'worker' }],

  /** "blocked", as in the browser's private windows, or "allowed". */
  thirdPartyCookies: ['blocked', { option: true, scope: 'worker' }],

  /** Additional environment variables of the server. */
  settings: [{}, { scope: 'worker' }],

  /** Whether all of it is on http://localhost. */
  local: [false, { scope: 'worker' }],

  sites: [
    async ({ database, settings, local }, use) => {
      const sites = await (local ? startLocally : startSites)({ database, env: settings });
      await use(sites);
      await sites.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  launchOptions: [
    async ({ launchOptions, sites }, use) =>
      use({ ...launchOptions, args: [...launchOptions.args, ...sites.chromeArguments] }),
    { scope: 'worker' },
  ],

  /** Playwright's contexts are private windows, which block third-party cookies; a window with a profile allows them. */
  context: async ({ playwright, browser, launchOptions, thirdPartyCookies, viewport }, use) => {
    if (thirdPartyCookies === 'blocked') {
      const context = await browser.newContext({ viewport });
      await use(context);
      await context.close();
      return;
    }
    const profile = mkdtempSync(join(tmpdir(), 'bookplate-profile-'));
    const context = await playwright.chromium.launchPersistentContext(profile, { ...launchOptions, viewport });
    await use(context);
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  },

  /** The errors of the browser that a test provokes. */
  expected: [async ({}, use) => use([/^Failed to load resource.*status of (400|503).*\/oauth2\/token\)$/]), {}],

  /** The browser's errors on all pages of a test, but for refused tokens: their pages say what that means. */
  complaints: [
    async ({ context, expected }, use) => {
      const watched = [];
      context.on('page', (page) => watched.push(watch(page)));
      context.pages().forEach((page) => watched.push(watch(page)));
      await use();
      const isExpected = (text) => expected.some((pattern) => pattern.test(text));
      const complaints = watched.flatMap((found) => found()).filter((text) => !isExpected(text));
      expect(complaints, 'no browser errors').toEqual([]);
    },
    { auto: true },
  ],

  reader: async ({ sites }, use) => {
    const reader = newReader();
    sites.server.keepSecret(reader.password);
    await use(reader);
  },
});
