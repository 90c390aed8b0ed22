// Runs the suites one after the other: `node run.mjs [SUITE …] [-- arguments for the runner]`.
// Ends with "N passed, N failed", which test-results/total.json says too, and with an exit code other than 0 on any
// failure.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing } from './harness/environment.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const results = join(here, 'test-results');
const require = createRequire(import.meta.url);

const INTERLEAVINGS = 'wire/interleavings.test.mjs';
/** Those of `npm test`; the others are asked for by name. */
const USUAL = ['wire', 'interop', 'import', 'browser'];

const SUITES = {
  wire: { needs: ['server', 'postgres', 'proxies', 'python'], run: (more) => nodeTests('wire', more) },
  interleavings: { needs: ['server', 'postgres', 'python'], run: (more) => nodeTests('wire', [INTERLEAVINGS, ...more]) },
  idle: { needs: ['server', 'postgres', 'python'], run: (more) => nodeTests('idle', more) },
  interop: { needs: ['server', 'python'], run: (more) => nodeTests('interop', more) },
  import: { needs: ['server', 'postgres', 'python'], run: (more) => nodeTests('import', more) },
  fuzz: { needs: ['server', 'postgres', 'python', 'schemathesis'], run: (more) => nodeTests('fuzz', more) },
  'other-browsers': { needs: ['server', 'firefox', 'webkit', 'python'], run: (more) => nodeTests('other-browsers', more) },
  apache: { needs: ['server', 'apache', 'python'], run: (more) => nodeTests('apache', more) },
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
  rmSync(counted, { force: true });
  const code = await start([
    '--test',
    `--test-concurrency=${availableParallelism()}`,
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
  const counted = join(results, 'browser.json');
  rmSync(counted, { force: true });
  const code = await start([require.resolve('@playwright/test/cli'), 'test', ...more]);
  const report = read(counted);
  if (!report?.stats) return atLeastOneFailure(undefined, code);
  const { stats, errors } = report;
  const failed = stats.unexpected + stats.flaky + stats.skipped + errors.length;
  return atLeastOneFailure({ passed: stats.expected, failed }, code);
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
const chosen = asked.length ? asked.filter((name) => name in SUITES) : USUAL;
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
writeFileSync(join(results, 'total.json'), JSON.stringify(total));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
