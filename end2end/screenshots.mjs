// Screenshots of every page in every state: `npm run screenshots -- FOLDER [part of a state's name]`.
// 360, 768 and 1280 px, light and dark, scripts on and off; then large text and right-to-left.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { chrome, chromeArguments, missing } from './harness/environment.mjs';
import { startServer } from './harness/server.mjs';
import { INVITED_STATES, INVITING, PLAIN_STATES, STATES } from './tests/states.mjs';

const WIDTHS = { 360: 740, 768: 1024, 1280: 800 };
const [folder, only = ''] = process.argv.slice(2);
const lacking = missing(['server', 'chrome']);
if (!folder) lacking.push('Give the folder for the pictures: npm run screenshots -- FOLDER');
if (lacking.length) {
  console.error(lacking.join('\n'));
  process.exit(2);
}

/** Viewports and options for each state, and changes made to the open page. */
const views = Object.entries(WIDTHS).flatMap(([width, height]) =>
  ['light', 'dark'].flatMap((colorScheme) =>
    [true, false].map((javaScriptEnabled) => ({
      label: `${width}-${colorScheme}-${javaScriptEnabled ? 'script' : 'noscript'}`,
      context: contextFor(Number(width), height, { colorScheme, javaScriptEnabled }),
    })),
  ),
);
views.push(
  { label: '1280-large-text', context: contextFor(1280, 800), change: (root) => (root.style.fontSize = '200%') },
  { label: '360-rtl', context: contextFor(360, 740), change: (root) => (root.dir = 'rtl') },
  { label: '1280-rtl', context: contextFor(1280, 800), change: (root) => (root.dir = 'rtl') },
);

function contextFor(width, height, more = {}) {
  return {
    viewport: { width, height },
    isMobile: width < 700,
    hasTouch: width < 700,
    reducedMotion: 'reduce',
    ...more,
  };
}

mkdirSync(folder, { recursive: true });
const wanted = (states) => states.filter((state) => state.name.includes(only));
const browser = await chromium.launch({ executablePath: chrome, args: chromeArguments });
let taken = 0;
try {
  await take(wanted([...STATES, ...PLAIN_STATES]), {});
  await take(wanted(INVITED_STATES), { env: INVITING.settings, files: INVITING.files });
} finally {
  await browser.close();
}
console.log(`${taken} pictures in ${folder}`);

/** Pictures of these states, on a server with these options. */
async function take(states, options) {
  if (states.length === 0) return;
  const server = await startServer(options);
  try {
    for (const state of states) await takeState(server, state);
  } finally {
    await server.discard();
  }
}

async function takeState(server, { name, open }) {
  for (const { label, context: options, change } of views) {
    const context = await browser.newContext({ ...options, baseURL: server.origin });
    const page = await context.newPage();
    await open(page, server);
    // A page with an open event stream never reaches networkidle.
    const quiet = page.waitForLoadState('networkidle', { timeout: 2000 }).catch(() => {});
    if (options.javaScriptEnabled !== false) await quiet;
    if (change) await page.locator('html').evaluate(change);
    await page.screenshot({ path: join(folder, `${name.replaceAll(' ', '-')}-${label}.png`), fullPage: true });
    await context.close();
    taken += 1;
  }
}
