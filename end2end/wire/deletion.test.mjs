// A reader leaves: with the password, from a fresh session, or with a mailed link where addresses must be proved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageSessions } from '../harness/ageing.mjs';
import { isSignedIn, signedIn, signedUp } from '../harness/readers.mjs';
import { assertFailure, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, everyServer, onServers } from './variants.mjs';

const GONE = { success: true, message: 'User deleted' };

/** Everything in every table, as text. */
async function everything(server) {
  const tables = (await server.database.tables()).filter((name) => name.startsWith('bookplate_'));
  assert.ok(tables.length > 5, `${tables}`);
  const rows = await Promise.all(tables.map((name) => server.query(`select * from ${name}`)));
  return JSON.stringify(rows).toLowerCase();
}

async function refusedAtTheDoor(server, { email, password }) {
  const refusal = await new Visitor(server).client().signIn.email({ email, password });
  assertRefused(refusal, 401, 'INVALID_EMAIL_OR_PASSWORD');
}

onServers(everyServer, 'deleting an account', (server) => {
  test('with the password removes everything at once and says so in a last letter', async () => {
    const here = await signedUp(server(), { organization: `Shelf-of-${crypto.randomUUID()}` });
    const { email, password, organization } = here.reader;
    const other = await signedIn(server(), here.reader);
    await here.client.changeEmail({ newEmail: `new.${email}` });
    await server().outbox.letter({ type: 'verify-email', to: `new.${email}` });
    assert.ok((await everything(server())).includes(here.user.id));
    const deleted = await here.client.deleteUser({ password });
    assert.deepEqual(deleted, { data: GONE, error: null });
    assert.equal(here.visitor.sessionCookie, undefined);
    assert.ok(!(await isSignedIn(other)));
    await refusedAtTheDoor(server(), here.reader);
    await server().outbox.letter({ type: 'account-deleted', to: email });
    const left = await everything(server());
    for (const trace of [here.user.id, email, organization.toLowerCase()]) assert.ok(!left.includes(trace), trace);
    const again = await signedUp(server(), { email });
    assert.notEqual(again.user.id, here.user.id);
  });

  test('with a wrong password deletes nothing', async () => {
    const here = await signedUp(server());
    const refusal = await here.client.deleteUser({ password: 'Not-the-password-1' });
    assertRefused(refusal, 400, 'INVALID_PASSWORD', 'Invalid password');
    assertRefused(await here.client.deleteUser({ token: 'made-up' }), 404, 'INVALID_TOKEN');
    assert.ok(await isSignedIn(here));
    assertRefused(await new Visitor(server()).client().deleteUser({}), 401, 'UNAUTHORIZED');
  });

  test('without the password works within a day of signing in', async () => {
    const here = await signedUp(server());
    await ageSessions(server(), { hours: 25 });
    const refusal = await here.client.deleteUser({});
    assertRefused(refusal, 400, 'SESSION_EXPIRED', 'Session expired. Re-authenticate to perform this action.');
    const fresh = await signedIn(server(), here.reader);
    assert.deepEqual((await fresh.client.deleteUser({})).data, GONE);
    await refusedAtTheDoor(server(), here.reader);
  });
});

const strict = { env: { BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' } };

onServers(
  bothDatabases,
  'deleting an account whose address had to be proved',
  (server) => {
    /** A reader who has been let in by the link of the sign-up, in the browser of the sign-up. */
    const letIn = async () => {
      const here = await signedUp(server());
      const { token } = await server().outbox.letter({ type: 'verify-email', to: here.reader.email });
      assert.equal((await here.client.verifyEmail({ query: { token } })).error, null);
      assert.ok(await isSignedIn(here));
      return here;
    };
    const asked = async (here, callbackURL) => {
      const { data } = await here.client.deleteUser({ password: here.reader.password, callbackURL });
      assert.deepEqual(data, { success: true, message: 'Verification email sent' });
      return server().outbox.letter({ type: 'delete-account', to: here.reader.email });
    };

    test('takes the link of a letter, opened where its reader is signed in', async () => {
      const here = await letIn();
      const { url, token } = await asked(here, '/?deleted');
      assert.ok(await isSignedIn(here), 'not yet');
      const nobody = await new Visitor(server()).request('GET', url);
      assertFailure(nobody, 404, 'FAILED_TO_GET_USER_INFO');
      const other = await letIn();
      assertFailure(await other.visitor.request('GET', url), 404, 'INVALID_TOKEN');
      const followed = await here.visitor.request('GET', url);
      assert.equal(followed.status, 302);
      assert.equal(followed.headers.get('location'), `${server().origin}/?deleted`);
      assert.equal(followed.sessionCookie.maxAge, 0);
      await refusedAtTheDoor(server(), here.reader);
      await server().outbox.letter({ type: 'account-deleted', to: here.reader.email });
      assert.ok(await isSignedIn(other));
      assert.ok(token.length >= 22, 'at least 128 bits');
    });

    test('takes the token of the letter too, once', async () => {
      const here = await letIn();
      const { token } = await asked(here);
      assert.deepEqual((await here.client.deleteUser({ token })).data, GONE);
      assert.ok(!(await isSignedIn(here)));
    });
  },
  strict,
);
