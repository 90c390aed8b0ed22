// Requests that are broken as such: bodies, encodings, headers, hosts, cookies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareRequest, requestHead, sendBytes } from '../harness/raw.mjs';
import { newReader, signedIn, signedUp } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { assertBadInput, assertFailure } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, defaults, onServers } from './variants.mjs';

const JSON_BODY = { 'content-type': 'application/json' };
const MEGABYTE = 1024 * 1024;

onServers(defaults, 'a body', (server) => {
  const post = (path, body, headers = JSON_BODY) => new Visitor(server()).api('POST', path, { body, headers });
  const writes = ['/sign-up/email', '/sign-in/email', '/update-user', '/sign-out', '/session/refresh'];

  test('that is not JSON is BAD_REQUEST', async () => {
    for (const body of ['{"email": ', '', '{', 'null}', '{"a":1}{"b":2}', "{'a':1}", '{"a":"\\ud800"}', '[[[', 'NaN']) {
      const answer = await post('/sign-in/email', body);
      assertFailure(answer, 400, 'BAD_REQUEST', 'Invalid JSON in request body');
    }
  });

  test('nested without end is refused', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const path of ['/sign-in/email', '/sign-up/email']) assertBadInput(await post(path, deep));
  });

  test('of another type is UNSUPPORTED_MEDIA_TYPE', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp']) {
      const answer = await post('/sign-in/email', '{}', { 'content-type': type });
      assertFailure(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
    const json = JSON.stringify({ email: newReader().email, password: 'Quiet-harbour-1' });
    const answer = await post('/sign-in/email', json, { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(answer.status, 401);
  });

  test('of two megabytes is PAYLOAD_TOO_LARGE, announced or not', async () => {
    const json = JSON.stringify(newReader({ name: 'n'.repeat(2 * MEGABYTE) }));
    for (const path of writes) {
      assertFailure(
        await bareRequest(server(), 'POST', `/api/auth${path}`, { body: json, headers: JSON_BODY }),
        413,
        'PAYLOAD_TOO_LARGE',
      );
    }
    const chunked = { ...JSON_BODY, 'transfer-encoding': 'chunked', 'content-length': undefined };
    const answer = await bareRequest(server(), 'POST', '/api/auth/sign-up/email', { body: json, headers: chunked });
    assertFailure(answer, 413, 'PAYLOAD_TOO_LARGE');
    assert.ok(await server().answers());
  });

  test('of two megabytes in a form is a 413 page', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: server().origin };
    const body = `email=${'e'.repeat(2 * MEGABYTE)}`;
    const { status } = await bareRequest(server(), 'POST', '/sign-in', { body, headers });
    assert.equal(status, 413);
  });

  test('that is compressed is not unpacked', async () => {
    const answer = await post('/sign-in/email', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), {
      ...JSON_BODY,
      'content-encoding': 'gzip',
    });
    assertBadInput(answer);
  });

  test('with invalid UTF-8 is a 400', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"email":"ada@b.example","password":"'),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
      Buffer.from('"}'),
    ]);
    assertFailure(await post('/sign-in/email', bytes), 400, 'BAD_REQUEST');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const body of ['email=ada%FF%40b.example&password=%C0%80', Buffer.from([0x65, 0x3d, 0xff])]) {
      const answer = await post('/sign-in/email', body, form);
      assert.equal(answer.status, 400, answer.text);
    }
  });
});

