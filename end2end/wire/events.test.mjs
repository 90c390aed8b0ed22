// Streams of events over real sockets: timely, to many at once, and ended with the session or the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onOtherServer, readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startServer } from '../harness/server.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const user = (content, more = {}) => ({ role: 'user', content, ...more });
/** Requests under way are given ten seconds when a server stops; streams of events are not to need them. */
const GRACE = 8000;
const draft = (id) => ({ id, role: 'assistant', content: '', status: 'in_progress' });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
/** A stream that nobody wakes looks for changes every fifteen seconds. */
const WOKEN = { within: 10_000 };

/** What a stream tells, as `[id, event, name]`. */
const told = ({ events }) => events.map(({ id, event, data }) => [Number(id), event, data.id ?? null]);

async function withConversation(server) {
  const reader = await readerWithBot(server);
  await reader.bot.create({ id: 'c', title: 'First' });
  return reader;
}

onServers(bothDatabases, 'a stream of events', (server) => {
  test('shows at once what another client does: begins, goes on, finishes, rates, renames', async () => {
    const { bot, page } = await withConversation(server());
    const stream = await page.events('c');
    await stream.waitFor('ready');
    await bot.append('c', user('Why?', { id: 'q' }));
    const { data } = await stream.waitFor('message', ({ id }) => id === 'q', WOKEN);
    assert.deepEqual(data, (await bot.message('c', 'q')).json);
    await bot.append('c', draft('a'));
    await stream.waitFor('message', ({ id, status }) => id === 'a' && status === 'in_progress', WOKEN);
    for (const content of ['B', 'Beca', 'Because.']) {
      await bot.patch('c', 'a', { content });
      await stream.waitFor('message', ({ parts }) => parts[0].text === content, WOKEN);
    }
    await bot.patch('c', 'a', { status: 'complete' });
    await stream.waitFor('message', ({ id, status }) => id === 'a' && status === 'complete', WOKEN);
    await page.rate('c', 'a', { value: -1 });
    await stream.waitFor('message', ({ feedback }) => feedback?.value === -1, WOKEN);
    await bot.change('c', { title: 'Renamed' });
    const { data: renamed } = await stream.waitFor('conversation', ({ title }) => title === 'Renamed', WOKEN);
    assert.deepEqual(renamed, (await bot.find('c')).json);
    assert.deepEqual(
      told(stream).map(([id]) => id),
      range(0, 8),
    );
    await stream.close();
  });

  test('tells everybody who looks at once, and forgets those who have gone', async () => {
    const { bot, page } = await withConversation(server());
    const streams = await Promise.all(Array.from({ length: 10 }, () => page.events('c')));
    await Promise.all(streams.slice(5).map((stream) => stream.close()));
    await bot.append('c', user('to all', { id: 'm' }));
    await Promise.all(streams.slice(0, 5).map((stream) => stream.waitFor('message', ({ id }) => id === 'm')));
    await Promise.all(streams.slice(0, 5).map((stream) => stream.close()));
  });

  test('ends when the server stops, which it does without delay and well', async () => {
    const { bot, page } = await withConversation(server());
    const streams = await Promise.all(Array.from({ length: 10 }, () => page.events('c')));
    const [stopping, began] = [server().stop(), Date.now()];
    await Promise.all(streams.map((stream) => stream.waitForEnd(GRACE)));
    await stopping;
    assert.ok(Date.now() - began < GRACE, `it took ${Date.now() - began} ms`);
    assert.doesNotMatch(server().log, /a mail that was on its way/, 'there was none');
    await server().boot();
    assert.equal((await bot.find('c')).status, 200);
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
      const callers = await Promise.all(servers.map((one) => onOtherServer(one, reader)));
      const streams = await Promise.all(callers.flatMap(({ bot, page }) => [bot.events('c'), page.events('c')]));
      const other = await stays.page.events('c');
      await reader.client.signOut();
      await Promise.all(streams.map((stream) => stream.waitForEnd(heartbeat * 1.8)));
      await until('a sign of life', () => other.heartbeats > 0, { within: heartbeat * 1.8 });
      assert.equal(other.ended, false);
      await other.close();
    } finally {
      for (const server of servers.reverse()) await server.discard();
    }
  };
  await Promise.all(Object.values(bothDatabases).map(ends));
});
