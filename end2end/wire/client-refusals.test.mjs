// What the unmodified better-auth client is told when something is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newReader, signUpReader } from '../harness/readers.mjs';
import { assertRefused } from '../harness/assertions.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { dropIn, forTheClient, onServers } from './variants.mjs';

onServers(forTheClient, 'the better-auth client', (server, name) => {
  const signUp = (changes, drop = []) => {
    const reader = newReader(changes);
    drop.forEach((field) => delete reader[field]);
    return new HttpClient(server()).client().signUp.email(reader);
  };

  test('a taken address is refused in whatever case it is written', async () => {
    const { reader } = await signUpReader(server());
    const refusal = await signUp({ email: reader.email.toUpperCase() });
    const sentence = 'User already exists. Use another email.';
    assertRefused(refusal, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL', sentence);
    assert.equal(refusal.error.statusText, 'Unprocessable Entity');
  });

  test('passwords of 7 and of 129 are refused, one of 128 is taken', async () => {
    assertRefused(await signUp({ password: 'Qx7-vbn' }), 400, 'PASSWORD_TOO_SHORT', 'Password too short');
    const long = 'Lamp-lit harbour ';
    assertRefused(
      await signUp({ password: long.repeat(8).slice(0, 129) }),
      400,
      'PASSWORD_TOO_LONG',
      'Password too long',
    );
    assert.equal((await signUp({ password: long.repeat(8).slice(0, 128) })).error, null);
  });

  test('"weak" is refused and "SecurePassword123!" is accepted', async () => {
    assertRefused(await signUp({ password: 'weak' }), 400, 'PASSWORD_TOO_SHORT');
    assert.equal((await signUp({ password: 'SecurePassword123!' })).error, null);
  });

  test('a password is compared after one normalisation, in full and exactly', async () => {
    const { reader } = await signUpReader(server(), { password: '\uFB01ne-harbour-lights' });
    const { email } = reader;
    const client = new HttpClient(server()).client();
    assert.equal((await client.signIn.email({ email, password: 'fine-harbour-lights' })).error, null);
    for (const password of ['fine-harbour-light', 'Fine-harbour-lights', 'fine-harbour-lights ']) {
      assertRefused(await client.signIn.email({ email, password }), 401, 'INVALID_EMAIL_OR_PASSWORD');
    }
  });

  test('length is counted in UTF-16 code units before normalisation', async () => {
    const four = await signUp({ password: '📚📖🔖🗝' });
    if (name in dropIn) assert.equal(four.error, null);
    else assertRefused(four, 400, 'PASSWORD_TOO_WEAK'); // long enough, and still soon guessed
    assertRefused(await signUp({ password: '📚📖🔖a' }), 400, 'PASSWORD_TOO_SHORT');
  });

  test('a missing required answer is named, the first in the order of the questions', async () => {
    const both = await signUp({}, ['professionalRole', 'experienceLevel']);
    assertRefused(both, 400, 'MISSING_FIELD', 'experienceLevel is required');
    assertRefused(await signUp({}, ['professionalRole']), 400, 'MISSING_FIELD', 'professionalRole is required');
  });

  test('a missing name and a bad address are validation errors that name the field', async () => {
    const nameless = await signUp({}, ['name']);
    assertRefused(nameless, 400, 'VALIDATION_ERROR');
    assert.match(nameless.error.message, /^\[body\.name\] Invalid input: expected string, received undefined/);
    assertRefused(await signUp({ email: 'ada' }), 400, 'VALIDATION_ERROR', '[body.email] Invalid email address');
  });

  test('what a client may not set is ignored', async () => {
    const { user } = await signUpReader(server(), {
      id: 'mine',
      emailVerified: true,
      shoeSize: 44,
      createdAt: '2001-01-01',
    });
    assert.notEqual(user.id, 'mine');
    assert.equal(user.emailVerified, false);
    assert.ok(!('shoeSize' in user));
    assert.ok(user.createdAt.getFullYear() > 2020);
  });

  test('signing in with something that is no address is INVALID_EMAIL', async () => {
    const refusal = await new HttpClient(server()).client().signIn.email({ email: 'ada', password: 'Quiet-harbour-1' });
    assertRefused(refusal, 400, 'INVALID_EMAIL', 'Invalid email');
  });

  test('a callback on our own origin comes back with the sign-in, a foreign one is refused', async () => {
    const { reader } = await signUpReader(server());
    const { email, password } = reader;
    const httpClient = new HttpClient(server());
    const { data } = await httpClient.client().signIn.email({ email, password, callbackURL: '/shelf?row=2' });
    assert.deepEqual([data.redirect, data.url], [true, '/shelf?row=2']);
    assert.equal(httpClient.last.headers.get('location'), '/shelf?row=2');
    for (const callbackURL of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const stranger = new HttpClient(server());
      const refusal = await stranger.client().signIn.email({ email, password, callbackURL });
      assertRefused(refusal, 403, 'INVALID_CALLBACK_URL', 'Invalid callbackURL');
      assert.equal(stranger.last.sessionCookie, undefined);
    }
  });
});

onServers(dropIn, 'with bearer sessions', (server) => {
  test('a client that signs its calls with the bearer can change the account', async () => {
    const { answer, client } = await signUpReader(server());
    const auth = { type: 'Bearer', token: answer.headers.get('set-auth-token') };
    const app = new HttpClient(server()).client({ fetchOptions: { auth } });
    assert.deepEqual((await app.updateUser({ name: 'By bearer' })).data, { status: true });
    assert.equal((await client.getSession()).data.user.name, 'By bearer');
  });

  test('any password of 8 characters is taken, and any answer in words', async () => {
    const { user } = await signUpReader(server(), { password: '12345678', experienceLevel: 'ten years of it' });
    assert.equal(user.experienceLevel, 'ten years of it');
  });
});
