// Back into an account whose password is forgotten, with a link that was mailed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignedIn, newReader, signedIn, signedUp } from '../harness/readers.mjs';
import { assertFailure, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { everyServer, onServers } from './variants.mjs';

const ASKED = 'If this email exists in our system, check your email for the reset link';

onServers(everyServer, 'a forgotten password', (server) => {
  /** Asks for a link and waits for its letter. */
  const linkFor = async ({ email }, redirectTo = '/reset-password') => {
    const visitor = new Visitor(server());
    const count = server().outbox.letters({ type: 'reset-password', to: email }).length + 1;
    const { data, error } = await visitor.client().requestPasswordReset({ email, redirectTo });
    assert.equal(error, null);
    assert.deepEqual(data, { status: true, message: ASKED });
    return server().outbox.letter({ type: 'reset-password', to: email }, { count });
  };
  const reset = (token, newPassword) => new Visitor(server()).client().resetPassword({ token, newPassword });

  test('security_12_is replaced with the link of a letter, and everybody is signed out', async () => {
    const here = await signedUp(server());
    const elsewhere = await signedIn(server(), here.reader);
    const letter = await linkFor(here.reader);
    const { password: newPassword } = newReader();
    assert.deepEqual(await reset(letter.token, newPassword), { data: { status: true }, error: null });
    assert.ok(!(await isSignedIn(here)) && !(await isSignedIn(elsewhere)));
    const old = await new Visitor(server()).client().signIn.email(here.reader);
    assertRefused(old, 401, 'INVALID_EMAIL_OR_PASSWORD');
    const back = await signedIn(server(), { ...here.reader, password: newPassword });
    assert.equal(back.user.id, here.user.id);
    const notice = await server().outbox.letter({ type: 'password-changed', to: here.reader.email });
    assert.deepEqual([notice.url, notice.token], [null, null]);
  });

  test('security_24_has a link that leads on without telling anybody, as often as it is opened', async () => {
    const { reader } = await signedUp(server());
    const { url, token } = await linkFor(reader);
    assert.ok(url.startsWith(`${server().origin}/api/auth/reset-password/${token}?callbackURL=`), 'the link');
    for (let time = 0; time < 3; time += 1) {
      const { status, headers } = await new Visitor(server()).request('GET', url);
      assert.equal(status, 302);
      assert.equal(headers.get('location'), `${server().origin}/reset-password?token=${token}`);
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.match(headers.get('cache-control'), /no-store/);
    }
    assert.equal((await reset(token, newReader().password)).error, null);
    const spent = await new Visitor(server()).request('GET', url);
    assert.equal(spent.headers.get('location'), `${server().origin}/reset-password?error=INVALID_TOKEN`);
  });

  test('security_22_has a link that works once, even for ten at a time', async () => {
    const { reader } = await signedUp(server());
    const { token } = await linkFor(reader);
    const tries = await Promise.all(Array.from({ length: 10 }, () => reset(token, newReader().password)));
    assert.equal(tries.filter(({ error }) => error === null).length, 1);
    for (const { error } of tries) assert.ok(error === null || error.code === 'INVALID_TOKEN', JSON.stringify(error));
    await server().mailHasPassed();
    assert.equal(server().outbox.letters({ type: 'password-changed', to: reader.email }).length, 1);
  });

  test('security_22_has a link that ends with a newer one, and with a change of the password', async () => {
    const { reader, client } = await signedUp(server());
    const older = await linkFor(reader);
    const newer = await linkFor(reader);
    assertRefused(await reset(older.token, newReader().password), 400, 'INVALID_TOKEN', 'Invalid token');
    const { password: newPassword } = newReader();
    const changed = await client.changePassword({ currentPassword: reader.password, newPassword });
    assert.equal(changed.error, null);
    assertRefused(await reset(newer.token, newReader().password), 400, 'INVALID_TOKEN');
    assert.equal((await signedIn(server(), { ...reader, password: newPassword })).user.email, reader.email);
  });

  test('has a link that a password which is not accepted does not spend', async () => {
    const { reader } = await signedUp(server());
    const { token } = await linkFor(reader);
    assertRefused(await reset(token, 'short'), 400, 'PASSWORD_TOO_SHORT');
    assertRefused(await reset(token, 'x'.repeat(129)), 400, 'PASSWORD_TOO_LONG');
    assert.equal((await reset(token, newReader().password)).error, null);
    assertRefused(await reset('made-up', newReader().password), 400, 'INVALID_TOKEN');
    const json = { newPassword: newReader().password };
    const without = await new Visitor(server()).api('POST', '/reset-password', { json });
    assertFailure(without, 400, 'INVALID_TOKEN');
  });

  test('security_01_of an address without an account is answered alike, and no letter goes there', async () => {
    const { reader } = await signedUp(server());
    const unknown = newReader();
    const ask = async (email) => {
      const { status, text } = await new Visitor(server()).api('POST', '/request-password-reset', { json: { email } });
      return { status, text };
    };
    const answers = [await ask(unknown.email), await ask(reader.email)];
    assert.deepEqual(answers[0], answers[1]);
    await server().outbox.letter({ type: 'reset-password', to: reader.email });
    await server().mailHasPassed();
    assert.deepEqual(server().outbox.letters({ to: unknown.email }), []);
  });

  test('security_23_has a link to where the configuration says, whatever the request claims', async () => {
    const { reader } = await signedUp(server());
    const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    const json = { email: reader.email, redirectTo: '/reset-password' };
    await new Visitor(server()).api('POST', '/request-password-reset', { json, headers });
    const letter = await server().outbox.letter({ type: 'reset-password', to: reader.email });
    assert.ok(letter.url.startsWith(`${server().origin}/`));
    assert.doesNotMatch(letter.text, /evil\.example/);
    const elsewhere = await new Visitor(server())
      .client()
      .requestPasswordReset({ email: reader.email, redirectTo: 'https://evil.example/' });
    assertRefused(elsewhere, 403, 'INVALID_REDIRECT_URL');
  });
});
