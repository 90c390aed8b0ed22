// Fuzzing with Schemathesis: it generates valid and invalid requests from the OpenAPI document and checks the
// responses against it. The seed is fixed, so that runs are reproducible.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readerWithBot } from '../harness/conversations.mjs';
import { python } from '../harness/environment.mjs';
import { createFolder, removeFolder, writeFiles } from '../harness/program.mjs';
import { startServer } from '../harness/server.mjs';

const SEED = 1;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'missing_required_header',
  'negative_data_rejection',
  'use_after_free',
];
/** Excluded: a stream stays open for minutes; wire/events.test.mjs tests it. */
const STREAMS = '/events$';
/** Excluded: operations that would end or replace the session under test. */
const ENDINGS =
  '^/api/auth/(sign-?(in|up|out)|revoke-sessions?|delete-user|change-password|reset-password|session/refresh)';
/** Operations with free-text queries. */
const CONVERSATIONS = '^/api/(conversations|search|me)';
const RESULTS = fileURLToPath(new URL('../test-results/', import.meta.url));

/** Path parameters of an existing conversation and message, so that not every response is a 404. */
const KNOWN = () => '[parameters]\n"path.id" = "known"\n"path.messageId" = "known"\n';

function run(folder, args) {
  const fixed = ['--seed', SEED, '--generation-deterministic', '--no-color'];
  const all = ['-m', 'schemathesis.cli', ...args.slice(0, 2), 'run', ...args.slice(2), ...fixed];
  const child = spawn(python, all.map(String), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Runs Schemathesis on a new server; `asked` returns its arguments for a reader. */
async function compare(name, { database, examples, config = () => '', asked }) {
  const env = { BOOKPLATE_JWT_LIFETIME: '3600' };
  const [server, folder] = [await startServer({ database, env }), createFolder()];
  try {
    const reader = await readerWithBot(server);
    writeFiles(folder, { 'schemathesis.toml': config(reader) });
    await reader.bot.create({ id: 'known' });
    await reader.bot.append('known', { id: 'known', role: 'assistant', content: 'Known.', status: 'in_progress' });
    const { code, output } = await run(folder, [
      ...['--config-file', 'schemathesis.toml', `${server.origin}/api/openapi.json`],
      ...['--checks', CHECKS, '--max-examples', examples, '--exclude-path-regex', STREAMS, '--continue-on-failure'],
      ...asked(reader),
    ]);
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(`${RESULTS}schemathesis-${name}.txt`, output);
    assert.equal(code, 0, output.slice(Math.max(0, output.indexOf('= FAILURES ='))).slice(0, 20_000));
    assert.match(output, /Test cases:\n\s+\d{2,} generated/, 'something was asked');
    assert.equal((await reader.page.me()).status, 200, 'the session has outlived it');
    assert.doesNotMatch(server.log, /ERROR|panicked/);
  } finally {
    removeFolder(folder);
    await server.discard();
  }
}

const byToken = ({ jwt }) => ['-H', `Authorization: Bearer ${jwt}`];
const fromPage = ({ page }) => ['-H', `Origin: ${page.headers.origin}`];
/** The cookie as configuration, so that Schemathesis can omit it to test authentication. */
const COOKIE = ({ httpClient }) => `[auth.openapi.sessionCookie]\napi_key = "${httpClient.sessionCookie.value}"\n`;
const including = (pattern) => ['--include-path-regex', pattern];

describe('the API conforms to its OpenAPI document', { concurrency: 2 }, () => {
  test('for a chatbot, all operations', () => {
    const asked = (reader) => [...byToken(reader), '--phases', 'examples,coverage'];
    return compare('everything', { database: 'sqlite', examples: 8, asked });
  });

  test('for a chatbot that follows links between operations', () => {
    const asked = (reader) => [...byToken(reader), ...including(CONVERSATIONS), '--phases', 'fuzzing,stateful'];
    return compare('conversations', { database: 'postgres', examples: 8, asked });
  });

  for (const database of ['sqlite', 'postgres']) {
    test(`for a chatbot in an existing conversation, on ${database}`, () => {
      const asked = (reader) => [...byToken(reader), ...including('^/api/conversations/'), '--phases', 'fuzzing'];
      return compare(`known-${database}`, { database, examples: 15, config: KNOWN, asked });
    });
  }

  test('for a page with a session cookie', () => {
    const asked = (reader) => [...fromPage(reader), ...including('^/api/auth/'), '--exclude-path-regex', ENDINGS];
    return compare('cookie', { database: 'sqlite', examples: 8, config: COOKIE, asked });
  });
});
