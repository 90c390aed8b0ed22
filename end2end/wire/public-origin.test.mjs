// Behind TLS: the public origin is https, a proxy in front speaks plain HTTP to us.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bareRequest } from '../harness/raw.mjs';
import { newReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

describe('with an https origin', () => {
  let server;
  const origin = 'https://accounts.example.com';
  const headers = { origin };

  before(async () => {
    server = await startServer({ env: { BOOKPLATE_URL: origin, BOOKPLATE_TRUSTED_PROXIES: '127.0.0.1' } });
  });
  after(() => server?.discard());

  const signUp = (more = {}) =>
    bareRequest(server, 'POST', '/api/auth/sign-up/email', { json: newReader(), headers: { ...headers, ...more } });

  test('the session cookie is Secure and carries the prefix that demands it', async () => {
    const { set, status } = await signUp();
    assert.equal(status, 200);
    const cookie = set.find(({ name }) => name.endsWith('session_token'));
    assert.equal(cookie.name, '__Secure-better-auth.session_token');
    assert.equal(cookie.attributes.secure, true);
    assert.equal(cookie.attributes.httponly, true);
    assert.equal(cookie.attributes.domain, undefined);
    const session = await bareRequest(server, 'GET', '/api/auth/get-session', {
      headers: { cookie: `${cookie.name}=${cookie.raw}` },
    });
    assert.ok(session.json.user);
    const unprefixed = await bareRequest(server, 'GET', '/api/auth/get-session', {
      headers: { cookie: `better-auth.session_token=${cookie.raw}` },
    });
    assert.equal(unprefixed.json, null);
  });

  test("the reader's address is the one the trusted proxy tells", async () => {
    const { set } = await signUp({ 'x-forwarded-for': '203.0.113.9' });
    const cookie = set.map(({ name, raw }) => `${name}=${raw}`).join('; ');
    const { json } = await bareRequest(server, 'GET', '/api/auth/get-session', { headers: { cookie } });
    assert.equal(json.session.ipAddress, '203.0.113.9');
  });

  test('pages ask the browser to stay on https', async () => {
    const page = await bareRequest(server, 'GET', '/sign-in');
    assert.equal(page.status, 200);
    const [, seconds] = /max-age=(\d+)/.exec(page.headers.get('strict-transport-security') ?? '') ?? [];
    assert.ok(Number(seconds) >= 31_536_000, 'one year');
  });
});

describe('without trusted proxies', () => {
  test('a forwarded address is not believed', async () => {
    const server = await startServer();
    try {
      const forwarded = { origin: server.origin, 'x-forwarded-for': '203.0.113.9' };
      const { set } = await bareRequest(server, 'POST', '/api/auth/sign-up/email', {
        json: newReader(),
        headers: forwarded,
      });
      const cookie = set.map(({ name, raw }) => `${name}=${raw}`).join('; ');
      const { json } = await bareRequest(server, 'GET', '/api/auth/get-session', { headers: { cookie } });
      assert.equal(json.session.ipAddress, '127.0.0.1');
    } finally {
      await server.discard();
    }
  });
});
