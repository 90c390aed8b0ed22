// Where a reader is signed in, with what, and how that ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSessions } from '../harness/ageing.mjs';
import { isSignedIn, newReader, signedIn, signedUp } from '../harness/readers.mjs';
import { assertFailure, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, dropIn, everyServer, onServers } from './variants.mjs';

const DEVICE = 'bookplate.device';

onServers(everyServer, 'a reader', (server) => {
  const letters = (type, to) => server().outbox.letters({ type, to });

  test('sees every session and ends one', async () => {
    const here = await signedUp(server());
    const visitor = new Visitor(server());
    const { email, password } = here.reader;
    const headers = { 'user-agent': 'Paper/2.0' };
    const there = await visitor.api('POST', '/sign-in/email', { json: { email, password }, headers });
    const { data } = await here.client.listSessions();
    assert.equal(data.length, 2);
    for (const session of data) {
      assert.equal(session.userId, here.user.id);
      assert.equal(session.ipAddress, '127.0.0.1');
      assert.ok(session.expiresAt > new Date());
    }
    const other = data.find(({ userAgent }) => userAgent === 'Paper/2.0');
    assert.deepEqual(await here.client.revokeSession({ token: other.token }), { data: { status: true }, error: null });
    assert.equal((await visitor.api('GET', '/get-session')).json, null);
    assert.equal(there.status, 200);
    assert.ok(await isSignedIn(here));
    assert.equal((await here.client.listSessions()).data.length, 1);
  });

  test('security_14_cannot use what the list says of another session', async () => {
    const here = await signedUp(server());
    await signedIn(server(), here.reader);
    const { data } = await here.client.listSessions();
    for (const { token, id } of data) {
      for (const value of [token, id, `${token}.${'A'.repeat(43)}%3D`]) {
        const headers = { cookie: `better-auth.session_token=${value}` };
        assert.equal((await new Visitor(server()).api('GET', '/get-session', { headers })).json, null);
        assert.equal((await new Visitor(server()).api('GET', `/get-session?token=${value}`)).json, null);
      }
    }
  });

  test('ends no session of another reader', async () => {
    const here = await signedUp(server());
    const other = await signedUp(server());
    const [{ token }] = (await other.client.listSessions()).data;
    for (const named of [token, 'made-up', '']) {
      assert.deepEqual((await here.client.revokeSession({ token: named })).data, { status: true });
    }
    assert.ok((await isSignedIn(other)) && (await isSignedIn(here)));
  });

  test('ends all others, or all', async () => {
    const here = await signedUp(server());
    const others = [await signedIn(server(), here.reader), await signedIn(server(), here.reader)];
    assert.deepEqual((await here.client.revokeOtherSessions()).data, { status: true });
    assert.deepEqual(await Promise.all([here, ...others].map(isSignedIn)), [true, false, false]);
    const back = await signedIn(server(), here.reader);
    assert.deepEqual((await here.client.revokeSessions()).data, { status: true });
    assert.equal(here.visitor.sessionCookie, undefined, 'the cookies are taken away');
    assert.ok(!(await isSignedIn(here)) && !(await isSignedIn(back)));
  });

  test('who signed in more than a day ago does not get the list', async () => {
    const { client } = await signedUp(server());
    await ageSessions(server(), { hours: 25 });
    assertRefused(await client.listSessions(), 403, 'SESSION_NOT_FRESH', 'Session is not fresh');
    assert.deepEqual((await client.revokeOtherSessions()).data, { status: true });
  });

  test('sees how to sign in, and cannot take the only way away', async () => {
    const { client, user, visitor } = await signedUp(server());
    const { data } = await client.listAccounts();
    assert.equal(data.length, 1);
    const [{ id, providerId, accountId, userId, scopes }] = data;
    assert.deepEqual([providerId, accountId, userId, scopes], ['credential', user.id, user.id, []]);
    assert.doesNotMatch(visitor.last.text, /argon2|password|token/i);
    assertRefused(await client.unlinkAccount({ accountId: id }), 400, 'FAILED_TO_UNLINK_LAST_ACCOUNT');
  });

  test('is told by mail of a new device, once for each', async () => {
    const { reader, visitor } = await signedUp(server());
    const { email, password } = reader;
    await server().mailHasPassed();
    assert.deepEqual(letters('new-device', email), [], 'the browser of the sign-up is none');
    await visitor.client().signIn.email({ email, password });
    const there = await signedIn(server(), reader);
    const notice = await server().outbox.letter({ type: 'new-device', to: email });
    assert.match(notice.text, /127\.0\.0\.1/);
    await there.client.signOut();
    await there.client.signIn.email({ email, password });
    await server().mailHasPassed();
    assert.equal(letters('new-device', email).length, 1);
  });

  test('security_13_has a device cookie that says nothing and cannot be made up', async () => {
    const { reader, answer } = await signedUp(server());
    const { attributes, maxAge, value } = answer.set.find(({ name }) => name === DEVICE);
    assert.ok(attributes.httponly && attributes.path === '/' && !attributes.domain);
    assert.equal(attributes.samesite.toLowerCase(), 'lax');
    assert.ok(maxAge > 300 * 86_400);
    const forged = new Visitor(server());
    forged.cookies.set(DEVICE, `${value.split('.')[0]}.${'A'.repeat(43)}%3D`);
    const { email, password } = reader;
    await forged.client().signIn.email({ email, password });
    await server().outbox.letter({ type: 'new-device', to: email });
  });
});

