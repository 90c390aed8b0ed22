// An address is proved with a mailed link, and changed with two.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newReader, signedUp } from '../harness/readers.mjs';
import { assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { everyServer, onServers } from './variants.mjs';

onServers(everyServer, 'an address', (server) => {
  const letter = (type, to, count = 1) => server().outbox.letter({ type, to }, { count });
  const userOf = async ({ client }) => (await client.getSession()).data.user;
  const open = (token, visitor = new Visitor(server())) => visitor.client().verifyEmail({ query: { token } });

  /** A reader who has proved the address. */
  const proved = async () => {
    const reader = await signedUp(server());
    const { token } = await letter('verify-email', reader.reader.email);
    assert.equal((await open(token)).error, null);
    return reader;
  };

  test('is proved with the link of the letter that comes after sign-up', async () => {
    const reader = await signedUp(server(), { callbackURL: '/verify-email?confirmed' });
    const { url, token } = await letter('verify-email', reader.reader.email);
    assert.equal((await userOf(reader)).emailVerified, false);
    const followed = await new Visitor(server()).request('GET', url);
    assert.equal(followed.status, 302);
    assert.equal(followed.headers.get('location'), `${server().origin}/verify-email?confirmed`);
    assert.equal((await userOf(reader)).emailVerified, true);
    assert.equal(followed.sessionCookie, undefined, 'nobody is signed in by it');
    assert.deepEqual(await open(token), { data: { status: true, user: null }, error: null }, 'once more is harmless');
  });

  test('security_22_is proved with the newest link alone', async () => {
    const { client, reader } = await signedUp(server());
    const first = await letter('verify-email', reader.email);
    assert.deepEqual((await client.sendVerificationEmail({ email: reader.email })).data, { status: true });
    const second = await letter('verify-email', reader.email, 2);
    assertRefused(await open(first.token), 401, 'INVALID_TOKEN', 'Invalid token');
    assertRefused(await open('made-up'), 401, 'INVALID_TOKEN');
    assert.equal((await open(second.token)).error, null);
    assertRefused(await client.sendVerificationEmail({ email: reader.email }), 400, 'EMAIL_ALREADY_VERIFIED');
  });

  test('gets another link for its own reader; who is not signed in is told nothing', async () => {
    const { client } = await signedUp(server());
    const other = await signedUp(server());
    const mismatch = await client.sendVerificationEmail({ email: other.reader.email });
    assertRefused(mismatch, 400, 'EMAIL_MISMATCH', 'Email mismatch');
    const unknown = newReader();
    for (const email of [unknown.email, other.reader.email]) {
      const { data } = await new Visitor(server()).client().sendVerificationEmail({ email });
      assert.deepEqual(data, { status: true });
    }
    await letter('verify-email', other.reader.email, 2);
    await server().mailHasPassed();
    assert.deepEqual(server().outbox.letters({ to: unknown.email }), []);
  });

  test('has a link that says why it failed where it leads', async () => {
    for (const callbackURL of ['/verify-email', '/shelf?row=2']) {
      const query = new URLSearchParams({ token: 'made-up', callbackURL });
      const { status, headers } = await new Visitor(server()).api('GET', `/verify-email?${query}`);
      assert.equal(status, 302);
      const location = new URL(headers.get('location'));
      assert.equal(location.origin, server().origin);
      assert.equal(location.searchParams.get('error'), 'INVALID_TOKEN');
    }
    const query = new URLSearchParams({ token: 'made-up', callbackURL: 'https://evil.example/' });
    assert.equal((await new Visitor(server()).api('GET', `/verify-email?${query}`)).status, 403);
  });

  test('that is proved changes after it has agreed and the new one has too', async () => {
    const reader = await proved();
    const { email: newEmail } = newReader();
    const old = reader.reader.email;
    const begun = await reader.client.changeEmail({ newEmail, callbackURL: '/verify-email?change' });
    assert.deepEqual(begun, { data: { status: true }, error: null });
    const first = await letter('change-email', old);
    assert.ok(first.text.includes(newEmail), 'says which address is wanted');
    await server().mailHasPassed();
    assert.deepEqual(server().outbox.letters({ to: newEmail }), [], 'nothing goes there before');
    assert.equal((await reader.visitor.request('GET', first.url)).status, 302);
    const second = await letter('verify-email', newEmail);
    assert.equal((await userOf(reader)).email, old, 'not yet');
    assert.equal((await reader.visitor.request('GET', second.url)).status, 302);
    const { email, emailVerified } = await userOf(reader);
    assert.deepEqual({ email, emailVerified }, { email: newEmail, emailVerified: true });
    const notice = await letter('email-changed', old);
    assert.ok(notice.text.includes(newEmail));
    for (const { token } of [first, second]) assertRefused(await open(token), 401, 'INVALID_TOKEN');
    const again = await new Visitor(server()).client().signIn.email({ ...reader.reader, email: newEmail });
    assert.equal(again.error, null);
    const stranger = await new Visitor(server()).client().signIn.email(reader.reader);
    assertRefused(stranger, 401, 'INVALID_EMAIL_OR_PASSWORD');
  });

  test('that is not proved changes with a letter to the new one alone', async () => {
    const reader = await signedUp(server());
    const { email: newEmail } = newReader();
    assert.equal((await reader.client.changeEmail({ newEmail })).error, null);
    const { token } = await letter('verify-email', newEmail);
    const { data } = await open(token, reader.visitor);
    assert.equal(data.user.email, newEmail);
    assert.equal((await userOf(reader)).email, newEmail);
    await letter('email-changed', reader.reader.email);
    await server().mailHasPassed();
    assert.deepEqual(server().outbox.letters({ type: 'change-email', to: reader.reader.email }), []);
  });

  test('security_01_of somebody else answers a change like a free one, and nothing is mailed there', async () => {
    const here = await proved();
    const { client, reader } = here;
    const other = await signedUp(server());
    const seen = [];
    for (const [index, newEmail] of [other.reader.email, newReader().email].entries()) {
      const begun = await client.changeEmail({ newEmail });
      const { token, text } = await letter('change-email', reader.email, index + 1);
      const opened = await open(token, here.visitor);
      const again = await open(token, here.visitor);
      seen.push([begun, opened, again, text.replaceAll(newEmail, 'THE NEW ONE').replaceAll(token, 'TOKEN')]);
    }
    const [taken, free] = seen;
    assert.deepEqual(taken, free);
    assert.deepEqual(taken.slice(0, 2), Array(2).fill({ data: { status: true }, error: null }));
    assertRefused(await client.changeEmail({ newEmail: reader.email }), 400, undefined, 'Email is the same');
    assertRefused(await client.changeEmail({ newEmail: 'ada' }), 400, 'VALIDATION_ERROR');
    await server().mailHasPassed();
    assert.equal(server().outbox.letters({ to: other.reader.email }).length, 1, 'the one of the sign-up');
    assert.equal((await userOf(here)).email, reader.email, 'and nothing has changed');
  });

  test('does not change by a link that another reader opens', async () => {
    const reader = await proved();
    const other = await signedUp(server());
    await reader.client.changeEmail({ newEmail: newReader().email });
    const { token } = await letter('change-email', reader.reader.email);
    assertRefused(await open(token, other.visitor), 401, 'INVALID_USER', 'Invalid user');
    assert.equal((await open(token, reader.visitor)).error, null, 'and the link stays good');
  });

  test('changes no more once the password has been changed', async () => {
    const reader = await proved();
    await reader.client.changeEmail({ newEmail: newReader().email });
    const { token } = await letter('change-email', reader.reader.email);
    const { password: newPassword } = newReader();
    const changed = await reader.client.changePassword({ currentPassword: reader.reader.password, newPassword });
    assert.equal(changed.error, null);
    assertRefused(await open(token, reader.visitor), 401, 'INVALID_TOKEN');
  });
});
