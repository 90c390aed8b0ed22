// The browser suite: the built server on both databases, desktop and phone, with scripts and without.
import { defineConfig } from '@playwright/test';
import { chrome, chromeArguments } from './harness/environment.mjs';

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

export default defineConfig({
  testDir: 'tests',
  testMatch: '*.spec.mjs',
  outputDir: 'test-results/browser',
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/browser.json' }]],
  use: {
    launchOptions: { executablePath: chrome, args: chromeArguments },
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    screenshot: 'only-on-failure',
    trace: process.env.BOOKPLATE_TRACE ? 'retain-on-failure' : 'off',
  },
  projects: [
    {
      name: 'desktop-sqlite',
      use: { ...desktop, database: 'sqlite' },
      testIgnore: ['phone.spec.mjs', 'noscript.spec.mjs'],
    },
    {
      name: 'phone-sqlite',
      use: { ...phone, database: 'sqlite' },
      testIgnore: [
        'noscript.spec.mjs',
        'next.spec.mjs',
        'session.spec.mjs',
        'strict.spec.mjs',
        'hostile.spec.mjs',
        'live.spec.mjs', // driven on the desktop, on both databases
        'mailed.spec.mjs', // these two are driven by phone on PostgreSQL
        'security.spec.mjs',
      ],
    },
    {
      name: 'noscript-sqlite',
      use: { ...desktop, database: 'sqlite', javaScriptEnabled: false },
      testIgnore: ['script.spec.mjs', 'phone.spec.mjs', 'plain-states.spec.mjs', 'hostile.spec.mjs', 'live.spec.mjs', 'in-place.spec.mjs'],
    },
    {
      name: 'desktop-postgres',
      use: { ...desktop, database: 'postgres' },
      testMatch: ['line.spec.mjs', 'failures.spec.mjs', 'session.spec.mjs', 'live.spec.mjs'],
    },
    {
      name: 'phone-postgres',
      use: { ...phone, database: 'postgres' },
      testMatch: ['line.spec.mjs', 'phone.spec.mjs', 'mailed.spec.mjs', 'security.spec.mjs'],
    },
    {
      name: 'noscript-postgres',
      use: { ...desktop, database: 'postgres', javaScriptEnabled: false },
      testMatch: ['line.spec.mjs', 'noscript.spec.mjs'],
    },
  ],
});