onServers(everyServer, 'changing the password', (server, name) => {
  const habits = name in dropIn;

  test('security_12_ends other sessions by default, and only where the habits ask for it leaves them', async () => {
    const here = await signedUp(server());
    const other = await signedIn(server(), here.reader);
    const { password: newPassword } = newReader();
    const { data } = await here.client.changePassword({ currentPassword: here.reader.password, newPassword });
    assert.equal(data.user.id, here.user.id);
    assert.equal(data.token === null, habits);
    assert.ok(await isSignedIn(here));
    assert.equal(await isSignedIn(other), habits);
    if (!habits) assert.notEqual(data.token, here.token, 'and this one has another token');
    await server().outbox.letter({ type: 'password-changed', to: here.reader.email });
    assert.equal((await signedIn(server(), { ...here.reader, password: newPassword })).user.id, here.user.id);
  });

  test('does to other sessions what the client says', async () => {
    for (const revokeOtherSessions of [true, false]) {
      const here = await signedUp(server());
      const other = await signedIn(server(), here.reader);
      const { password: newPassword } = newReader();
      const command = { currentPassword: here.reader.password, newPassword, revokeOtherSessions };
      const { data } = await here.client.changePassword(command);
      assert.equal(typeof data.token, revokeOtherSessions ? 'string' : 'object');
      assert.ok(await isSignedIn(here));
      assert.equal(await isSignedIn(other), !revokeOtherSessions);
    }
  });

  test('security_08_needs the current one, and a new one that is not the first to be tried', async () => {
    const { client, reader, visitor } = await signedUp(server());
    const { password: newPassword } = newReader();
    const wrong = await client.changePassword({ currentPassword: 'Not-the-password-1', newPassword });
    assertRefused(wrong, 400, 'INVALID_PASSWORD', 'Invalid password');
    const currentPassword = reader.password;
    assertRefused(await client.changePassword({ currentPassword, newPassword: 'short' }), 400, 'PASSWORD_TOO_SHORT');
    assertFailure(await visitor.api('POST', '/change-password', { json: {} }), 400, 'VALIDATION_ERROR');
    const common = await client.changePassword({ currentPassword, newPassword: 'password123' });
    if (habits) assert.equal(common.error, null);
    else assertRefused(common, 400, 'PASSWORD_COMPROMISED');
    const stranger = new Visitor(server()).client();
    assertRefused(await stranger.changePassword({ currentPassword, newPassword }), 401, 'UNAUTHORIZED');
  });
});

onServers(bothDatabases, 'a copy of a session cookie', (server) => {
  test('security_11_is worth nothing the moment the session is ended elsewhere', async () => {
    const here = await signedUp(server());
    const there = await signedIn(server(), here.reader);
    const cookie = there.visitor.cookieHeader();
    const ask = () => new Visitor(server()).api('GET', '/get-session', { headers: { cookie } });
    assert.equal((await ask()).json.user.id, here.user.id);
    await here.client.revokeOtherSessions();
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    assert.ok(answers.every(({ json }) => json === null));
  });
});
