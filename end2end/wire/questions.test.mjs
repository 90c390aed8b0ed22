// Background questions an author declares: one declaration drives form, validation, wire, account page and claims.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { bookplateToml, choice, text, textQuestions } from '../harness/config.mjs';
import { newReader, signedUp, tokenOf } from '../harness/readers.mjs';
import { runToEnd } from '../harness/program.mjs';
import { startServer } from '../harness/server.mjs';
import { assertBadInput, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';

const started = (questions) => startServer({ files: { 'bookplate.toml': bookplateToml({ questions }) } });

describe('questions of the author', () => {
  let server;
  before(async () => {
    server = await started([
      choice('favouriteGenre', 'What do you like to read?', ['poetry', 'drama', 'essay'], true),
      text('libraryCard', 'Number of your library card', false),
    ]);
  });
  after(() => server?.discard());

  const reader = (changes = {}) => {
    const { experienceLevel, professionalRole, ...rest } = newReader();
    return { ...rest, favouriteGenre: 'essay', ...changes };
  };
  const signUp = async (changes) => {
    const visitor = new Visitor(server);
    const client = visitor.client();
    return { visitor, client, ...(await client.signUp.email(reader(changes))) };
  };

  test('stand on the wire under their names instead of the default ones', async () => {
    const { data } = await signUp({ experienceLevel: 'beginner' });
    assert.equal(data.user.favouriteGenre, 'essay');
    assert.equal(data.user.libraryCard, null);
    assert.ok(!('experienceLevel' in data.user));
  });

  test('are validated as declared', async () => {
    assertRefused(await signUp({ favouriteGenre: undefined }), 400, 'MISSING_FIELD', 'favouriteGenre is required');
    const { visitor, error } = await signUp({ favouriteGenre: 'tax law' });
    assert.equal(error.status, 400);
    assertBadInput(visitor.last);
  });

  test('reach the token and follow a change', async () => {
    const { client } = await signUp({ libraryCard: 'B-1729' });
    const claims = decodeJwt(await tokenOf({ client }));
    assert.deepEqual([claims.favouriteGenre, claims.libraryCard], ['essay', 'B-1729']);
    await client.updateUser({ favouriteGenre: 'drama', libraryCard: null });
    const changed = decodeJwt(await tokenOf({ client }));
    assert.equal(changed.favouriteGenre, 'drama');
    assert.equal(changed.libraryCard ?? null, null);
  });

  test('are asked by the form and shown on the account page', async () => {
    const { text: form } = await new Visitor(server).request('GET', '/sign-up');
    assert.match(form, /<select[^>]*\bname="?favouriteGenre\b/);
    assert.match(form, /<input[^>]*\bname="?libraryCard\b/);
    for (const word of ['What do you like to read?', 'poetry', 'Number of your library card']) {
      assert.ok(form.toLowerCase().includes(word.toLowerCase()), word);
    }
    assert.doesNotMatch(form, /experienceLevel/);
    const { visitor } = await signUp({ libraryCard: 'B-2718' });
    const { text: account } = await visitor.request('GET', '/account');
    assert.match(account, /B-2718/);
  });
});

test('answers stay when the author asks other questions later', async () => {
  const server = await started(textQuestions);
  try {
    const { client, user } = await signedUp(server, { experienceLevel: 'ten years', organization: 'Shelf & Sons' });
    assert.equal(user.experienceLevel, 'ten years');
    server.env.BOOKPLATE_CONFIG = 'other.toml';
    const motto = bookplateToml({ questions: [text('motto', 'Your motto', false)] });
    writeFileSync(join(server.folder, 'other.toml'), motto);
    await server.restart();
    const { data } = await client.getSession();
    assert.equal(data.user.motto, null);
    assert.ok(!('organization' in data.user));
    server.env.BOOKPLATE_CONFIG = 'bookplate.toml';
    await server.restart();
    assert.equal((await client.getSession()).data.user.organization, 'Shelf & Sons');
  } finally {
    await server.discard();
  }
});

test('a declaration that makes no sense stops the start and names the question', async () => {
  const broken = [
    { name: 'shoeSize', kind: 'number', label: 'Shoe size' },
    { name: 'colour', kind: 'choice', label: 'Colour', options: [] },
    { name: 'email', kind: 'text', label: 'Another e-mail' },
  ];
  for (const question of broken) {
    const { code, output } = await runToEnd({ files: { 'bookplate.toml': bookplateToml({ questions: [question] }) } });
    assert.notEqual(code, 0, question.name);
    assert.ok(output.includes(question.name), output);
  }
});
