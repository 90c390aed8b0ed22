// Runs the suites one after the other: `node run.mjs [wire|interop|import|fuzz|browser …] [-- arguments for the runner]`.
// Ends with "N passed, N failed", and with an exit code other than 0 on any failure.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crashes } from './harness/crashes.mjs';
import { missing } from './harness/environment.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const results = join(here, 'test-results');
const require = createRequire(import.meta.url);

const SUITES = {
  wire: { needs: ['server', 'postgres', 'python'], run: (more) => nodeTests('wire', more) },
  interop: { needs: ['server', 'python'], run: (more) => nodeTests('interop', more) },
  import: { needs: ['server', 'postgres', 'python'], run: (more) => nodeTests('import', more) },
  fuzz: { needs: ['server', 'postgres', 'python', 'schemathesis'], run: (more) => nodeTests('fuzz', more) },
  browser: { needs: ['server', 'postgres', 'chrome', 'python'], run: playwright },
};

function start(args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: here, stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function nodeTests(folder, more) {
  const named = more.filter((argument) => argument.endsWith('.test.mjs'));
  const files = readdirSync(join(here, folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .sort();
  const counted = join(results, `${folder}.json`);
  const code = await start([
    '--test',
    '--test-concurrency=2',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./harness/reporter.mjs',
    `--test-reporter-destination=${counted}`,
    ...more.filter((argument) => !named.includes(argument)),
    ...(named.length ? named : files.map((name) => join(folder, name))),
  ]);
  return atLeastOneFailure(read(counted), code);
}

async function playwright(more) {
  const first = await playwrightOnce(more);
  const crashed = first.report ? crashes(first.report) : [];
  if (!crashed.length) return first.counts;
  console.log(`The browser crashed; once more, and only once:\n${crashed.join('\n')}`);
  const { counts } = await playwrightOnce(['--last-failed', ...more]);
  return { passed: first.counts.passed + counts.passed, failed: counts.failed };
}

async function playwrightOnce(more) {
  const counted = join(results, 'browser.json');
  rmSync(counted, { force: true });
  const code = await start([require.resolve('@playwright/test/cli'), 'test', ...more]);
  const report = read(counted);
  if (!report?.stats) return { counts: atLeastOneFailure(undefined, code) };
  const { stats, errors } = report;
  const failed = stats.unexpected + stats.flaky + stats.skipped + errors.length;
  return { report, counts: atLeastOneFailure({ passed: stats.expected, failed }, code) };
}

function read(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8') || 'null') : undefined;
}

/** A runner that failed has failed, whatever it counted. */
function atLeastOneFailure(counted, code) {
  const { passed, failed } = counted ?? { passed: 0, failed: 1 };
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
}

const divider = process.argv.indexOf('--');
const asked = process.argv.slice(2, divider < 0 ? undefined : divider);
const more = divider < 0 ? [] : process.argv.slice(divider + 1);
const unknown = asked.filter((name) => !(name in SUITES));
const chosen = asked.length ? asked.filter((name) => name in SUITES) : Object.keys(SUITES);
const lacking = missing([...new Set(chosen.flatMap((name) => SUITES[name].needs))]);
if (unknown.length) lacking.push(`There is no suite "${unknown}"; choose from ${Object.keys(SUITES).join(', ')}.`);
if (lacking.length) {
  console.error(lacking.join('\n'));
  process.exit(2);
}

mkdirSync(results, { recursive: true });
const total = { passed: 0, failed: 0 };
for (const name of chosen) {
  console.log(`\n== ${name}`);
  const { passed, failed } = await SUITES[name].run(more);
  console.log(`== ${name}: ${passed} passed, ${failed} failed`);
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
