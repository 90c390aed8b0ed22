// The life of a conversation: a chatbot writes with the reader's token, a page with the reader's cookie.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const user = (content, more = {}) => ({ role: 'user', content, ...more });
const assistant = (content, more = {}) => ({ role: 'assistant', content, ...more });
const textOf = ({ parts }) => parts.map(({ text }) => text).join('');
const idsOf = ({ json }) => json.items.map(({ id }) => id);

/** From the first word to the end, the same for both ways to come. */
async function live(caller, id) {
  const made = await caller.create({ id, title: '  Ownership ', metadata: { course: 'rust' } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('location'), `/api/conversations/${id}`);
  assert.equal(made.headers.get('cache-control'), 'no-store');
  const { title, status, opening, headId, metadata, messageCount, revision, lastMessageAt } = made.json;
  assert.deepEqual(
    { title, status, opening, headId, metadata, messageCount, revision, lastMessageAt },
    {
      title: 'Ownership',
      status: 'active',
      opening: null,
      headId: null,
      metadata: { course: 'rust' },
      messageCount: 0,
      revision: 0,
      lastMessageAt: null,
    },
  );
  const asked = await caller.append(id, user('What is\nborrowing?', { id: 'q1' }));
  assert.equal(asked.status, 201, asked.text);
  const answered = await caller.append(id, assistant('', { id: 'a1', status: 'in_progress', model: 'm-1' }));
  assert.equal(answered.json.messages[0].parentId, 'q1');
  const change = { content: 'A loan.', status: 'complete', usage: { inputTokens: 3, outputTokens: 2, cached: 1 } };
  const finished = await caller.patch(id, 'a1', change);
  assert.equal(finished.status, 200, finished.text);
  assert.deepEqual([textOf(finished.json), finished.json.status, finished.json.model], ['A loan.', 'complete', 'm-1']);
  assert.deepEqual(finished.json.usage, change.usage);
  const rated = await caller.rate(id, 'a1', { value: 1, comment: ' Clear. ', tags: ['short'] });
  assert.deepEqual([rated.json.value, rated.json.comment, rated.json.tags], [1, 'Clear.', ['short']]);
  assert.deepEqual((await caller.message(id, 'a1')).json.feedback, rated.json);
  assert.equal((await caller.unrate(id, 'a1')).status, 204);
  assert.equal((await caller.message(id, 'a1')).json.feedback, null);
  const found = await caller.find(id);
  const expected = { opening: 'What is borrowing?', headId: 'a1', messageCount: 2, revision: 5 };
  for (const [name, value] of Object.entries(expected)) assert.equal(found.json[name], value, name);
  assert.equal((await caller.change(id, { title: null, status: 'archived' })).json.title, null);
  assert.ok(!idsOf(await caller.list()).includes(id));
  assert.ok(idsOf(await caller.list({ status: 'archived' })).includes(id));
  assert.equal((await caller.delete(id)).status, 204);
  assertProblem(await caller.find(id), 404, 'CONVERSATION_NOT_FOUND');
}

onServers(bothDatabases, 'a conversation', (server) => {
  test('lives and ends with a bearer token', async () => {
    await live((await readerWithBot(server())).bot, 'by-token');
  });

  test('lives and ends with a cookie', async () => {
    await live((await readerWithBot(server())).page, 'by-cookie');
  });

  test('written by the chatbot stands on the page at once, and the reader is known to both', async () => {
    const { bot, page, user: reader } = await readerWithBot(server());
    const { json } = await bot.create();
    await bot.append(json.id, user('Hello'));
    assert.deepEqual((await page.list()).json, (await bot.list()).json);
    assert.equal((await page.messages(json.id)).text, (await bot.messages(json.id)).text);
    assert.equal((await page.me()).json.id, reader.id);
    assert.equal((await bot.me()).json.id, reader.id);
  });

  test('is made once under a name of its own, however often and with whatever it is asked for', async () => {
    const { bot } = await readerWithBot(server());
    const first = await bot.create({ id: 'mine', title: 'First' });
    const second = await bot.create({ id: 'mine', title: 'Second' });
    assert.deepEqual([first.status, second.status], [201, 200]);
    assert.deepEqual(second.json, first.json);
    assert.equal(second.headers.get('location'), null);
    const together = await Promise.all(Array.from({ length: 12 }, () => bot.create({ id: 'together' })));
    assert.deepEqual(together.map(({ status }) => status).sort(), [...Array(11).fill(200), 201]);
    assert.equal((await bot.list()).json.items.length, 2);
  });

  test('takes one message or several, each at the next place, all or none', async () => {
    const { bot } = await readerWithBot(server());
    const { id } = (await bot.create()).json;
    await bot.append(id, user('one', { id: 'm1' }));
    const several = await bot.append(id, [assistant('two', { id: 'm2' }), user('three', { id: 'm3' })]);
    assert.equal(several.status, 201);
    assert.deepEqual(
      several.json.messages.map(({ id: name, seq, parentId }) => [name, seq, parentId]),
      [
        ['m2', 2, 'm1'],
        ['m3', 3, 'm2'],
      ],
    );
    const wrong = await bot.append(id, [user('four'), user('five', { parentId: 'nowhere' })]);
    assertProblem(wrong, 422, 'VALIDATION_ERROR', 'messages[1].parentId');
    const twice = await bot.append(id, [user('four', { id: 'm4' }), user('five', { id: 'm4' })]);
    assertProblem(twice, 422, 'VALIDATION_ERROR', 'messages[1].id');
    assert.equal((await bot.find(id)).json.messageCount, 3);
  });

  test('branches where a message follows an earlier one, and shows the branch it is told to', async () => {
    const { bot } = await readerWithBot(server());
    const { id } = (await bot.create()).json;
    await bot.append(id, [user('q', { id: 'q' }), assistant('a', { id: 'a' })]);
    const other = await bot.append(id, assistant('b', { id: 'b', parentId: 'q' }));
    assert.equal(other.json.messages[0].parentId, 'q');
    const root = await bot.append(id, user('anew', { id: 'r', parentId: null }));
    assert.equal(root.json.messages[0].parentId, null);
    assert.equal((await bot.find(id)).json.headId, 'r');
    assert.equal((await bot.change(id, { headId: 'a' })).json.headId, 'a');
    assert.equal((await bot.append(id, user('on'))).json.messages[0].parentId, 'a');
    assertProblem(await bot.change(id, { headId: 'nowhere' }), 422, 'VALIDATION_ERROR', 'headId');
  });

  test('takes a message of the same name as a change of it, and only of it', async () => {
    const { bot } = await readerWithBot(server());
    const { id } = (await bot.create()).json;
    const first = await bot.append(id, assistant('draft', { id: 'm', status: 'in_progress' }));
    const same = await bot.append(id, assistant('draft', { id: 'm', status: 'in_progress' }));
    assert.deepEqual([same.status, same.text], [200, first.text]);
    const again = await bot.append(id, assistant('final', { id: 'm' }));
    assert.equal(again.status, 200);
    const [{ seq, status, createdAt, ...rest }] = again.json.messages;
    assert.deepEqual(
      [seq, status, textOf(rest), createdAt],
      [1, 'complete', 'final', first.json.messages[0].createdAt],
    );
    assertProblem(await bot.append(id, user('final', { id: 'm' })), 409, 'MESSAGE_CONFLICT', 'id');
    const elsewhere = assistant('final', { id: 'm', parentId: 'm' });
    assertProblem(await bot.append(id, elsewhere), 409, 'MESSAGE_CONFLICT', 'id');
    const { messageCount, revision } = (await bot.find(id)).json;
    assert.deepEqual([messageCount, revision], [1, 2]);
  });

  test('that is deleted is gone from list, search and addresses at once, and comes back within ten minutes', async () => {
    const { bot } = await readerWithBot(server());
    const { id } = (await bot.create({ title: 'Kept' })).json;
    await bot.append(id, [user('lighthouse', { id: 'm' }), assistant('harbour')]);
    const before = [await bot.find(id), await bot.messages(id), await bot.search('lighthouse')];
    assert.equal((await bot.delete(id)).status, 204);
    assertProblem(await bot.delete(id), 404, 'CONVERSATION_NOT_FOUND');
    assertProblem(await bot.messages(id), 404, 'CONVERSATION_NOT_FOUND');
    assertProblem(await bot.message(id, 'm'), 404, 'CONVERSATION_NOT_FOUND');
    assertProblem(await bot.append(id, user('more')), 404, 'CONVERSATION_NOT_FOUND');
    assertProblem(await bot.patch(id, 'm', { status: 'error' }), 404, 'CONVERSATION_NOT_FOUND');
    assertProblem(await bot.change(id, { title: 'x' }), 404, 'CONVERSATION_NOT_FOUND');
    assert.deepEqual((await bot.list()).json.items, []);
    assert.deepEqual((await bot.search('lighthouse')).json.items, []);
    assert.equal((await bot.restore(id)).status, 200);
    assertProblem(await bot.restore(id), 404, 'CONVERSATION_NOT_FOUND');
    const after = [await bot.find(id), await bot.messages(id), await bot.search('lighthouse')];
    const but = ({ revision, ...rest }) => rest;
    assert.deepEqual(but(after[0].json), but(before[0].json));
    assert.deepEqual(
      after.slice(1).map(({ text }) => text),
      before.slice(1).map(({ text }) => text),
    );
  });

  test('cannot be brought back after ten minutes, and leaves its name to another', async () => {
    const { bot } = await readerWithBot(server());
    await bot.create({ id: 'old' });
    await bot.append('old', user('harvest'));
    await bot.delete('old');
    const tenMinutes = [10 * 60_000, 'old'];
    await server().query('update bookplate_conversations set deleted_at = deleted_at - $1 where id = $2', tenMinutes);
    assertProblem(await bot.restore('old'), 404, 'CONVERSATION_NOT_FOUND');
    const anew = await bot.create({ id: 'old' });
    assert.deepEqual([anew.status, anew.json.messageCount], [201, 0]);
    assert.deepEqual((await bot.messages('old')).json.items, []);
    assert.deepEqual((await bot.search('harvest')).json.items, []);
  });
});
