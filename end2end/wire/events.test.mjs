// Streams of events: what a reader sees of a conversation while it goes on, and after the connection was lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversations, elsewhere, readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startServer } from '../harness/server.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const user = (content, more = {}) => ({ role: 'user', content, ...more });
const draft = (id) => ({ id, role: 'assistant', content: '', status: 'in_progress' });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const SOON = { within: 1000 };

/** What a stream tells, as `[id, event, name]`. */
const told = ({ events }) => events.map(({ id, event, data }) => [Number(id), event, data.id ?? null]);
const refusedWith = (status, code) => (error) => error.status === status && JSON.parse(error.text).code === code;

async function withConversation(server) {
  const reader = await readerWithBot(server);
  await reader.bot.create({ id: 'c', title: 'First' });
  return reader;
}

onServers(bothDatabases, 'a stream of events', (server) => {
  test('says where it begins and how to come back, and is kept by nobody on the way', async () => {
    const { bot } = await withConversation(server());
    await bot.append('c', [user('one'), user('two')]);
    const stream = await bot.events('c');
    const { id, data } = await stream.seen('ready');
    assert.deepEqual([id, data], ['2', { revision: 2 }]);
    assert.equal(stream.retry, 1000);
    assert.equal(stream.headers.get('content-type'), 'text/event-stream');
    assert.equal(stream.headers.get('cache-control'), 'no-store');
    await stream.close();
  });

  test('shows within a second what another client does: begins, goes on, finishes, rates, renames', async () => {
    const { bot, page } = await withConversation(server());
    const stream = await page.events('c');
    await stream.seen('ready');
    await bot.append('c', user('Why?', { id: 'q' }));
    const { data } = await stream.seen('message', ({ id }) => id === 'q', SOON);
    assert.deepEqual(data, (await bot.message('c', 'q')).json);
    await bot.append('c', draft('a'));
    await stream.seen('message', ({ id, status }) => id === 'a' && status === 'in_progress', SOON);
    for (const content of ['B', 'Beca', 'Because.']) {
      await bot.patch('c', 'a', { content });
      await stream.seen('message', ({ parts }) => parts[0].text === content, SOON);
    }
    await bot.patch('c', 'a', { status: 'complete' });
    await stream.seen('message', ({ id, status }) => id === 'a' && status === 'complete', SOON);
    await page.rate('c', 'a', { value: -1 });
    await stream.seen('message', ({ feedback }) => feedback?.value === -1, SOON);
    await bot.change('c', { title: 'Renamed' });
    const { data: renamed } = await stream.seen('conversation', ({ title }) => title === 'Renamed', SOON);
    assert.deepEqual(renamed, (await bot.find('c')).json);
    assert.deepEqual(
      told(stream).map(([id]) => id),
      range(0, 8),
    );
    await stream.close();
  });

  test('goes on after the last event that came, with what was missed, in order and once', async () => {
    const { bot, page } = await withConversation(server());
    const first = await page.events('c');
    await bot.append('c', [user('1', { id: 'm1' }), user('2', { id: 'm2' }), draft('a')]);
    await first.seen('message', ({ id }) => id === 'a');
    await first.close();
    await bot.append('c', user('4', { id: 'm4' }));
    await bot.patch('c', 'a', { content: 'x', status: 'complete' });
    await page.rate('c', 'm1', { value: 1 });
    await bot.append('c', [user('5', { id: 'm5' }), user('6', { id: 'm6' })]);
    const second = await page.events('c', { lastEventId: first.lastEventId });
    await second.seen('message', ({ id }) => id === 'm6');
    const missed = told(second).filter(([, event]) => event === 'message');
    assert.deepEqual(
      missed.map(([, , name]) => name),
      ['m4', 'a', 'm1', 'm5', 'm6'],
    );
    assert.deepEqual(
      missed.map(([id]) => id),
      range(4, 8),
    );
    await bot.append('c', user('7', { id: 'm7' }));
    await second.seen('message', ({ id }) => id === 'm7', SOON);
    await second.close();
    const third = await page.events('c', { lastEventId: second.lastEventId });
    await bot.append('c', user('8', { id: 'm8' }));
    await third.seen('message', undefined, SOON);
    assert.deepEqual(
      third.messages.map(({ id }) => id),
      ['m8'],
    );
    await third.close();
  });

  test('cut after any event goes on with the next one', async () => {
    const { bot, page } = await withConversation(server());
    await bot.append(
      'c',
      range(1, 12).map((number) => user(`${number}`)),
    );
    for (const after of range(0, 12)) {
      const stream = await page.events('c', { lastEventId: after });
      if (after < 12) await stream.seen('message', ({ seq }) => seq === 12);
      else await stream.seen('ready');
      assert.deepEqual(
        stream.messages.map(({ seq }) => seq),
        range(after + 1, 12),
      );
      await stream.close();
    }
  });

  test('catches up with hundreds of messages, however they were added', async () => {
    const { bot, page } = await withConversation(server());
    for (const first of [1, 101, 201])
      await bot.append(
        'c',
        range(first, first + 99).map((number) => user(`${number}`)),
      );
    const stream = await page.events('c', { after: 0 });
    await stream.seen('message', ({ seq }) => seq === 300);
    assert.deepEqual(
      stream.messages.map(({ seq }) => seq),
      range(1, 300),
    );
    await stream.close();
  });

  test('begins where `after` says, unless it goes on, and from now on where neither can be', async () => {
    const { bot } = await withConversation(server());
    await bot.append('c', [user('1'), user('2'), user('3')]);
    const seqs = async (from, ...expected) => {
      const stream = await bot.events('c', from);
      await stream.seen('ready');
      await bot.append('c', user('now'));
      const { json } = await bot.messages('c', { order: 'desc', limit: 1 });
      await stream.seen('message', ({ id }) => id === json.items[0].id, SOON);
      await stream.close();
      assert.deepEqual(
        stream.messages.map(({ seq }) => seq),
        [...expected, json.items[0].seq],
        JSON.stringify(from),
      );
    };
    await seqs({ after: 1 }, 2, 3);
    await seqs({ after: 2, lastEventId: 3 }, 4);
    await seqs({});
    await seqs({ after: 1000 });
    await seqs({ lastEventId: 1000 });
  });

  test('brings what was kept with its line breaks, and characters of any kind', async () => {
    const { bot } = await withConversation(server());
    const stream = await bot.events('c');
    const body =
      '{"role":"user","parts":[{\n"type":\r\n"x"\r,"data":"\u2028 \u{1F600} \\n\\r \u0085"}],"metadata":{\n\n"a":1}}';
    const sent = await bot.request('POST', '/conversations/c/messages', { body });
    assert.equal(sent.status, 201, sent.text);
    const { data } = await stream.seen('message', undefined, SOON);
    assert.deepEqual(data, sent.json.messages[0]);
    await stream.close();
  });

  test('ends with a last word when its conversation is deleted', async () => {
    const { bot, page } = await withConversation(server());
    const streams = await Promise.all([bot.events('c'), page.events('c'), page.events('c', { after: 0 })]);
    await bot.append('c', user('1'));
    await bot.delete('c');
    for (const stream of streams) {
      await stream.seen('deleted', undefined, SOON);
      await stream.over(1000);
      assert.equal(stream.events.at(-1).event, 'deleted');
    }
    await assert.rejects(bot.events('c'), refusedWith(404, 'CONVERSATION_NOT_FOUND'));
  });

  test('is refused without leave, and from nowhere', async () => {
    const { bot } = await withConversation(server());
    const stranger = (await readerWithBot(server())).bot;
    await assert.rejects(new Conversations(server()).events('c'), refusedWith(401, 'UNAUTHORIZED'));
    await assert.rejects(stranger.events('c'), refusedWith(404, 'CONVERSATION_NOT_FOUND'));
    for (const after of ['-1', 'x', '', '1.5', '99999999999999999999']) {
      await assert.rejects(bot.events('c', { after }), refusedWith(422, 'VALIDATION_ERROR'), `after=${after}`);
      await assert.rejects(bot.events('c', { lastEventId: after }), refusedWith(422, 'VALIDATION_ERROR'), after);
    }
  });

  test('tells a hundred readers who look at once, and forgets those who have gone', async () => {
    const { bot, page } = await withConversation(server());
    const streams = await Promise.all(Array.from({ length: 100 }, () => page.events('c')));
    await Promise.all(streams.slice(50).map((stream) => stream.close()));
    await bot.append('c', user('to all', { id: 'm' }));
    await Promise.all(streams.slice(0, 50).map((stream) => stream.seen('message', ({ id }) => id === 'm')));
    await Promise.all(streams.slice(0, 50).map((stream) => stream.close()));
  });

  test('ends when the server stops, which it does without delay and well', async () => {
    const { bot, page } = await withConversation(server());
    const streams = await Promise.all(Array.from({ length: 20 }, () => page.events('c')));
    const [stopping, began] = [server().stop(), Date.now()];
    await Promise.all(streams.map((stream) => stream.over(3000)));
    await stopping;
    assert.ok(Date.now() - began < 3000, `it took ${Date.now() - began} ms`);
    assert.doesNotMatch(server().log, /a mail that was on its way/, 'there was none');
    await server().boot();
    assert.equal((await bot.find('c')).status, 200);
  });
});

