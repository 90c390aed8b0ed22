// A token that runs out while its chatbot is answering may finish the answer it has begun, and do nothing else.
// The tokens are signed here with an audience's shared secret, so that they live for seconds and not for minutes.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { bookplateToml } from '../harness/config.mjs';
import { Conversations, readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const secret = randomBytes(24).toString('hex');
const extra = {
  env: { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: secret },
  files: { 'bookplate.toml': bookplateToml({ audiences: [{ name: 'chatbot', algorithm: 'HS256', send_aud: false }] }) },
};
const draft = (id, more = {}) => ({ id, role: 'assistant', content: '', status: 'in_progress', ...more });
const finished = { content: 'The whole answer.', status: 'complete' };

/** A reader with a conversation, and a maker of tokens: `lives` seconds from now, which may be less than none. */
async function readerOf(server) {
  const reader = await readerWithBot(server);
  const { json } = await reader.visitor.api('GET', '/token?audience=chatbot');
  const [claims, header] = [decodeJwt(json.token), decodeProtectedHeader(json.token)];
  const botFor = async (lives, changes = {}) => {
    const exp = Math.floor(Date.now() / 1000) + lives;
    const made = { ...claims, jti: randomUUID(), iat: exp - 600, exp, ...changes };
    if (made.jti === undefined) delete made.jti;
    const token = await new SignJWT(made).setProtectedHeader(header).sign(new TextEncoder().encode(secret));
    server.keepSecret(token);
    return new Conversations(server, { token });
  };
  await reader.page.create({ id: 'c' });
  return { ...reader, botFor };
}

/** Adds messages with a token that is still good. */
async function begin(bot, ...messages) {
  const { status, text } = await bot.append('c', messages);
  assert.equal(status, 201, text);
}

const hasRunOut = (bot) => until('the token to run out', async () => (await bot.me()).status === 401);

async function refusesAll(bot, asked) {
  for (const [method, path, json] of asked) {
    const answer = await bot.request(method, path, { json });
    assertProblem(answer, 401, 'INVALID_TOKEN');
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"', `${method} ${path}`);
  }
}

onServers(
  bothDatabases,
  'a token that has run out',
  (server) => {
    test('finishes what it has begun, once, and nothing else', async () => {
      const { page, bot: other, botFor } = await readerOf(server());
      const bot = await botFor(3);
      await begin(bot, { id: 'q', role: 'user', content: 'Why?' });
      await begin(bot, draft('mine'), draft('mine-too'), draft('over', { status: 'complete' }));
      await begin(other, draft('theirs'));
      await begin(page, draft('pages'));
      await hasRunOut(bot);
      const before = (await page.messages('c')).text;
      await refusesAll(bot, [
        ['GET', '/me'],
        ['GET', '/conversations'],
        ['GET', '/conversations/c'],
        ['GET', '/conversations/c/messages'],
        ['GET', '/conversations/c/messages/mine'],
        ['GET', '/conversations/c/events'],
        ['GET', '/search?q=why'],
        ['POST', '/conversations', {}],
        ['PATCH', '/conversations/c', { title: 'late' }],
        ['DELETE', '/conversations/c'],
        ['POST', '/conversations/c/restore'],
        ['POST', '/conversations/c/messages', { role: 'assistant', content: 'late' }],
        ['POST', '/conversations/c/messages', draft('mine', finished)],
        ['PUT', '/conversations/c/messages/mine/feedback', { value: 1 }],
        ['DELETE', '/conversations/c/messages/mine/feedback'],
        ['PATCH', '/conversations/c/messages/over', finished],
        ['PATCH', '/conversations/c/messages/q', finished],
        ['PATCH', '/conversations/c/messages/theirs', finished],
        ['PATCH', '/conversations/c/messages/pages', finished],
      ]);
      assert.equal((await page.messages('c')).text, before);
      assert.equal((await bot.patch('c', 'mine', { content: 'The whole' })).status, 200);
      const done = await bot.patch('c', 'mine', finished);
      assert.deepEqual([done.status, done.json.status], [200, 'complete']);
      await refusesAll(bot, [['PATCH', '/conversations/c/messages/mine', finished]]);
      assert.equal((await bot.patch('c', 'mine-too', { status: 'incomplete' })).status, 200);
      await refusesAll(bot, [['PATCH', '/conversations/c/messages/mine-too', { status: 'in_progress' }]]);
      assert.equal((await page.message('c', 'mine')).json.parts[0].text, finished.content);
    });

    test('finishes nothing once the reader has signed out', async () => {
      const { client, botFor } = await readerOf(server());
      const jti = randomUUID();
      await begin(await botFor(60, { jti }), draft('mine'));
      await client.signOut();
      const late = await botFor(-1, { jti });
      await refusesAll(late, [['PATCH', '/conversations/c/messages/mine', finished]]);
      const [{ status }] = await server().query(
        "select status from bookplate_messages where id = 'mine' order by no desc",
      );
      assert.equal(status, 'in_progress');
    });

    test('finishes nothing an hour later', async () => {
      const { page, botFor } = await readerOf(server());
      const jti = randomUUID();
      await begin(await botFor(60, { jti }), draft('mine'));
      const path = '/conversations/c/messages/mine';
      await refusesAll(await botFor(-3601, { jti }), [['PATCH', path, finished]]);
      assert.equal((await (await botFor(-3500, { jti })).patch('c', 'mine', finished)).status, 200);
      assert.equal((await page.message('c', 'mine')).json.status, 'complete');
    });

    test('is as if it were nobody in the conversation of another reader', async () => {
      const [mine, theirs] = [await readerOf(server()), await readerOf(server())];
      const jti = randomUUID();
      await begin(await theirs.botFor(60, { jti }), draft('m'));
      const late = await mine.botFor(-1, { jti });
      const [there, nowhere] = [await late.patch('c', 'm', finished), await late.patch('c', 'none', finished)];
      assert.deepEqual([there.status, there.text], [nowhere.status, nowhere.text]);
      assert.equal((await theirs.page.message('c', 'm')).json.status, 'in_progress');
    });

    test('and that has no id of its own is not known to have begun anything', async () => {
      const { botFor } = await readerOf(server());
      await begin(await botFor(60, { jti: undefined }), draft('mine'));
      await refusesAll(await botFor(-1, { jti: undefined }), [['PATCH', '/conversations/c/messages/mine', finished]]);
    });
  },
  extra,
);
