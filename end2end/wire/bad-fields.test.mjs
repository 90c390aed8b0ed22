// Fields of the wrong type, length or content: the status and code of the contract, never a 5xx, and nothing changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newReader, signedUp } from '../harness/readers.mjs';
import { assertBadInput, assertFailure, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, everyServer, onServers } from './variants.mjs';

const WRONG_TYPES = { 'a number': 5, 'a boolean': true, 'an array': ['a'], 'an object': { a: 1 }, null: null };
const CONTROL = { NUL: '\u0000', 'a line break': '\r\nX-Injected: 1', 'an escape': '\u001b[31m', 'a delete': '\u007f' };
const BODY = { 'an array': [], 'a text': 'text', 'a number': 5, null: null };

onServers(everyServer, 'bad input', (server) => {
  const signUp = (changes) => new Visitor(server()).api('POST', '/sign-up/email', { json: newReader(changes) });
  const signIn = (json) => new Visitor(server()).api('POST', '/sign-in/email', { json });

  test('of a wrong type in a sign-up is a validation error that names the field', async () => {
    for (const field of ['name', 'email', 'password']) {
      for (const [kind, value] of Object.entries(WRONG_TYPES)) {
        const answer = await signUp({ [field]: value });
        assertFailure(answer, 400, 'VALIDATION_ERROR');
        assert.match(answer.json.message, new RegExp(`^\\[body\\.${field}\\] Invalid input`), `${field} as ${kind}`);
      }
    }
  });

  test('of a wrong type in an answer or an optional field is a 400', async () => {
    for (const field of ['experienceLevel', 'professionalRole', 'roleOther', 'organization', 'image', 'rememberMe']) {
      for (const [kind, value] of Object.entries(WRONG_TYPES)) {
        if (value === null || (field === 'rememberMe' && kind === 'a boolean')) continue;
        const answer = await signUp({ [field]: value });
        assert.equal(answer.status, 400, `${field} as ${kind}: ${answer.text}`);
        assertBadInput(answer);
      }
    }
  });

  test('of a wrong type in a sign-in is a validation error that names the field', async () => {
    for (const field of ['email', 'password', 'rememberMe']) {
      const json = { email: newReader().email, password: 'Quiet-harbour-1', [field]: { $ne: 1 } };
      const answer = await signIn(json);
      assertFailure(answer, 400, 'VALIDATION_ERROR');
      assert.match(answer.json.message, new RegExp(`\\[body\\.${field}\\]`));
    }
    assertFailure(await signIn({ email: 'a@b.example' }), 400, 'VALIDATION_ERROR');
    assertFailure(await signIn({}), 400, 'VALIDATION_ERROR');
  });

  test('lists every field at fault, in the order of the contract', async () => {
    const { json } = await new Visitor(server()).api('POST', '/sign-up/email', { json: {} });
    assert.equal(json.code, 'VALIDATION_ERROR');
    const places = ['[body.name]', '[body.email]', '[body.password]'].map((field) => json.message.indexOf(field));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(
      places.every((place) => place >= 0),
      json.message,
    );
  });

  test('that is no object at all is a validation error of the body', async () => {
    for (const path of ['/sign-up/email', '/sign-in/email']) {
      for (const [kind, json] of Object.entries(BODY)) {
        const answer = await new Visitor(server()).api('POST', path, { json });
        assertFailure(answer, 400, 'VALIDATION_ERROR');
        assert.match(answer.json.message, /^\[body\]/, kind);
      }
    }
  });

  test('that is too long is refused before anything is stored', async () => {
    const long = {
      name: 'n'.repeat(10_000),
      email: `${'e'.repeat(500)}@readers.example.com`,
      image: `https://pictures.example.com/${'i'.repeat(20_000)}`,
      roleOther: 'r'.repeat(10_000),
      organization: 'o'.repeat(10_000),
      experienceLevel: 'x'.repeat(10_000),
      callbackURL: `/${'c'.repeat(20_000)}`,
    };
    for (const [field, value] of Object.entries(long)) {
      const answer = await signUp({ [field]: value });
      assertBadInput(answer);
      assert.equal(answer.sessionCookie, undefined, field);
    }
  });

  test('with control characters is refused in every field but the password', async () => {
    for (const [kind, character] of Object.entries(CONTROL)) {
      for (const field of ['name', 'email', 'roleOther', 'organization', 'experienceLevel']) {
        const answer = await signUp({ [field]: `before${character}after` });
        assert.ok(answer.status >= 400 && answer.status < 500, `${field} with ${kind}: ${answer.status}`);
        assertBadInput(answer);
      }
      assertBadInput(await signIn({ email: `ada${character}@b.example`, password: 'Quiet-harbour-1' }));
    }
  });

  test('in a password is never cut at a NUL', async () => {
    const reader = newReader({ password: 'Quiet-harbour\u0000-one' });
    const { status } = await new Visitor(server()).api('POST', '/sign-up/email', { json: reader });
    assert.ok(status === 200 || status === 400, `status ${status}`);
    for (const password of ['Quiet-harbour', 'Quiet-harbour\u0000-two', 'Quiet-harbour\u0000']) {
      const answer = await signIn({ email: reader.email, password });
      assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
    }
  });

  test('as an address is refused however it hides', async () => {
    const addresses = [
      '',
      ' ',
      'ada',
      'ada@',
      '@b.example',
      'ada@b',
      'ada@@b.example',
      'a b@c.example',
      'ada@b.example ',
      ' ada@b.example',
      'ada@b.example.',
      '.ada@b.example',
      'ada..b@c.example',
      'ada@-b.example',
      'ada@b..example',
      'аda@b.example',
      'ada\u200b@b.example',
      'ada@b.example\u0000',
      'ada@b.example\r\nBcc: all@b.example',
      '"a b"@c.example',
      'ada@[127.0.0.1]',
      '<ada@b.example>',
      'ada@b.example,eve@b.example',
    ];
    for (const email of addresses) {
      const answer = await signUp({ email });
      assertFailure(answer, 400, 'VALIDATION_ERROR');
      assert.match(answer.json.message, /^\[body\.email\]/, JSON.stringify(email));
    }
  });

  test('in a callback is refused: foreign, hidden, or not a text', async () => {
    const { reader } = await signedUp(server());
    const { email, password } = reader;
    const foreign = [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'dash',
      'data:,x',
    ];
    for (const callbackURL of foreign) {
      assertFailure(await signIn({ email, password, callbackURL }), 403, 'INVALID_CALLBACK_URL', 'Invalid callbackURL');
    }
    const answer = await signIn({ email, password, callbackURL: 5 });
    assert.deepEqual([answer.status, answer.json.message], [400, 'Invalid callbackURL: expected a string']);
  });

  test('in an update changes nothing', async () => {
    const { visitor, client } = await signedUp(server());
    const before = (await client.getSession()).data.user;
    const updates = [
      { name: 5 },
      { name: null },
      { name: 'n'.repeat(10_000) },
      { name: 'a\u0000b' },
      { experienceLevel: ['advanced'] },
      { experienceLevel: null },
      { organization: { name: 'x' } },
      { organization: 'o'.repeat(10_000) },
      { image: 'javascript:alert(1)' },
    ];
    for (const json of updates) {
      const answer = await visitor.api('POST', '/update-user', { json });
      assert.equal(answer.status, 400, `${JSON.stringify(json).slice(0, 60)}: ${answer.text}`);
    }
    const array = await visitor.api('POST', '/update-user', { json: [] });
    assertFailure(array, 400, 'VALIDATION_ERROR', '[body] Invalid input: expected record, received array');
    assert.deepEqual((await client.getSession()).data.user, before);
  });

  test('beside good input is ignored when the field is unknown', async () => {
    const answer = await signUp({
      shoeSize: 44,
      __proto__: { admin: true },
      constructor: 'x',
      role: undefined,
      id: '1',
    });
    assert.equal(answer.status, 200);
  });
});

