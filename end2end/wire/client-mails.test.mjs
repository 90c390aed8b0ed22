// The unmodified better-auth client follows what is mailed, and manages sessions, password, address and account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignedIn, newReader, signInReader, signUpReader, fetchToken } from '../harness/readers.mjs';
import { assertRefused } from '../harness/assertions.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { forTheClient, onServers } from './variants.mjs';

const DONE = { data: { status: true }, error: null };

onServers(forTheClient, 'the better-auth client', (server) => {
  const mail = (type, to, count = 1) => server().outbox.mail({ type, to }, { count });
  const open = ({ client }, token) => client.verifyEmail({ query: { token } });

  test('verifies an address, and changes it once both have agreed', async () => {
    const here = await signUpReader(server());
    const old = here.reader.email;
    assert.deepEqual(await here.client.sendVerificationEmail({ email: old }), DONE);
    const { token } = await mail('verify-email', old, 2);
    assert.deepEqual(await open(here, token), { data: { status: true, user: null }, error: null });
    assertRefused(await here.client.sendVerificationEmail({ email: old }), 400, 'EMAIL_ALREADY_VERIFIED');
    assertRefused(await open(here, 'made-up'), 401, 'INVALID_TOKEN', 'Invalid token');

    const { email: newEmail } = newReader();
    assert.deepEqual(await here.client.changeEmail({ newEmail }), DONE);
    assert.equal((await open(here, (await mail('change-email', old)).token)).error, null);
    const { data } = await open(here, (await mail('verify-email', newEmail)).token);
    assert.deepEqual([data.user.email, data.user.emailVerified], [newEmail, true]);
    assert.equal((await here.client.getSession()).data.user.email, newEmail);
  });

  test('sets a forgotten password with a mailed link, which signs everybody out', async () => {
    const here = await signUpReader(server());
    const { email } = here.reader;
    const httpClient = new HttpClient(server());
    const { data } = await httpClient.client().requestPasswordReset({ email, redirectTo: '/reset-password' });
    assert.equal(data.status, true);
    const { url, token } = await mail('reset-password', email);
    const followed = await httpClient.request('GET', url);
    assert.equal(followed.headers.get('location'), `${server().origin}/reset-password?token=${token}`);
    const { password: newPassword } = newReader();
    assert.deepEqual(await httpClient.client().resetPassword({ token, newPassword }), DONE);
    assert.ok(!(await isSignedIn(here)));
    assertRefused(await httpClient.client().resetPassword({ token, newPassword }), 400, 'INVALID_TOKEN');
    assert.equal((await signInReader(server(), { email, password: newPassword })).user.id, here.user.id);
  });

  test('lists sessions, ends one, all others, all', async () => {
    const here = await signUpReader(server());
    const others = [];
    for (let time = 0; time < 3; time += 1) others.push(await signInReader(server(), here.reader));
    const { data } = await here.client.listSessions();
    assert.equal(data.length, 4);
    assert.ok(data.every(({ userId, expiresAt }) => userId === here.user.id && expiresAt > new Date()));
    const { session } = (await here.client.getSession()).data;
    const [{ token }] = data.filter(({ id }) => id !== session.id);
    assert.deepEqual(await here.client.revokeSession({ token }), DONE);
    assert.equal((await here.client.listSessions()).data.length, 3);
    assert.deepEqual(await here.client.revokeOtherSessions(), DONE);
    assert.deepEqual(await Promise.all([here, ...others].map(isSignedIn)), [true, false, false, false]);
    assert.deepEqual(await here.client.revokeSessions(), DONE);
    assert.ok(!(await isSignedIn(here)));
  });

  test('changes the password, sees how to sign in, gets a token, and deletes the account', async () => {
    const here = await signUpReader(server());
    const other = await signInReader(server(), here.reader);
    const { password: newPassword } = newReader();
    const command = { currentPassword: here.reader.password, newPassword, revokeOtherSessions: true };
    const { data } = await here.client.changePassword(command);
    assert.deepEqual([data.user.id, typeof data.token], [here.user.id, 'string']);
    assert.ok((await isSignedIn(here)) && !(await isSignedIn(other)));
    assertRefused(await here.client.changePassword(command), 400, 'INVALID_PASSWORD', 'Invalid password');

    const accounts = (await here.client.listAccounts()).data;
    assert.deepEqual(
      accounts.map(({ providerId, accountId }) => [providerId, accountId]),
      [['credential', here.user.id]],
    );
    const refused = await here.client.unlinkAccount({ accountId: accounts[0].id });
    assertRefused(refused, 400, 'FAILED_TO_UNLINK_LAST_ACCOUNT');
    assert.equal((await fetchToken(here)).split('.').length, 3);
    assert.ok((await here.client.jwks()).data.keys.length >= 1);

    assertRefused(await here.client.deleteUser({ password: 'Not-the-password-1' }), 400, 'INVALID_PASSWORD');
    const deleted = await here.client.deleteUser({ password: newPassword });
    assert.deepEqual(deleted, { data: { success: true, message: 'User deleted' }, error: null });
    await mail('account-deleted', here.reader.email);
    const { email } = here.reader;
    const late = await new HttpClient(server()).client().signIn.email({ email, password: newPassword });
    assertRefused(late, 401, 'INVALID_EMAIL_OR_PASSWORD');
  });
});
