// Runs the external conformance harness against our servers, on both databases at once:
//
//     node conformance/run.mjs FOLDER [arguments for the harness]
//
// FOLDER contains the harness with its packages. Each line of its output is prefixed with the database,
// `sqlite: PASS O-001 …`; `cargo xtask test` counts them.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ageSession } from '../harness/session-age.mjs';
import { bookplateToml, textQuestions } from '../harness/config.mjs';
import { missing } from '../harness/environment.mjs';
import { createFolder, removeFolder } from '../harness/program.mjs';
import { defaultLimits, startServer } from '../harness/server.mjs';

/** Settings the harness expects. It sends an invented client IP address with each request. */
const SETTINGS = {
  BOOKPLATE_BEARER_SESSIONS: 'true',
  BOOKPLATE_REFERENCE_HABITS: 'true',
  BOOKPLATE_TRUSTED_ORIGINS: 'http://app.example.test',
  BOOKPLATE_TRUSTED_PROXIES: '127.0.0.1',
  ...defaultLimits,
};

/** A complete run on one database; returns whether every case passed. */
async function conforms(database, harness, more) {
  const letters = createFolder();
  const outbox = join(letters, 'outbox.jsonl');
  const servers = [];
  const start = async (env) => {
    const files = { 'bookplate.toml': bookplateToml({ questions: textQuestions }) };
    servers.push(await startServer({ database, files, env: { ...SETTINGS, BOOKPLATE_OUTBOX: outbox, ...env } }));
    return servers.at(-1);
  };
  try {
    const plain = await start({});
    const strict = await start({ BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' });
    const env = { BASE_URL_STRICT: strict.origin, OUTBOX_FILE: outbox, AUTH_SECRET: plain.env.BOOKPLATE_SECRET };
    return (await drive(harness, [plain.origin, ...more], env, servers, `${database}: `)) === 0;
  } finally {
    const ends = await Promise.allSettled(servers.map((server) => server.discard()));
    removeFolder(letters);
    const unclean = ends.find((end) => end.status === 'rejected');
    if (unclean) throw unclean.reason;
  }
}

/** Runs the harness, serves its requests to age sessions, and returns its exit code. */
function drive(harness, args, env, servers, prefix) {
  const child = fork(join(harness, 'run.mjs'), args, {
    cwd: harness,
    env: { ...process.env, ...env, AGE_MODULE: fileURLToPath(new URL('session-age.mjs', import.meta.url)) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => console.log(prefix + line));
  }
  child.on('message', async ({ token, seconds }) => {
    const answer = await ageSomewhere(servers, token, seconds).then(
      () => ({}),
      (error) => ({ error: error.message }),
    );
    if (child.connected) child.send(answer);
  });
  return new Promise((ended, failed) => {
    child.once('error', failed);
    child.once('close', ended);
  });
}

async function ageSomewhere(servers, token, seconds) {
  for (const server of servers) {
    if (await ageSession(server, token, seconds)) return;
  }
  throw new Error('neither server has a session with this token');
}

const [folder, ...more] = process.argv.slice(2);
const lacking = missing(['server', 'postgres']);
const found = folder && existsSync(join(folder, 'run.mjs'));
if (!found) lacking.push('The first argument must be the folder of the harness.');
if (lacking.length) {
  console.error(lacking.join('\n'));
  process.exit(2);
}
const verdicts = await Promise.allSettled(
  ['sqlite', 'postgres'].map((database) => conforms(database, resolve(folder), more)),
);
for (const { reason } of verdicts.filter((verdict) => verdict.reason)) console.error(reason);
process.exitCode = verdicts.every((verdict) => verdict.value === true) ? 0 : 1;