onServers(bothDatabases, 'one address', (server) => {
  test('is one account, whatever its letter case', async () => {
    const { email } = newReader();
    const { user } = await signedUp(server(), { email: email.toUpperCase() });
    assert.equal(user.email, email);
    for (const spelling of [email, email.toUpperCase(), email.replace('ada', 'aDa')]) {
      const again = await new Visitor(server()).client().signUp.email(newReader({ email: spelling }));
      assertRefused(again, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL');
    }
  });

  test('signed up by many at the same instant becomes exactly one account', async () => {
    const { email } = newReader();
    const spellings = [email, email.toUpperCase(), email.replace('ada', 'Ada'), email];
    const readers = [...spellings, ...spellings].map((spelling) => newReader({ email: spelling }));
    const answers = await Promise.all(
      readers.map((reader) => new Visitor(server()).api('POST', '/sign-up/email', { json: reader })),
    );
    const winners = answers.filter(({ status }) => status === 200);
    assert.equal(winners.length, 1, `statuses ${answers.map(({ status }) => status)}`);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      assertFailure(answer, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL');
    }
    const { password } = readers[answers.indexOf(winners[0])];
    const back = await new Visitor(server()).client().signIn.email({ email, password });
    assert.equal(back.data.user.id, winners[0].json.user.id);
  });
});
