// Names from older plans: other paths, the same services.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSessions } from '../harness/ageing.mjs';
import { WEEK, newReader, signedUp } from '../harness/readers.mjs';
import { assertFailure, assertNear } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, onServers } from './variants.mjs';

onServers(bothDatabases, 'an older name', (server) => {
  test('signs up, in, and out', async () => {
    const visitor = new Visitor(server());
    const reader = newReader();
    const { email, password } = reader;
    const opened = await visitor.api('POST', '/signup/email', { json: reader });
    assert.equal(opened.status, 200);
    assert.equal(opened.json.user.email, email);
    assert.equal(opened.sessionCookie.maxAge, WEEK);
    assert.deepEqual((await visitor.api('POST', '/signout', { json: {} })).json, { success: true });
    assert.equal((await visitor.api('GET', '/session')).json, null);
    const back = await visitor.api('POST', '/signin/email', { json: { email, password } });
    assert.equal(back.json.user.id, opened.json.user.id);
    assert.equal(back.json.redirect, false);
  });

  test('fails as the newer one does', async () => {
    const visitor = new Visitor(server());
    const wrong = await visitor.api('POST', '/signin/email', { json: { email: newReader().email, password: 'no' } });
    assertFailure(wrong, 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password');
    const weak = await visitor.api('POST', '/signup/email', { json: newReader({ password: 'weak' }) });
    assertFailure(weak, 400, 'PASSWORD_TOO_SHORT');
  });

  test('answers the session and the reader', async () => {
    const { visitor, user, token } = await signedUp(server());
    const { json: session } = await visitor.api('GET', '/session');
    assert.equal(session.session.token, token);
    assert.equal(session.user.id, user.id);
    const { json, headers } = await visitor.api('GET', '/user');
    assert.equal((json.user ?? json).email, user.email);
    assert.match(headers.get('cache-control'), /no-store/);
  });

  test('refuses strangers where a reader is needed', async () => {
    const visitor = new Visitor(server());
    for (const [method, path, options] of [
      ['GET', '/user', {}],
      ['POST', '/session/refresh', { json: {} }],
    ]) {
      assertFailure(await visitor.api(method, path, options), 401, 'UNAUTHORIZED');
    }
  });

  test('renews the session now and answers it', async () => {
    const { visitor, token } = await signedUp(server());
    await ageSessions(server(), { hours: 3 });
    const { status, json, sessionCookie } = await visitor.api('POST', '/session/refresh', { json: {} });
    assert.equal(status, 200);
    const session = json.session ?? json;
    assert.equal(session.token, token);
    assertNear(Date.parse(session.expiresAt), Date.now() + WEEK * 1000, 10_000, 'the new end');
    assertNear(sessionCookie.maxAge, WEEK, 5, 'Max-Age');
  });
});
