// Where an address has to be proved before anybody gets in, and nobody learns who has an account.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareRequest } from '../harness/raw.mjs';
import { isSignedIn, newReader } from '../harness/readers.mjs';
import { assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const strict = { env: { BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' } };

onServers(
  bothDatabases,
  'where addresses are proved first',
  (server) => {
    const letter = (type, { email }, count = 1) => server().outbox.letter({ type, to: email }, { count });

    /** Asks for an account; nobody is signed in by that. */
    const asked = async (reader = newReader(), callbackURL = '/verify-email?confirmed') => {
      const visitor = new Visitor(server());
      const client = visitor.client();
      const { data, error } = await client.signUp.email({ ...reader, callbackURL });
      assert.equal(error, null, JSON.stringify(error));
      return { visitor, client, reader, data, answer: visitor.last };
    };

    test('sign-up signs nobody in, and the link of its letter does', async () => {
      const { client, visitor, reader, data } = await asked();
      assert.equal(data.token, null);
      assert.equal(visitor.sessionCookie, undefined);
      const { email, password } = reader;
      assertRefused(await client.signIn.email({ email, password }), 403, 'EMAIL_NOT_VERIFIED', 'Email not verified');
      const { token } = await letter('verify-email', reader, 2);
      const wrong = await client.signIn.email({ email, password: 'Not-the-password-1' });
      assertRefused(wrong, 401, 'INVALID_EMAIL_OR_PASSWORD');
      assert.deepEqual((await client.verifyEmail({ query: { token } })).data, { status: true, user: null });
      assert.ok(visitor.sessionCookie, 'the cookie of a session');
      const { user } = (await client.getSession()).data;
      assert.deepEqual([user.email, user.emailVerified], [email, true]);
      const again = new Visitor(server());
      assert.equal((await again.client().verifyEmail({ query: { token } })).error, null);
      assert.equal(again.sessionCookie, undefined, 'only the first use signs in');
      assert.equal((await again.client().signIn.email({ email, password })).error, null);
    });

    test('security_01_sign-up answers a taken address like a free one', async () => {
      const first = await asked();
      const { email } = first.reader;
      const taken = await asked({ ...newReader(), email });
      const free = await asked();
      const shape = ({ data, answer }) => ({
        status: answer.status,
        keys: Object.keys(data.user).sort(),
        token: data.token,
        verified: data.user.emailVerified,
        cookies: answer.set.map(({ name }) => name).sort(),
      });
      assert.deepEqual(shape(taken), shape(free));
      assert.equal(taken.data.user.email, email);
      assert.equal(taken.data.user.name, taken.reader.name);
      assert.notEqual(taken.data.user.id, first.data.user.id);
      await letter('sign-up-attempt', first.reader);
      const attempt = await new Visitor(server()).client().signIn.email({ email, password: taken.reader.password });
      assertRefused(attempt, 401, 'INVALID_EMAIL_OR_PASSWORD');
    });

    test('security_22_a browser that follows the link is shown a button, and nobody is signed in before it', async () => {
      const { reader, visitor, client } = await asked();
      const { url, token } = await letter('verify-email', reader);
      const navigating = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
      const { pathname, search } = new URL(url);
      const followed = await bareRequest(server(), 'GET', pathname + search, { headers: navigating });
      assert.equal(followed.status, 303);
      assert.equal(followed.headers.get('location'), '/verify-email', 'without the token');
      const [kept] = followed.set;
      assert.equal(kept.name, 'bookplate.verify-email');
      assert.ok(kept.value.includes(token) && kept.attributes.httponly);
      assert.ok(!(await isSignedIn({ client })));
      visitor.cookies.set(kept.name, kept.raw);
      const page = await visitor.request('GET', '/verify-email');
      assert.match(page.text, /<form[^>]*action="\/verify-email"/);
      assert.ok(!page.text.includes(token), 'the page does not hold it');
      const pressed = await visitor.request('POST', '/verify-email', { form: {}, headers: { accept: 'text/html' } });
      assert.equal(pressed.status, 303);
      assert.equal(pressed.headers.get('location'), '/verify-email?confirmed');
      assert.ok(await isSignedIn({ client }));
      assert.equal(visitor.cookies.has('bookplate.verify-email'), false);
    });

    test('a new password is set before the address is proved, and does not let in by itself', async () => {
      const { reader, client } = await asked();
      await client.requestPasswordReset({ email: reader.email });
      const { token } = await letter('reset-password', reader);
      const { password: newPassword } = newReader();
      assert.equal((await client.resetPassword({ token, newPassword })).error, null);
      const { error } = await client.signIn.email({ email: reader.email, password: newPassword });
      assert.ok(error === null || error.code === 'EMAIL_NOT_VERIFIED', JSON.stringify(error));
    });
  },
  strict,
);