onServers(bothDatabases, 'a stream that is cut', (server) => {
  test('after any event, between a message and the conversation too, misses nothing of what follows', async () => {
    const { bot, page } = await withConversation(server());
    await bot.append('c', user('1', { id: 'm1' }));
    await bot.change('c', { title: 'Renamed' });
    await bot.append('c', user('2', { id: 'm2' }));
    const whole = await page.events('c', { after: 0 });
    await Promise.all([whole.seen('message', ({ id }) => id === 'm2'), whole.seen('conversation')]);
    await whole.close();
    for (const [at, { id }] of whole.events.entries()) {
      const rest = await page.events('c', { lastEventId: id });
      for (const { event, data } of whole.events.slice(at + 1)) {
        await rest.seen(event, (one) => one.id === data.id, SOON);
      }
      await rest.close();
    }
  });
});

test('a stream of events ends within a heartbeat of the sign-out, by cookie and by token, at every server', async () => {
  const heartbeat = 15_000;
  const ends = async ({ database }) => {
    const servers = [await startServer({ database })];
    try {
      const [server] = servers;
      const env = { BOOKPLATE_SECRET: server.env.BOOKPLATE_SECRET };
      if (database === 'postgres') servers.push(await startServer({ database: server.database, env }));
      const [reader, stays] = [await withConversation(server), await withConversation(server)];
      const callers = await Promise.all(servers.map((one) => elsewhere(one, reader)));
      const streams = await Promise.all(callers.flatMap(({ bot, page }) => [bot.events('c'), page.events('c')]));
      const other = await stays.page.events('c');
      await reader.client.signOut();
      await Promise.all(streams.map((stream) => stream.over(heartbeat + 2000)));
      await until('a sign of life', () => other.heartbeats > 0, { within: heartbeat });
      assert.equal(other.ended, false);
      await other.close();
    } finally {
      for (const server of servers.reverse()) await server.discard();
    }
  };
  await Promise.all(Object.values(bothDatabases).map(ends));
});
