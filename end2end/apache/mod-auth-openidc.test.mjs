// Apache's mod_auth_openidc, a relying party that the OpenID Foundation has certified, in front of a page: sign-in, the
// claims it passes on, and sign-out.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ReaderBrowser } from '../harness/authorization.mjs';
import { bookplateToml } from '../harness/config.mjs';
import { parseSetCookie } from '../harness/cookies.mjs';
import { apache, apacheModules } from '../harness/environment.mjs';
import { final, until } from '../harness/poll.mjs';
import { createFolder, freePort, removeFolder } from '../harness/program.mjs';
import { signUpReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

const SECRET = randomBytes(32).toString('hex');

/** Apache's configuration: everything of it in this folder. */
function configuration({ folder, port, issuer }) {
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'headers', 'auth_openidc'];
  const user = process.getuid() === 0 ? ['User www-data', 'Group www-data'] : [];
  return [
    ...modules.map((name) => `LoadModule ${name}_module ${join(apacheModules, `mod_${name}.so`)}`),
    ...user,
    `ServerRoot ${folder}`,
    `PidFile ${folder}/pid`,
    `DefaultRuntimeDir ${folder}`,
    'Mutex sem',
    `ErrorLog ${folder}/errors`,
    `Listen 127.0.0.1:${port}`,
    'ServerName localhost',
    'UseCanonicalName Off',
    `DocumentRoot ${folder}/pages`,
    'DirectoryIndex index.html',
    `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration`,
    'OIDCClientID apache',
    `OIDCClientSecret ${SECRET}`,
    `OIDCRedirectURI http://localhost:${port}/book/callback`,
    `OIDCCryptoPassphrase ${randomBytes(24).toString('hex')}`,
    'OIDCPKCEMethod S256',
    'OIDCScope "openid profile email"',
    '<Location /book/>',
    '  AuthType openid-connect',
    '  Require valid-user',
    '  Header set X-Subject "%{OIDC_CLAIM_sub}e"',
    '  Header set X-Email "%{OIDC_CLAIM_email}e"',
    '</Location>',
    '',
  ].join('\n');
}

describe('mod_auth_openidc', () => {
  let server;
  let folder;
  let child;
  let end;
  let port;
  const cookies = new Map();

  before(async () => {
    port = await freePort();
    const [callback, goodbye] = ['book/callback', 'goodbye.html'].map((path) => `http://localhost:${port}/${path}`);
    const uris = { redirect_uris: [callback], post_logout_redirect_uris: [goodbye] };
    server = await startServer({
      env: { BOOKPLATE_CLIENT_APACHE_SECRET: SECRET },
      files: { 'bookplate.toml': bookplateToml({ clients: [{ id: 'apache', name: 'Apache', first_party: true, ...uris }] }) },
    });
    server.keepSecret(SECRET);
    folder = createFolder();
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'pages/book'), { recursive: true });
    writeFileSync(join(folder, 'pages/book/index.html'), 'The book');
    writeFileSync(join(folder, 'pages/goodbye.html'), 'Goodbye');
    writeFileSync(join(folder, 'config'), configuration({ folder, port, issuer: server.origin }));
    child = spawn(apache, ['-f', join(folder, 'config'), '-DFOREGROUND'], { stdio: 'ignore' });
    end = new Promise((resolve) => child.once('close', resolve));
    await until('Apache to answer', () => {
      if (child.exitCode !== null) throw final(`Apache ended at its start:\n${errors()}`);
      return get('/goodbye.html').catch(() => undefined);
    });
  });
  after(async () => {
    child?.kill();
    await end;
    if (folder) removeFolder(folder);
    await server?.discard();
  });

  const errors = () => readFileSync(join(folder, 'errors'), 'utf8');

  /** GETs a path or an address of Apache as a browser's navigation, which `fetch` is not to it. */
  async function get(address) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { host: `localhost:${port}`, accept: 'text/html', ...(cookie && { cookie }) };
    const { pathname, search } = new URL(address, `http://localhost:${port}`);
    const options = { host: '127.0.0.1', port, path: pathname + search, headers, agent: false };
    const answer = await new Promise((resolve, reject) => http.get(options, resolve).on('error', reject));
    for (const { name, raw, expired } of (answer.headers['set-cookie'] ?? []).map(parseSetCookie)) {
      if (expired) cookies.delete(name);
      else cookies.set(name, raw);
    }
    const chunks = await answer.setEncoding('utf8').toArray();
    return { status: answer.statusCode, headers: answer.headers, text: chunks.join('') };
  }

  test('signs in with the form, passes the claims on, and signs out', async () => {
    const { reader, user } = await signUpReader(server);
    const browser = new ReaderBrowser(server);

    const away = await get('/book/');
    assert.equal(away.status, 302, errors());
    const back = await browser.signIn(away.headers.location, reader);
    const returned = await get(back);
    assert.equal(returned.status, 302, `${returned.text}\n${errors()}`);
    const page = await get(returned.headers.location);
    assert.deepEqual([page.status, page.text], [200, 'The book']);
    assert.deepEqual([page.headers['x-subject'], page.headers['x-email']], [user.id, reader.email]);

    const leave = await get(`/book/callback?logout=${encodeURIComponent(`http://localhost:${port}/goodbye.html`)}`);
    const goodbye = await browser.pass(leave.headers.location);
    assert.equal(goodbye.pathname, '/goodbye.html');
    const again = await get('/book/');
    assert.equal((await browser.open(again.headers.location)).url.pathname, '/sign-in');
  });
});
