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

    test('security_22_a link in a browser that never had the password lets nobody in, and it is gone', async () => {
      const { reader, visitor: first } = await asked();
      const { email, password } = reader;
      const { token } = await letter('verify-email', reader);
      const elsewhere = new Visitor(server());
      const opened = await elsewhere.client().verifyEmail({ query: { token } });
      assert.deepEqual(opened, { data: { status: true, user: null }, error: null });
      assert.equal(elsewhere.sessionCookie, undefined);
      for (const visitor of [first, elsewhere]) {
        assertRefused(await visitor.client().signIn.email({ email, password }), 401, 'INVALID_EMAIL_OR_PASSWORD');
        assert.equal((await visitor.client().verifyEmail({ query: { token } })).error, null);
        assert.ok(!(await isSignedIn({ client: visitor.client() })), 'nor by the link once more');
      }
    });

    test('security_01_whoever signed up first with an address of somebody else never comes in', async () => {
      const { reader, visitor: strangers } = await asked();
      const { email } = reader;
      const strangerComesIn = async () => {
        const { error } = await strangers.client().signIn.email({ email, password: reader.password });
        return error === null || error.code;
      };
      const { url } = await letter('verify-email', reader);
      const own = new Visitor(server());
      const html = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };
      const go = async (path) => {
        // `fetch` writes its own Sec-Fetch-Mode, so a navigation takes a bare request.
        const { pathname, search } = new URL(path, server().origin);
        const cookie = own.cookieHeader();
        const answer = await bareRequest(server(), 'GET', pathname + search, { headers: { ...html, cookie } });
        for (const { name, raw } of answer.set) own.cookies.set(name, raw);
        return answer;
      };
      assert.equal((await go(url)).headers.get('location'), '/verify-email');
      assert.equal(await strangerComesIn(), 'EMAIL_NOT_VERIFIED', 'opening the link spends nothing');
      const newest = await letter('verify-email', reader, 2);
      assert.equal((await go(newest.url)).headers.get('location'), '/verify-email');
      const pressed = await own.request('POST', '/verify-email', { form: {}, headers: { accept: 'text/html' } });
      assert.equal(pressed.status, 303);
      const onward = new URL(pressed.headers.get('location'), server().origin);
      assert.equal(onward.pathname, '/reset-password');
      server().keepSecret(onward.searchParams.get('token'));
      assert.equal(own.sessionCookie, undefined);
      assert.equal(await strangerComesIn(), 'INVALID_EMAIL_OR_PASSWORD');
      assert.equal((await go(onward.href)).headers.get('location'), '/reset-password');
      const { password: newPassword } = newReader();
      const form = { newPassword };
      const set = await own.request('POST', '/reset-password', { form, headers: { accept: 'text/html' } });
      assert.deepEqual([set.status, set.headers.get('location')], [303, '/sign-in?reset']);
      assert.equal(await strangerComesIn(), 'INVALID_EMAIL_OR_PASSWORD');
      assert.equal((await own.client().signIn.email({ email, password: newPassword })).error, null);
      assert.ok(await isSignedIn({ client: own.client() }));
      assert.ok(!(await isSignedIn({ client: strangers.client() })));
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
