// How long a session lives: renewed when older than a day, ended after seven, never beyond ninety.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSessions, shiftSessions } from '../harness/ageing.mjs';
import { DAY, WEEK, isSignedIn, signedIn, signedUp } from '../harness/readers.mjs';
import { assertFailure, assertNear } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { everyServer, onServers } from './variants.mjs';

const expiry = async ({ client }) => (await client.getSession()).data.session.expiresAt.getTime();
const hexOf = (bytes, encoding) => Buffer.from(bytes, encoding).toString('hex');
const unremembered = async (server) => {
  const { reader } = await signedUp(server);
  return signedIn(server, reader, { rememberMe: false });
};

onServers(everyServer, 'a session', (server) => {
  test('older than a day is renewed for a week, with the same token and a new cookie', async () => {
    const reader = await signedUp(server());
    await ageSessions(server(), { days: 2 });
    const { data } = await reader.client.getSession();
    assertNear(data.session.expiresAt.getTime(), Date.now() + WEEK * 1000, 10_000, 'the new end');
    assert.equal(data.session.token, reader.token);
    const { sessionCookie } = reader.visitor.last;
    assertNear(sessionCookie.maxAge, WEEK, 5, 'Max-Age');
    assert.equal(sessionCookie.value, reader.answer.sessionCookie.value);
  });

  test('younger than a day is left alone', async () => {
    const reader = await signedUp(server());
    await ageSessions(server(), { hours: 23 });
    const end = await expiry(reader);
    assertNear(end, Date.now() + WEEK * 1000 - 23 * 3_600_000, 10_000, 'the end');
    assert.equal(reader.visitor.last.sessionCookie, undefined);
  });

  test('is renewed by whatever else resolves it, pages included', async () => {
    for (const path of ['/api/auth/token', '/account']) {
      const reader = await signedUp(server());
      await ageSessions(server(), { days: 2 });
      const { sessionCookie, status } = await reader.visitor.request('GET', path);
      assert.equal(status, 200, path);
      assert.ok(sessionCookie, `${path} must send the cookie again`);
      assertNear(sessionCookie.maxAge, WEEK, 5, `Max-Age after ${path}`);
      assertNear(await expiry(reader), Date.now() + WEEK * 1000, 10_000, `the end after ${path}`);
    }
  });

  test('is not renewed when the caller asks for that', async () => {
    const reader = await signedUp(server());
    await ageSessions(server(), { days: 2 });
    const { json, sessionCookie } = await reader.visitor.api('GET', '/get-session?disableRefresh=true');
    assertNear(Date.parse(json.session.expiresAt), Date.now() + (WEEK - 2 * DAY) * 1000, 10_000, 'the end');
    assert.equal(sessionCookie, undefined);
  });

  test('unused for a week is over: null, and the cookies are cleared', async () => {
    const reader = await signedUp(server());
    await ageSessions(server(), { days: 7, hours: 1 });
    const { data, error } = await reader.client.getSession();
    assert.deepEqual({ data, error }, { data: null, error: null });
    assert.equal(reader.visitor.last.sessionCookie.maxAge, 0);
    assert.equal(reader.visitor.sessionCookie, undefined);
  });

  test('that is over is 401 with cleared cookies where a session is needed', async () => {
    const reader = await signedUp(server());
    await ageSessions(server(), { days: 8 });
    const answer = await reader.visitor.api('GET', '/token');
    assertFailure(answer, 401, 'UNAUTHORIZED', 'Unauthorized');
    assert.equal(answer.sessionCookie.maxAge, 0);
  });

  test('not to be remembered is never renewed, and over after a day', async () => {
    const device = await unremembered(server());
    const before = await expiry(device);
    await ageSessions(server(), { hours: 20 });
    assertNear(await expiry(device), before - 20 * 3_600_000, 10, 'the end');
    assert.equal(device.visitor.last.sessionCookie?.maxAge, undefined);
    await ageSessions(server(), { hours: 5 });
    assert.equal(await isSignedIn(device), false);
  });

  test('is never renewed beyond ninety days', async () => {
    const reader = await signedUp(server());
    const opened = (await reader.client.getSession()).data.session.createdAt.getTime();
    await shiftSessions(server(), { created: -88 * 24, ends: -88 * 24, renewed: -48, expires: -48 });
    assertNear(await expiry(reader), opened + 2 * DAY * 1000, 10_000, 'the end');
    assertNear(reader.visitor.last.sessionCookie.maxAge, 2 * DAY, 10, 'Max-Age');
    await shiftSessions(server(), { created: -72, ends: -72 });
    assert.equal(await isSignedIn(reader), false);
  });

  test('survives a restart', async () => {
    const reader = await signedUp(server());
    await server().restart();
    assert.ok(await isSignedIn(reader));
    assert.ok(await isSignedIn(await signedIn(server(), reader.reader)));
  });

  test('that ended stays ended after a restart', async () => {
    const reader = await signedUp(server());
    const cookie = reader.visitor.cookieHeader();
    await reader.client.signOut();
    await server().restart();
    const { json } = await new Visitor(server()).api('GET', '/get-session', { headers: { cookie } });
    assert.equal(json, null);
  });

  test('is not opened by anything the database holds', async () => {
    const { token, answer } = await signedUp(server());
    const tables = (await server().database.tables()).filter((name) => name.startsWith('bookplate_'));
    const rows = await Promise.all(tables.map((name) => server().query(`select * from ${name}`)));
    const dump = JSON.stringify(rows, (_, value) => (value?.type === 'Buffer' ? hexOf(value.data) : value));
    const signature = answer.sessionCookie.value.slice(token.length + 1);
    const keys = [signature, hexOf(signature, 'base64')];
    if (server().env.BOOKPLATE_BEARER_SESSIONS) keys.push(token);
    for (const key of keys) assert.ok(!dump.includes(key));
  });
});
