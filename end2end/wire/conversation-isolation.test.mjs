// What belongs to somebody else is as if it were not there: not a byte of an answer tells the difference.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { bothDatabases, onServers } from './variants.mjs';

/** Everything that can be asked of one conversation and one message of it. */
const ASKED = [
  ['GET', '/conversations/C'],
  ['PATCH', '/conversations/C', { title: 'Mine now' }],
  ['PATCH', '/conversations/C', { headId: 'M' }],
  ['DELETE', '/conversations/C'],
  ['POST', '/conversations/C/restore'],
  ['GET', '/conversations/C/messages'],
  ['GET', '/conversations/C/messages?order=desc&limit=1'],
  ['POST', '/conversations/C/messages', { role: 'user', content: 'intruder' }],
  ['POST', '/conversations/C/messages', { id: 'M', role: 'user', content: 'intruder' }],
  ['POST', '/conversations/C/messages', { messages: [{ role: 'user', content: 'x', parentId: 'M' }] }],
  ['GET', '/conversations/C/messages/M'],
  ['PATCH', '/conversations/C/messages/M', { content: 'intruder' }],
  ['PUT', '/conversations/C/messages/M/feedback', { value: 1 }],
  ['DELETE', '/conversations/C/messages/M/feedback'],
  ['GET', '/conversations/C/events'],
  ['GET', '/conversations/C/events?after=0'],
];
/** And what is none of it. */
const WRONG = [
  ['PUT', '/conversations/C', {}],
  ['POST', '/conversations/C', {}],
  ['DELETE', '/conversations/C/messages'],
  ['DELETE', '/conversations/C/messages/M'],
  ['POST', '/conversations/C/messages/M', {}],
  ['GET', '/conversations/C/messages/M/feedback'],
  ['POST', '/conversations/C/events', {}],
  ['GET', '/conversations/C/restore'],
  ['PATCH', '/conversations/C', { title: 7 }],
  ['PATCH', '/conversations/C/messages/M', { status: 'done' }],
  ['POST', '/conversations/C/messages', { role: 'user' }],
];
const VOLATILE = ['date', 'content-length', 'x-request-id'];

onServers(bothDatabases, "another reader's conversation", (server) => {
  let owner;
  let stranger;

  before(async () => {
    owner = await readerWithBot(server());
    stranger = await readerWithBot(server());
    await owner.bot.create({ id: 'diary', title: 'Secret' });
    await owner.bot.append('diary', { id: 'page', role: 'user', content: 'buried treasure' });
    await owner.bot.create({ id: 'hidden' });
    await owner.bot.append('hidden', { id: 'page', role: 'user', content: 'buried deeper' });
    await owner.bot.delete('hidden');
  });

  for (const door of ['bot', 'page']) {
    test(`answers every verb on every path as an unknown one does, to the ${door} of a stranger`, async () => {
      const asked = async (method, path, json, [conversation, message]) => {
        const named = path.replace('C', conversation).replace('M', message);
        const sent = json && JSON.parse(JSON.stringify(json).replaceAll('"M"', `"${message}"`));
        const { status, headers, text } = await stranger[door].request(method, named, { json: sent });
        const told = [...headers].filter(([name]) => !VOLATILE.includes(name));
        return { status, text, told };
      };
      const unknown = await owner.bot.list();
      for (const [method, path, json] of [...ASKED, ...WRONG]) {
        const nothing = await asked(method, path, json, ['nothing', 'none']);
        assert.ok(nothing.status >= 400 && nothing.status < 500, `${method} ${path}: ${nothing.status}`);
        for (const real of [
          ['diary', 'page'],
          ['hidden', 'page'],
          ['diary', 'none'],
        ]) {
          assert.deepEqual(await asked(method, path, json, real), nothing, `${method} ${path} as ${real}`);
        }
      }
      for (const [method, path, json] of ASKED) {
        const { status } = await asked(method, path, json, ['diary', 'page']);
        assert.equal(status, 404, `${method} ${path}`);
      }
      assert.equal((await owner.bot.list()).text, unknown.text);
    });
  }

  test('is in no list and no search of a stranger, and its name is free to them', async () => {
    assert.deepEqual((await stranger.bot.list()).json.items, []);
    assert.deepEqual((await stranger.bot.search('treasure')).json.items, []);
    const own = await stranger.bot.create({ id: 'diary', title: 'Own' });
    assert.equal(own.status, 201);
    assert.deepEqual((await stranger.bot.messages('diary')).json.items, []);
    await stranger.bot.append('diary', { id: 'page', role: 'user', content: 'nothing to see' });
    await stranger.bot.delete('diary');
    assert.equal((await owner.bot.find('diary')).json.title, 'Secret');
    assert.equal((await owner.bot.message('diary', 'page')).json.parts[0].text, 'buried treasure');
    assert.equal((await owner.bot.search('treasure')).json.items.length, 1);
  });
});
