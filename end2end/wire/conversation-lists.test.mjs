// Long lists, a page at a time: nothing twice, nothing left out, and a cursor is of use to its reader and list alone.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const COUNT = 250;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const message = (number) => ({
  id: `m${number}`,
  role: number % 2 ? 'user' : 'assistant',
  content: `number ${number}`,
});
const path = '/conversations/long/messages';

onServers(bothDatabases, 'a list', (server) => {
  let reader;

  before(async () => {
    reader = await readerWithBot(server());
    await reader.bot.create({ id: 'long' });
    for (const first of [1, 101, 201]) {
      const { status } = await reader.bot.append('long', range(first, Math.min(first + 99, COUNT)).map(message));
      assert.equal(status, 201);
    }
  });

  test('of 250 messages comes in order from either end, in pages of any size', async () => {
    const { bot } = reader;
    for (const limit of [undefined, 7, 100]) {
      const upwards = await bot.all(path, { limit });
      assert.deepEqual(
        upwards.map(({ seq }) => seq),
        range(1, COUNT),
      );
      assert.deepEqual(
        upwards.map(({ id }) => id),
        range(1, COUNT).map((number) => `m${number}`),
      );
      const downwards = await bot.all(path, { limit, order: 'desc' });
      assert.deepEqual(downwards, upwards.reverse());
    }
    const first = await bot.messages('long');
    assert.equal(first.json.items.length, 20);
    const one = await bot.messages('long', { limit: 1, order: 'desc' });
    assert.deepEqual([one.json.items[0].seq, typeof one.json.nextCursor], [COUNT, 'string']);
  });

  test('ends with a cursor of null exactly where it ends', async () => {
    const { bot } = reader;
    await bot.create({ id: 'short' });
    await bot.append('short', range(1, 40).map(message));
    const first = await bot.messages('short', { limit: 20 });
    const second = await bot.messages('short', { limit: 20, cursor: first.json.nextCursor });
    assert.deepEqual([second.json.items.length, second.json.nextCursor], [20, null]);
    await bot.create({ id: 'empty' });
    assert.deepEqual((await bot.messages('empty')).json, { items: [], nextCursor: null });
  });

  test('that grows while it is read neither repeats nor leaves out', async () => {
    const { bot } = reader;
    await bot.create({ id: 'growing' });
    await bot.append('growing', range(1, 10).map(message));
    const down = await bot.messages('growing', { limit: 5, order: 'desc' });
    const up = await bot.messages('growing', { limit: 5 });
    await bot.append('growing', range(11, 15).map(message));
    const seqs = async (page, query) => {
      const { json } = await bot.messages('growing', { ...query, cursor: page.json.nextCursor });
      return json.items.map(({ seq }) => seq);
    };
    assert.deepEqual(await seqs(down, { limit: 100, order: 'desc' }), [5, 4, 3, 2, 1]);
    assert.deepEqual(await seqs(up, { limit: 100 }), range(6, 15));
  });

  test('of conversations shows the last active first, in pages, the archived ones apart', async () => {
    const { bot } = await readerWithBot(server());
    const names = range(1, 45).map((number) => `c${number}`);
    for (const id of names) await bot.create({ id });
    for (const id of ['c3', 'c20', 'c9']) await bot.append(id, message(1));
    for (const id of ['c4', 'c5']) await bot.change(id, { status: 'archived' });
    await bot.delete('c6');
    const rest = names.filter((id) => !['c3', 'c20', 'c9', 'c4', 'c5', 'c6'].includes(id)).reverse();
    for (const limit of [4, 20, 100]) {
      const items = await bot.all('/conversations', { limit });
      assert.deepEqual(
        items.map(({ id }) => id),
        ['c9', 'c20', 'c3', ...rest],
      );
    }
    const archived = await bot.all('/conversations', { status: 'archived', limit: 1 });
    assert.deepEqual(archived.map(({ id }) => id).sort(), ['c4', 'c5']);
  });

  test('refuses a cursor of another reader, list, order or search, and one that is made up', async () => {
    const { bot } = reader;
    const stranger = (await readerWithBot(server())).bot;
    for (const id of ['long', 'other']) {
      await stranger.create({ id });
      await stranger.append(id, range(1, 3).map(message));
    }
    await bot.create({ id: 'other' });
    await bot.append('other', range(1, 3).map(message));
    const cursor = (await bot.messages('long', { limit: 1 })).json.nextCursor;
    const ofList = (await bot.list({ limit: 1 })).json.nextCursor;
    const ofSearch = (await bot.search('number', { limit: 1 })).json.nextCursor;
    for (const one of [cursor, ofList, ofSearch]) assert.match(one, /^[A-Za-z0-9_-]+$/);
    const refused = [
      await stranger.messages('long', { cursor }),
      await stranger.list({ cursor: ofList }),
      await stranger.search('number', { cursor: ofSearch }),
      await bot.messages('other', { cursor }),
      await bot.messages('long', { cursor, order: 'desc' }),
      await bot.messages('long', { cursor: ofList }),
      await bot.list({ cursor }),
      await bot.list({ cursor: ofList, status: 'archived' }),
      await bot.search('other', { cursor: ofSearch }),
      await bot.search('number', { cursor }),
    ];
    const changed = [...cursor];
    changed[4] = changed[4] === 'A' ? 'B' : 'A';
    for (const made of [changed.join(''), cursor.slice(0, -2), `${cursor}AA`, '', 'x', '%00', 'A'.repeat(4000)]) {
      refused.push(await bot.messages('long', { cursor: made }));
    }
    for (const answer of refused) assertProblem(answer, 422, 'INVALID_CURSOR', 'cursor');
    assert.equal((await bot.messages('long', { limit: 50, cursor })).status, 200, 'with another limit it is its own');
    assert.equal((await bot.search('  NUMBER', { cursor: ofSearch })).status, 200, 'and however the words are typed');
  });

  test('refuses parameters that are not what they should be, and overlooks those it does not know', async () => {
    const { bot } = reader;
    for (const limit of ['0', '101', '-1', '1.5', 'ten', '', '99999999999999999999']) {
      assertProblem(await bot.messages('long', { limit }), 422, 'VALIDATION_ERROR', 'limit');
      assertProblem(await bot.list({ limit }), 422, 'VALIDATION_ERROR', 'limit');
      assertProblem(await bot.search('number', { limit }), 422, 'VALIDATION_ERROR', 'limit');
    }
    for (const order of ['up', '', 'ASC']) {
      assertProblem(await bot.messages('long', { order }), 422, 'VALIDATION_ERROR', 'order');
    }
    assertProblem(await bot.list({ status: 'deleted' }), 422, 'VALIDATION_ERROR', 'status');
    assertProblem(await bot.request('GET', `${path}?limit=1&limit=2`), 422, 'VALIDATION_ERROR', 'limit');
    assert.equal((await bot.messages('long', { own: 'parameter' })).status, 200);
  });
});
