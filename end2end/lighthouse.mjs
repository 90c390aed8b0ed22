// Lighthouse on the mobile preset against a fresh server: `npm run lighthouse [-- --at-least=100] [-- --runs=3]`.
// Pages for readers are loaded with a session and conversations.
// Lighthouse is run through npx, in the last version for Node 20. Prints the median scores of the runs.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readerWithBot } from './harness/conversations.mjs';
import { chrome, chromeArguments, missing } from './harness/environment.mjs';
import { createFolder, removeFolder } from './harness/program.mjs';
import { startServer } from './harness/server.mjs';
import { exchanges, richAnswer } from './tests/conversation-data.mjs';

const LIGHTHOUSE = 'lighthouse@12.8.2';
const FOR_ANYBODY = ['/', '/sign-in', '/sign-up', '/forgot-password', '/api/docs'];
const FOR_READERS = [
  '/sign-out',
  '/account',
  '/account/security',
  '/account/sessions',
  '/account/data',
  '/conversations',
  '/conversations?q=sensor',
  '/conversations/long',
];
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];

const option = (name, fallback) =>
  Number(process.argv.find((argument) => argument.startsWith(`--${name}=`))?.split('=')[1] ?? fallback);
const [atLeast, runs] = [option('at-least', 0), option('runs', 1)];

function lighthouse(url, report, headers) {
  const flags = ['--headless=new', ...chromeArguments, '--ignore-certificate-errors'].join(' ');
  const args = [
    '--yes',
    LIGHTHOUSE,
    url,
    '--quiet',
    '--output=json',
    `--output-path=${report}`,
    `--extra-headers=${headers}`,
    '--throttling-method=simulate',
    '--disable-full-page-screenshot',
    `--chrome-flags=${flags}`,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('npx', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CHROME_PATH: chrome },
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(JSON.parse(readFileSync(report, 'utf8')))
        : reject(new Error(`lighthouse ended with ${code}`)),
    );
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const lacking = missing(['server', 'chrome']);
if (lacking.length) {
  console.error(lacking.join('\n'));
  process.exit(2);
}

/** Writes the cookie of a reader with conversations into a file for Lighthouse. */
async function readerOf(server, file) {
  const { httpClient, page } = await readerWithBot(server);
  for (let number = 1; number <= 25; number += 1) await page.create({ title: `Chapter ${number}` });
  await page.create({ id: 'long', title: 'How far sensors see' });
  await page.append('long', [...exchanges(40), richAnswer]);
  writeFileSync(file, JSON.stringify({ Cookie: httpClient.cookieHeader() }));
  return file;
}

const folder = createFolder();
const server = await startServer();
try {
  const nobody = join(folder, 'nobody.json');
  writeFileSync(nobody, '{}');
  const reader = await readerOf(server, join(folder, 'reader.json'));
  const pages = [...FOR_ANYBODY.map((page) => [page, nobody]), ...FOR_READERS.map((page) => [page, reader])];
  for (const [page, headers] of pages) {
    const reports = [];
    for (let run = 0; run < runs; run += 1)
      reports.push(await lighthouse(`${server.origin}${page}`, join(folder, 'report.json'), headers));
    for (const { finalDisplayedUrl } of reports)
      if (finalDisplayedUrl !== `${server.origin}${page}`) throw new Error(`${page} led to ${finalDisplayedUrl}`);
    const scores = CATEGORIES.map((name) => [
      name,
      median(reports.map(({ categories }) => Math.round(categories[name].score * 100))),
    ]);
    const measured = (audit) => Math.round(median(reports.map(({ audits }) => audits[audit].numericValue)));
    console.log(
      `${page}  ${scores.map(([name, score]) => `${name} ${score}`).join('  ')}  (LCP ${measured('largest-contentful-paint')} ms, ` +
        `TBT ${measured('total-blocking-time')} ms, ${measured('total-byte-weight')} bytes)`,
    );
    for (const { auditRefs } of Object.values(reports.at(-1).categories)) {
      for (const { id, weight } of auditRefs) {
        const { score, title } = reports.at(-1).audits[id];
        if (weight > 0 && score !== null && score < 1) console.log(`  ${score}  ${id}: ${title}`);
      }
    }
    if (scores.some(([, score]) => score < atLeast)) process.exitCode = 1;
  }
} finally {
  await server.discard();
  removeFolder(folder);
}
