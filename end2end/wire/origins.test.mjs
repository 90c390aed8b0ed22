// Who may call from where: cross-origin reads and writes for trusted origins, refusals for all others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareRequest } from '../harness/raw.mjs';
import { isSignedIn, newReader, signedUp } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { assertFailure, listOf } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { TRUSTED_ORIGIN, defaults, everyServer, onServers } from './variants.mjs';

const LOOKALIKES = [
  'http://app.example.test.evil.example',
  'http://evil-app.example.test',
  'https://app.example.test',
  'http://app.example.test:81',
  'http://app.example.test@evil.example',
  'https://evil.example',
  'null',
];

const preflight = (server, origin, path = '/api/auth/sign-in/email') =>
  bareRequest(server, 'OPTIONS', path, {
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, authorization',
    },
  });

onServers(everyServer, 'a trusted origin', (server) => {
  test('is answered its preflight with its own name, credentials, methods and headers', async () => {
    for (const origin of [TRUSTED_ORIGIN, server().origin]) {
      const { status, headers } = await preflight(server(), origin);
      assert.ok(status === 200 || status === 204, `status ${status}`);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.equal(headers.get('access-control-allow-credentials'), 'true');
      const methods = listOf(headers.get('access-control-allow-methods'));
      assert.ok(methods.includes('post') && methods.includes('get'), `${methods}`);
      const allowed = listOf(headers.get('access-control-allow-headers'));
      assert.ok(allowed.includes('content-type') && allowed.includes('authorization'), `${allowed}`);
      assert.ok(listOf(headers.get('vary')).includes('origin'));
    }
  });

  test('signs a reader in with credentials and reads the answers, refusals included', async () => {
    const { visitor, answer, client, reader } = await signedUp(server(), {}, { origin: TRUSTED_ORIGIN });
    const granted = ({ headers }) => [
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-credentials'),
    ];
    assert.deepEqual(granted(answer), [TRUSTED_ORIGIN, 'true']);
    await client.getSession();
    assert.deepEqual(granted(visitor.last), [TRUSTED_ORIGIN, 'true']);
    await client.signIn.email({ email: reader.email, password: 'Not-the-password-1' });
    assert.equal(visitor.last.status, 401);
    assert.deepEqual(granted(visitor.last), [TRUSTED_ORIGIN, 'true']);
  });
});

onServers(everyServer, 'a foreign origin', (server) => {
  test('gets no leave in a preflight, however alike it looks', async () => {
    for (const origin of LOOKALIKES) {
      const { headers } = await preflight(server(), origin);
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
    }
  });

  test('cannot read an answer', async () => {
    const { visitor } = await signedUp(server());
    for (const origin of LOOKALIKES) {
      const { headers } = await visitor.api('GET', '/get-session', { origin });
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
      assert.ok(listOf(headers.get('vary')).includes('origin'), 'Vary: Origin');
    }
  });

  test("cannot write with the reader's cookie", async () => {
    const { visitor, client } = await signedUp(server());
    for (const origin of LOOKALIKES.filter((one) => one !== 'null')) {
      const answer = await visitor.api('POST', '/update-user', { origin, json: { name: 'Taken over' } });
      assertFailure(answer, 403, 'INVALID_ORIGIN', 'Invalid origin');
      assert.equal((await visitor.api('POST', '/sign-out', { origin, json: {} })).status, 403);
    }
    const { data } = await client.getSession();
    assert.equal(data.user.name, 'Ada Reader');
  });

  test('cannot sign a reader in or up, cookie or not', async () => {
    const { reader } = await signedUp(server());
    for (const origin of LOOKALIKES.filter((one) => one !== 'null')) {
      const visitor = new Visitor(server(), { origin });
      const { email, password } = reader;
      const signIn = await visitor.api('POST', '/sign-in/email', { json: { email, password } });
      assertFailure(signIn, 403, 'INVALID_ORIGIN');
      assert.equal(signIn.sessionCookie, undefined);
      assertFailure(await visitor.api('POST', '/sign-up/email', { json: newReader() }), 403, 'INVALID_ORIGIN');
    }
  });
});

onServers(everyServer, 'a write', (server) => {
  test('with a cookie and no origin, or a null one, is refused', async () => {
    const { visitor } = await signedUp(server());
    const cookie = visitor.cookieHeader();
    for (const headers of [{ cookie }, { cookie, origin: 'null' }]) {
      const answer = await bareRequest(server(), 'POST', '/api/auth/update-user', { json: { name: 'X' }, headers });
      assertFailure(answer, 403, 'MISSING_OR_NULL_ORIGIN', 'Missing or null Origin');
    }
  });

  test('with a null origin passes when the browser says same-origin', async () => {
    const { visitor } = await signedUp(server());
    const headers = { cookie: visitor.cookieHeader(), origin: 'null', 'sec-fetch-site': 'same-origin' };
    const answer = await bareRequest(server(), 'POST', '/api/auth/update-user', { json: { name: 'X' }, headers });
    assert.equal(answer.status, 200);
  });

  test('may name its origin by the Referer', async () => {
    const { visitor } = await signedUp(server());
    const send = (referer) =>
      bareRequest(server(), 'POST', '/api/auth/update-user', {
        json: { name: 'By referer' },
        headers: { cookie: visitor.cookieHeader(), referer },
      });
    assert.equal((await send(`${server().origin}/account`)).status, 200);
    assertFailure(await send('https://evil.example/account'), 403, 'INVALID_ORIGIN');
  });

  test('from a bare client without cookies passes', async () => {
    const reader = newReader();
    const opened = await bareRequest(server(), 'POST', '/api/auth/sign-up/email', { json: reader });
    assert.equal(opened.status, 200);
    server().keepSecret(reader.password);
  });

  test('that navigates here from another site is refused as a forgery', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const answer = await bareRequest(server(), 'POST', '/api/auth/sign-in/email', {
      json: { email: 'ada@readers.example.com', password: 'Quiet-harbour-1' },
      headers,
    });
    assertFailure(answer, 403, 'CROSS_SITE_NAVIGATION_LOGIN_BLOCKED');
  });
});

onServers(defaults, 'on localhost', (server) => {
  test('http://localhost:3000 is trusted by default beside the configured origins', async () => {
    const alone = await startServer({ env: { BOOKPLATE_TRUSTED_ORIGINS: undefined } });
    try {
      const origin = 'http://localhost:3000';
      const { headers } = await preflight(alone, origin);
      assert.equal(headers.get('access-control-allow-origin'), origin);
      assert.ok(await isSignedIn(await signedUp(alone, {}, { origin })));
    } finally {
      await alone.discard();
    }
    assert.equal(
      (await preflight(server(), TRUSTED_ORIGIN)).headers.get('access-control-allow-origin'),
      TRUSTED_ORIGIN,
    );
  });
});