onServers(defaults, 'a page', (server) => {
  test('asked for with broken escapes answers, and never with a 5xx', async () => {
    const targets = [
      '/%FF',
      '/sign-in?next=%FF',
      '/sign-in?next=%',
      '/%00',
      '/sign-in?%00=%00',
      '/sign-in%2f..%2faccount',
      '/..%c0%af',
    ];
    for (const target of targets) {
      const { status } = await bareRequest(server(), 'GET', target);
      assert.ok(status < 500, `${target}: ${status}`);
    }
  });

  test('posted to with broken input answers a 4xx', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: server().origin };
    const bodies = ['', 'email', '%', 'email=%FF&password=%00', 'email=a&email=b&password=c', 'a'.repeat(60_000)];
    for (const path of ['/sign-in', '/sign-up']) {
      for (const body of bodies) {
        const answer = await bareRequest(server(), 'POST', path, { body, headers });
        assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${body.slice(0, 20)}: ${answer.status}`);
      }
    }
  });
});

onServers(defaults, 'a request head', (server) => {
  test('with a malformed Host is refused', async () => {
    const hosts = ['', ' ', 'a b', '<script>', 'localhost:port', 'local\u00e9host', 'user@localhost', '[::1', 'a/b'];
    for (const target of ['/sign-in', '/api/auth/get-session', '/']) {
      for (const host of hosts) {
        const { status, text } = await sendBytes(
          server(),
          Buffer.from(requestHead('GET', target, [`Host: ${host}`]), 'latin1'),
        );
        assert.ok(status === undefined || (status >= 400 && status < 500), `Host "${host}" at ${target}: ${status}`);
        if (host) assert.doesNotMatch(text, /<script>/);
      }
    }
  });

  test('without a Host, or with two, is refused', async () => {
    const { host } = new URL(server().origin);
    for (const lines of [[], [`Host: ${host}`, 'Host: evil.example']]) {
      const { status } = await sendBytes(server(), requestHead('GET', '/sign-in', lines));
      assert.ok(status === undefined || (status >= 400 && status < 500), `${lines}: ${status}`);
    }
  });

  test('that is ambiguous, huge or nonsense does not end the server', async () => {
    const host = `Host: ${new URL(server().origin).host}`;
    const heads = [
      requestHead('POST', '/api/auth/sign-in/email', [host, 'Content-Length: 5', 'Content-Length: 6']),
      requestHead('POST', '/api/auth/sign-in/email', [host, 'Content-Length: -1']),
      requestHead('GET', '/sign-in', [host, `X-Long: ${'x'.repeat(MEGABYTE)}`]),
      requestHead('GET', `/${'a'.repeat(100_000)}`, [host]),
      requestHead('GET', '/sign-in', [host, 'Folded: a', ' b']),
      requestHead('BREW', '/sign-in', [host]),
      '\u0000\u0001\u0002\r\n\r\n',
    ];
    for (const head of heads) {
      const { status } = await sendBytes(server(), Buffer.from(head, 'latin1'));
      assert.ok(status === undefined || (status >= 400 && status < 500), `${head.slice(0, 60)}: ${status}`);
      assert.ok(await server().answers());
    }
  });
});

onServers(bothDatabases, 'a cookie', (server) => {
  const asked = (cookie, method = 'GET', path = '/get-session') =>
    bareRequest(server(), method, `/api/auth${path}`, { headers: { cookie, origin: server().origin } });

  test('that is forged is no session, on the wire and on pages', async () => {
    const { visitor, token } = await signedUp(server());
    const { name, value } = visitor.sessionCookie;
    const other = await signedUp(server());
    const forge = (text) => `${name}=${encodeURIComponent(text)}`;
    const signature = value.slice(token.length + 1);
    const forged = [
      `${name}=`,
      `${name}=.`,
      `${name}=%`,
      `${name}=%FF`,
      `${name}=a.b.c`,
      name,
      forge(token),
      forge(`${token}.`),
      forge(`${token}.${'A'.repeat(43)}=`),
      forge(`${other.token}.${signature}`),
      forge(`${token}x.${signature}`),
      forge(`${token.toUpperCase()}.${signature}`),
      forge(`\u0000.${signature}`),
      forge(`${'a'.repeat(3000)}.${signature}`),
      forge(`' or 1=1 --.${signature}`),
    ];
    for (const cookie of forged) {
      const { status, json } = await asked(cookie);
      assert.deepEqual({ status, json }, { status: 200, json: null }, cookie.slice(0, 80));
      assertFailure(await asked(cookie, 'GET', '/token'), 401, 'UNAUTHORIZED');
      const page = await bareRequest(server(), 'GET', '/account', { headers: { cookie } });
      assert.ok(page.status >= 300 && page.status < 500, `/account: ${page.status}`);
      assert.equal((await bareRequest(server(), 'GET', '/', { headers: { cookie } })).status, 200);
    }
  });

  test('signed by another server is no session', async () => {
    const elsewhere = await startServer();
    try {
      const { visitor } = await signedUp(elsewhere);
      assert.equal((await asked(visitor.cookieHeader())).json, null);
    } finally {
      await elsewhere.discard();
    }
  });

  test('that is stale is cleared where it is shown', async () => {
    const { visitor, client } = await signedUp(server());
    const cookie = visitor.cookieHeader();
    await client.signOut();
    const { json, set } = await asked(cookie);
    assert.equal(json, null);
    assert.ok(set.some(({ name, maxAge }) => name === visitor.last.sessionCookie.name && maxAge === 0));
    assertFailure(await asked(cookie, 'GET', '/token'), 401, 'UNAUTHORIZED');
  });

  test('sent before a sign-in is never adopted, and the first of two counts', async () => {
    const first = await signedUp(server());
    const second = await signedUp(server());
    const again = await signedIn(server(), first.reader);
    assert.notEqual(again.visitor.sessionCookie.raw, first.visitor.sessionCookie.raw);
    const both = `${first.visitor.cookieHeader()}; ${second.visitor.cookieHeader()}`;
    assert.equal((await asked(both)).json.user.id, first.user.id);
  });

  test('header of bytes that are no text is survived', async () => {
    const head = requestHead('GET', '/api/auth/get-session', [
      `Host: ${new URL(server().origin).host}`,
      'Cookie: better-auth.session_token=\u00ff\u00fe; =; ;;',
    ]);
    const { status } = await sendBytes(server(), Buffer.from(head, 'latin1'));
    assert.ok(status === 200 || (status >= 400 && status < 500), `status ${status}`);
  });
});
