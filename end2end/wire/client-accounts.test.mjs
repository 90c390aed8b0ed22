// The unmodified better-auth client opens accounts, signs in and out, and changes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEEK, DAY, isSignedIn, newReader, signInReader, signUpReader } from '../harness/readers.mjs';
import { assertNear, assertRefused } from '../harness/assertions.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { forTheClient, onServers } from './variants.mjs';

onServers(forTheClient, 'the better-auth client', (server) => {
  test('sign-up answers the token and the reader with dates and answers', async () => {
    const { user, token, reader } = await signUpReader(server(), { organization: 'Shelf & Sons' });
    assert.match(token, /^[A-Za-z0-9_-]{20,}$/);
    assert.match(user.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const { name, email, emailVerified, image, experienceLevel, professionalRole, roleOther, organization } = user;
    assert.deepEqual(
      { name, email, emailVerified, image, experienceLevel, professionalRole, roleOther, organization },
      {
        name: reader.name,
        email: reader.email,
        emailVerified: false,
        image: null,
        experienceLevel: 'beginner',
        professionalRole: 'developer',
        roleOther: null,
        organization: 'Shelf & Sons',
      },
    );
    assert.ok(user.createdAt instanceof Date && user.updatedAt instanceof Date);
    assert.ok(!('password' in user));
  });

  test('sign-up takes roleOther whatever the role is', async () => {
    const { user } = await signUpReader(server(), { roleOther: 'Bookbinder' });
    assert.equal(user.roleOther, 'Bookbinder');
  });

  test('an empty name is a name', async () => {
    const { user } = await signUpReader(server(), { name: '' });
    assert.equal(user.name, '');
  });

  test('the session cookie has the name, attributes and signed value of the contract', async () => {
    const { answer, token } = await signUpReader(server());
    const { name, attributes, maxAge, value, raw } = answer.sessionCookie;
    assert.equal(name, 'better-auth.session_token');
    assert.deepEqual(
      { ...attributes, samesite: attributes.samesite.toLowerCase(), expires: undefined },
      {
        httponly: true,
        samesite: 'lax',
        path: '/',
        'max-age': String(WEEK),
        expires: undefined,
      },
    );
    assert.equal(maxAge, WEEK);
    assert.match(value, /^[^.]+\.[A-Za-z0-9+/]{43}=$/);
    assert.equal(value.slice(0, value.lastIndexOf('.')), token);
    assert.doesNotMatch(raw, /[+/=]/);
  });

  test('get-session is null before, and the session after sign-up', async () => {
    const httpClient = new HttpClient(server());
    assert.deepEqual(await httpClient.client().getSession(), { data: null, error: null });
    assert.equal(httpClient.last.status, 200);
    const { client, user, token } = await signUpReader(server());
    const { data } = await client.getSession();
    assert.equal(data.user.email, user.email);
    assert.equal(data.session.userId, user.id);
    assert.equal(data.session.token, token);
    assertNear(data.session.expiresAt - data.session.createdAt, WEEK * 1000, 5000, 'lifetime');
    assert.ok('ipAddress' in data.session && 'userAgent' in data.session);
  });

  test('the session records the address and the user agent', async () => {
    const httpClient = new HttpClient(server());
    await httpClient.api('POST', '/sign-up/email', { json: newReader(), headers: { 'user-agent': 'Paper/1.0' } });
    const { json } = await httpClient.api('GET', '/get-session');
    assert.equal(json.session.userAgent, 'Paper/1.0');
    assert.equal(json.session.ipAddress, '127.0.0.1');
  });

  test('what concerns an account is never cached', async () => {
    const { httpClient } = await signUpReader(server());
    for (const path of ['/get-session', '/token']) {
      const { headers } = await httpClient.api('GET', path);
      assert.match(headers.get('cache-control') ?? '', /no-store/, path);
    }
  });

  test('sign-in answers a new token and no redirect', async () => {
    const first = await signUpReader(server());
    const second = await signInReader(server(), first.reader);
    assert.equal(second.data.redirect, false);
    assert.equal(second.data.url, undefined);
    assert.notEqual(second.token, first.token);
    assert.equal(second.user.id, first.user.id);
    assert.ok((await isSignedIn(first)) && (await isSignedIn(second)));
  });

  test('sign-in does not mind the case of the address', async () => {
    const { reader, user } = await signUpReader(server());
    const again = await signInReader(server(), { ...reader, email: reader.email.toUpperCase() });
    assert.equal(again.user.id, user.id);
  });

  test('a wrong password and an unknown address are answered alike', async () => {
    const { reader } = await signUpReader(server());
    const known = new HttpClient(server());
    const unknown = new HttpClient(server());
    const wrong = { email: reader.email, password: 'Not-the-password-1' };
    const refusal = await known.client().signIn.email(wrong);
    assertRefused(refusal, 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password');
    await unknown.client().signIn.email({ ...wrong, email: newReader().email });
    assert.equal(known.last.text, unknown.last.text);
    assert.equal(known.last.status, unknown.last.status);
    assert.equal(known.last.sessionCookie, undefined);
  });

  test('a session not to be remembered lasts a day and its cookie ends with the browser', async () => {
    const { reader } = await signUpReader(server());
    const { client, answer } = await signInReader(server(), reader, { rememberMe: false });
    assert.equal(answer.sessionCookie.maxAge, undefined);
    assert.equal(answer.sessionCookie.attributes.expires, undefined);
    const marker = answer.set.find((cookie) => cookie.name === 'better-auth.dont_remember');
    assert.match(marker.value, /^true\./);
    const { data } = await client.getSession();
    assertNear(data.session.expiresAt - data.session.createdAt, DAY * 1000, 5000, 'lifetime');
  });

  test('a remembered sign-in takes the mark of an unremembered one away', async () => {
    const { reader } = await signUpReader(server());
    const { httpClient, client } = await signInReader(server(), reader, { rememberMe: false });
    await client.signIn.email({ email: reader.email, password: reader.password });
    assert.equal(httpClient.cookies.has('better-auth.dont_remember'), false);
    assert.equal(httpClient.last.sessionCookie.maxAge, WEEK);
  });

  test('sign-out ends the session in the database and clears the cookies', async () => {
    const { httpClient, client, reader } = await signUpReader(server());
    const other = await signInReader(server(), reader);
    const stolen = httpClient.cookieHeader();
    assert.deepEqual(await client.signOut(), { data: { success: true }, error: null });
    assert.equal(httpClient.sessionCookie, undefined);
    const replayed = await httpClient.api('GET', '/get-session', { headers: { cookie: stolen } });
    assert.equal(replayed.json, null);
    assert.equal(replayed.sessionCookie.maxAge, 0);
    assert.ok(await isSignedIn(other), 'the other device stays signed in');
  });

  test('sign-out without a session succeeds too', async () => {
    assert.deepEqual(await new HttpClient(server()).client().signOut(), { data: { success: true }, error: null });
  });

  test('update-user changes the name and the answers', async () => {
    const { client, httpClient, token } = await signUpReader(server());
    const before = (await client.getSession()).data.user;
    const changes = { name: 'Ada L.', experienceLevel: 'advanced', organization: 'Analytical Press' };
    assert.deepEqual(await client.updateUser(changes), { data: { status: true }, error: null });
    assert.equal(httpClient.sessionCookie.token, token, 'the same session is sent again');
    const { user } = (await client.getSession()).data;
    const { name, experienceLevel, organization, professionalRole } = user;
    assert.deepEqual(
      { name, experienceLevel, organization, professionalRole },
      { ...changes, professionalRole: 'developer' },
    );
    assert.ok(user.updatedAt >= before.updatedAt);
  });

  test('update-user clears an optional answer and keeps a required one', async () => {
    const { client } = await signUpReader(server(), { organization: 'Shelf & Sons' });
    await client.updateUser({ organization: null });
    assert.equal((await client.getSession()).data.user.organization, null);
    const refusal = await client.updateUser({ experienceLevel: null });
    assert.equal(refusal.error.status, 400);
    assert.equal((await client.getSession()).data.user.experienceLevel, 'beginner');
  });

  test('update-user refuses the address, nothing at all, and strangers', async () => {
    const { client } = await signUpReader(server());
    const moved = await client.updateUser({ email: newReader().email });
    assertRefused(moved, 400, 'EMAIL_CAN_NOT_BE_UPDATED', 'Email can not be updated');
    assertRefused(await client.updateUser({ shoeSize: 44 }), 400, undefined, 'No fields to update');
    const stranger = new HttpClient(server()).client();
    assertRefused(await stranger.updateUser({ name: 'Nobody' }), 401, 'UNAUTHORIZED', 'Unauthorized');
  });
});
