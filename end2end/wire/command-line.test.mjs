// What the operator does beside a running server: accounts at the command line, and another secret.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { runCommandJson, runCommand } from '../harness/command-line.mjs';
import { isSignedIn, newReader, signInReader, signUpReader, fetchToken } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { assertRefused } from '../harness/assertions.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { bothDatabases, onServers } from './variants.mjs';

onServers(bothDatabases, 'at the command line', (server) => {
  test('an account that is closed is out at once, and in again when it is opened', async () => {
    const here = await signUpReader(server());
    const there = await signInReader(server(), here.reader);
    const authorization = `Bearer ${await fetchToken(here)}`;
    const banned = await runCommandJson(server(), 'user', 'ban', here.reader.email, '--reason', 'spam');
    assert.deepEqual([banned.id, banned.banned, banned.banReason], [here.user.id, true, 'spam']);
    assert.ok(!(await isSignedIn(here)) && !(await isSignedIn(there)));
    const asBearer = await new HttpClient(server(), { origin: null }).api('GET', '/user', { headers: { authorization } });
    assert.equal(asBearer.status, 401);
    assertRefused(await new HttpClient(server()).client().signIn.email(here.reader), 403, 'BANNED_USER');
    const wrong = { ...here.reader, password: 'Not-the-password-1' };
    const stranger = await new HttpClient(server()).client().signIn.email(wrong);
    assertRefused(stranger, 401, 'INVALID_EMAIL_OR_PASSWORD');
    await runCommandJson(server(), 'user', 'unban', here.user.id);
    assert.equal((await signInReader(server(), here.reader)).user.id, here.user.id);
  });

  test('an account is made with a link for its reader, and removed with everything', async () => {
    const { email, password } = newReader();
    const made = await runCommandJson(server(), 'user', 'create', email, '--name', 'Grace', '--verified');
    assert.deepEqual([made.email, made.name, made.emailVerified], [email, 'Grace', true]);
    const link = new URL(made.resetLink);
    assert.equal(link.origin + link.pathname, `${server().origin}/reset-password`);
    const token = link.searchParams.get('token');
    server().keepSecret(token);
    const set = await new HttpClient(server()).client().resetPassword({ token, newPassword: password });
    assert.equal(set.error, null);
    const here = await signInReader(server(), { email, password });
    const shown = await runCommandJson(server(), 'user', 'show', email);
    assert.deepEqual([shown.signInMethods, shown.sessions.length], [['credential'], 1]);
    const { users } = await runCommandJson(server(), 'user', 'list', '--search', email);
    assert.deepEqual(
      users.map(({ id }) => id),
      [here.user.id],
    );
    await runCommandJson(server(), 'user', 'delete', email, '--yes');
    assert.ok(!(await isSignedIn(here)));
    await server().outbox.mail({ type: 'account-deleted', to: email });
    const { code, err } = await runCommand(server(), 'user', 'show', email);
    assert.equal(code, 1);
    assert.ok(err.includes(email), err);
  });
});

for (const database of ['sqlite', 'postgres']) {
  test(`another BOOKPLATE_SECRET keeps everyone signed in while it knows the one before, on ${database}`, async () => {
    const server = await startServer({ database });
    try {
      const here = await signUpReader(server);
      const idle = await signInReader(server, here.reader);
      const token = await fetchToken(here);
      await server.outbox.mail({ type: 'new-device', to: here.reader.email });
      const old = server.env.BOOKPLATE_SECRET;
      server.keepSecret(old);
      Object.assign(server.env, {
        BOOKPLATE_SECRET: randomBytes(24).toString('hex'),
        BOOKPLATE_SECRET_PREVIOUS: old,
      });
      await server.restart();
      const before = here.httpClient.sessionCookie.value;
      assert.ok((await isSignedIn(here)) && (await isSignedIn(idle)));
      assert.notEqual(here.httpClient.sessionCookie.value, before, 'the cookie is signed anew');
      const headers = { authorization: `Bearer ${token}` };
      const asBearer = await new HttpClient(server, { origin: null }).api('GET', '/user', { headers });
      assert.equal(asBearer.status, 200, 'a token from before');
      await here.client.signOut();
      await here.client.signIn.email({ email: here.reader.email, password: here.reader.password });
      await server.mailQueueIsEmpty();
      const notices = server.outbox.mails({ type: 'new-device', to: here.reader.email });
      assert.equal(notices.length, 1, 'and the browser is still known');
      await fetchToken(here);
      server.env.BOOKPLATE_SECRET_PREVIOUS = undefined;
      await server.restart();
      assert.ok((await isSignedIn(here)) && (await isSignedIn(idle)));
      await fetchToken(here);
      server.keepSecret(server.env.BOOKPLATE_SECRET);
      server.env.BOOKPLATE_SECRET = randomBytes(24).toString('hex');
      await server.restart();
      assert.ok(!(await isSignedIn(here)), 'without the one before, nobody is');
      await fetchToken(await signInReader(server, here.reader));
    } finally {
      await server.discard();
    }
  });
}
