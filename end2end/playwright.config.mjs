// The browser suite: the built server, desktop and phone, with scripts and without, and a book on another site.
import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { chrome, chromeArguments } from './harness/environment.mjs';

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

const NEEDS_SCRIPTS = [
  'script.spec.mjs',
  'phone.spec.mjs',
  'plain-states.spec.mjs',
  'hostile-content.spec.mjs',
  'live.spec.mjs',
  'islands.spec.mjs',
];

/** Every case at every size that it is about: on the desktop all of them; on the phone what depends on its width or on touch. */
function everything(database) {
  return [
    {
      name: `desktop-${database}`,
      use: { ...desktop, database },
      testIgnore: ['phone.spec.mjs', 'noscript.spec.mjs'],
    },
    {
      name: `phone-${database}`,
      use: { ...phone, database },
      testMatch: [
        'states.spec.mjs',
        'plain-states.spec.mjs',
        'invited-states.spec.mjs',
        'phone.spec.mjs',
        'smoke.spec.mjs',
        'conversations.spec.mjs',
      ],
    },
    {
      name: `noscript-${database}`,
      use: { ...desktop, database, javaScriptEnabled: false },
      testIgnore: NEEDS_SCRIPTS,
    },
  ];
}

/**
 * A book on another site, with third-party cookies blocked and allowed. Where they are allowed, only what could differ: the
 * rest does not depend on them.
 */
function crossSite(database, notIn = { blocked: undefined, allowed: undefined }) {
  const project = (thirdPartyCookies, grep) => ({
    name: `cross-site-${thirdPartyCookies}-${database}`,
    testDir: 'cross-site',
    use: { ...desktop, database, thirdPartyCookies },
    grep,
    grepInvert: notIn[thirdPartyCookies],
  });
  return [project('blocked', /./), project('allowed', /@cookies/)];
}

/** What the thorough run leaves to itself. */
const THOROUGH = { blocked: /@thorough/, allowed: /@thorough|oauth4webapi/ };

/** Everything on SQLite; on PostgreSQL what a browser could notice of it. `--thorough=browser-postgres` runs the rest. */
const usual = [
  ...everything('sqlite'),
  ...crossSite('sqlite', THOROUGH),
  {
    name: 'desktop-postgres',
    use: { ...desktop, database: 'postgres' },
    testMatch: ['smoke.spec.mjs', 'live.spec.mjs'],
  },
];

const onPostgres = [...everything('postgres'), ...crossSite('postgres')];

export default defineConfig({
  testDir: 'tests',
  testMatch: '*.spec.mjs',
  outputDir: 'test-results/browser',
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: availableParallelism(),
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
  projects: process.env.BOOKPLATE_TEST_BROWSER_DATABASE === 'postgres' ? onPostgres : usual,
});
