// Two servers on one PostgreSQL: what is written through one is seen on the other, also when they lose each other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { onOtherServer, readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startServer } from '../harness/server.mjs';

/** A stream that nobody wakes looks for changes every fifteen seconds. */
const WOKEN = { within: 10_000 };
const user = (id) => ({ id, role: 'user', content: id });
const named = (name) => (message) => message.id === name;
const LISTENERS = "from pg_stat_activity where datname = current_database() and query ilike 'listen%'";

describe('two servers on one PostgreSQL', () => {
  let here;
  let there;
  let reader;
  let away;
  /** A server listens while somebody waits for changes. */
  let waiting;

  before(async () => {
    here = await startServer({ database: 'postgres' });
    const env = { BOOKPLATE_SECRET: here.env.BOOKPLATE_SECRET };
    there = await startServer({ database: here.database, env });
    reader = await readerWithBot(here);
    away = await onOtherServer(there, reader);
    await reader.bot.create({ id: 'held' });
    waiting = [await reader.page.events('held'), await away.page.events('held')];
    await listening();
  });
  after(async () => {
    for (const stream of waiting ?? []) await stream.close();
    await there?.discard();
    await here?.discard();
  });

  const listening = () =>
    until('both servers to listen', async () => {
      const [{ count }] = await here.query(`select count(*) as count ${LISTENERS}`);
      return count === 2;
    });

  test('know the same reader and the same conversations', async () => {
    await reader.bot.create({ id: 'same' });
    await away.bot.append('same', user('m'));
    assert.equal((await reader.page.messages('same')).text, (await away.page.messages('same')).text);
  });

  test('show each what is written through the other at once, in both directions', async () => {
    await reader.bot.create({ id: 'both' });
    const streams = [await reader.page.events('both'), await away.page.events('both')];
    for (const stream of streams) await stream.waitFor('ready');
    for (let round = 0; round < 5; round += 1) {
      await reader.bot.append('both', user(`here-${round}`));
      await streams[1].waitFor('message', named(`here-${round}`), WOKEN);
      await away.bot.append('both', user(`there-${round}`));
      await streams[0].waitFor('message', named(`there-${round}`), WOKEN);
    }
    await away.bot.change('both', { title: 'Renamed' });
    await streams[0].waitFor('conversation', ({ title }) => title === 'Renamed', WOKEN);
    await away.bot.delete('both');
    for (const stream of streams) await stream.waitFor('deleted', undefined, WOKEN);
    const seqs = streams.map(({ messages }) => messages.map(({ seq }) => seq));
    assert.deepEqual(
      seqs[0],
      Array.from({ length: 10 }, (_, at) => at + 1),
    );
    assert.deepEqual(seqs[1], seqs[0]);
  });

  test('let a stream that was cut at one go on at the other', async () => {
    await reader.bot.create({ id: 'moved' });
    const first = await reader.page.events('moved');
    await reader.bot.append('moved', user('m1'));
    await first.waitFor('message');
    await first.close();
    await reader.bot.append('moved', [user('m2'), user('m3')]);
    const second = await away.page.events('moved', { lastEventId: first.lastEventId });
    await second.waitFor('message', named('m3'), WOKEN);
    assert.deepEqual(
      second.messages.map(({ id }) => id),
      ['m2', 'm3'],
    );
    await second.close();
  });

  test('find each other again when the database has hung up on them', async () => {
    await reader.bot.create({ id: 'lost' });
    const stream = await away.page.events('lost');
    await stream.waitFor('ready');
    const gone = await here.query(`select pg_terminate_backend(pid) ${LISTENERS}`);
    assert.equal(gone.length, 2);
    await reader.bot.append('lost', user('m1'));
    await stream.waitFor('message', named('m1'), WOKEN);
    await listening();
    await reader.bot.append('lost', user('m2'));
    await stream.waitFor('message', named('m2'), WOKEN);
    await stream.close();
  });

  test('lose nothing that is written while nobody listens', async () => {
    await reader.bot.create({ id: 'deaf' });
    const stream = await away.page.events('deaf');
    const names = Array.from({ length: 30 }, (_, at) => `m${at}`);
    for (const [at, name] of names.entries()) {
      if (at % 10 === 0) await here.query(`select pg_terminate_backend(pid) ${LISTENERS}`);
      await reader.bot.append('deaf', user(name));
    }
    await stream.waitFor('message', named('m29'), WOKEN);
    assert.deepEqual(
      stream.messages.map(({ id }) => id),
      names,
    );
    await stream.close();
  });
});
