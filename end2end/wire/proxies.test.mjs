// The examples of proxies in the documents, each run as it stands: nginx and Caddy in front of a server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { caddy, nginx } from '../harness/environment.mjs';
import { final, until } from '../harness/poll.mjs';
import { createFolder, freePort, removeFolder, writeFiles } from '../harness/program.mjs';
import { callPython } from '../harness/python.mjs';
import { startServer } from '../harness/server.mjs';

// The proxies' certificate is of the test's own making. Each file of tests is a process of its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The largest import, and what a message may weigh. */
const LARGEST_IMPORT = 32 * 1024 * 1024;
const HALF_A_MEGABYTE = 500_000;

/** The fenced blocks of these languages in the documents: `{ document, language, text }`. */
function examples(...languages) {
  const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
  return documents
    .filter((name) => name.endsWith('.md'))
    .flatMap((document) => {
      const text = readFileSync(join(root, document), 'utf8');
      const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
      return blocks.map(([, language, text]) => ({ document, language, text }));
    })
    .filter(({ language }) => languages.includes(language));
}

/** An example with the values of a test; each that is replaced has to be there. */
function adapted(text, replacements) {
  return replacements.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the example has no ${JSON.stringify(from)}:\n${text}`);
    return text.replaceAll(from, to);
  }, text);
}

/** The arguments and files of each proxy. */
const PROXIES = {
  nginx: ({ text, folder, port, upstream }) => {
    const server = adapted(text, [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['server_name accounts.example.org', 'server_name localhost'],
      ['/etc/ssl/accounts.example.org.pem', join(folder, 'certificate.pem')],
      ['/etc/ssl/accounts.example.org.key', join(folder, 'key.pem')],
      ['127.0.0.1:3001', `127.0.0.1:${upstream}`],
    ]);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const http = [...paths.map((name) => `${name}_temp_path ${folder}/${name};`), 'access_log off;', server].join('\n');
    const user = process.getuid() === 0 ? 'user root;\n' : '';
    const config = `${user}daemon off;\nworker_processes 1;\npid ${folder}/pid;\nevents {}\nhttp {\n${http}\n}\n`;
    return { program: nginx, args: ['-e', 'stderr', '-p', folder, '-c', join(folder, 'config')], config };
  },
  caddyfile: ({ text, folder, port, upstream }) => {
    const files = [join(folder, 'certificate.pem'), join(folder, 'key.pem')].join(' ');
    const site = adapted(text, [
      ['accounts.example.org {', `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${files}`],
      ['127.0.0.1:3001', `127.0.0.1:${upstream}`],
    ]);
    const config = `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`;
    return { program: caddy, args: ['run', '--adapter', 'caddyfile', '--config', join(folder, 'config')], config };
  },
};

/** Starts a proxy with an example's configuration and waits until it listens. */
async function startProxy({ language, text }, { port, upstream }) {
  const folder = createFolder();
  const { key, certificate } = await callPython('certificate.py', { name: 'localhost' });
  const { program, args, config } = PROXIES[language]({ text, folder, port, upstream });
  writeFiles(folder, { 'key.pem': key, 'certificate.pem': certificate, config });
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const end = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await end;
    removeFolder(folder);
  };
  try {
    await until(`${language} to listen`, () => {
      if (child.exitCode !== null) throw final(`${language} ended at its start:\n${output}\n${config}`);
      return listens(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop, output: () => output };
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.end());
  });
}

/** A server whose public address is that of a proxy, and the proxy in front of it. */
async function behind(example, use) {
  const port = await freePort();
  const env = { BOOKPLATE_URL: `https://localhost:${port}`, BOOKPLATE_TRUSTED_PROXIES: '127.0.0.1' };
  const server = await startServer({ env });
  try {
    const proxy = await startProxy(example, { port, upstream: server.port });
    try {
      await use(server);
    } finally {
      await proxy.stop();
    }
  } finally {
    await server.discard();
  }
}

const found = examples('nginx', 'caddyfile', 'caddy');

test('the documents have an example for nginx and one for Caddy, and no spelling that is not run', () => {
  assert.deepEqual([...new Set(found.map(({ language }) => language))].sort(), ['caddyfile', 'nginx']);
  assert.ok(existsSync(nginx) && existsSync(caddy));
});

/** A message of half a megabyte, in parts that are as large as they may be. */
function longMessage(id) {
  const parts = Array.from({ length: 4 }, () => ({ type: 'text', text: 'tea '.repeat(HALF_A_MEGABYTE / 16) }));
  return { id, role: 'assistant', parts };
}

describe('each example', { concurrency: true }, () => {
  for (const example of found) {
    test(`${example.document}, ${example.language}: a long message, an import and an event stream pass`, async () => {
      await behind(example, async (server) => {
        const { bot, page } = await readerWithBot(server);
        assert.equal((await bot.create({ id: 'c' })).status, 201);

        const stream = await page.events('c');
        await stream.waitFor('ready');
        await bot.append('c', { id: 'short', role: 'user', content: 'x' });
        await stream.waitFor('message', ({ id }) => id === 'short', { within: 10_000 });
        for (const id of ['m1', 'm2']) {
          const { status, text } = await bot.append('c', longMessage(id));
          assert.equal(status, 201, text.slice(0, 300));
          await stream.waitFor('message', (message) => message.id === id, { within: 10_000 });
        }
        await stream.close();

        const exported = await page.request('GET', '/conversations/export');
        assert.equal(exported.status, 200);
        assert.ok(exported.text.length > 2 * HALF_A_MEGABYTE, `${exported.text.length}`);
        const other = await readerWithBot(server);
        const { status, json, text } = await other.page.request('POST', '/conversations/import', { json: exported.json });
        assert.equal(status, 200, text.slice(0, 300));
        assert.equal((await other.page.list()).json.items.length, 1, JSON.stringify(json));

        // The largest that is read: Bookplate answers, not the proxy.
        const largest = await other.page.request('POST', '/conversations/import', {
          body: ' '.repeat(LARGEST_IMPORT - 1) + '?',
          headers: { 'content-type': 'application/json' },
        });
        assert.ok([400, 422].includes(largest.status), `${largest.status} ${largest.text.slice(0, 300)}`);
        assert.match(largest.headers.get('content-type'), /^application\/problem\+json/);
      });
    });
  }
});
