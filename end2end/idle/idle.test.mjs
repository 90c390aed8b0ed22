// In real time: what a server that nobody uses sends to PostgreSQL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresUrl } from '../harness/environment.mjs';
import { readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startServer } from '../harness/server.mjs';

const MINUTE = 60_000;
/** PostgreSQL's processes report what they have counted within this time. */
const REPORTED = 15_000;

/** Asked on a connection to another database, which adds nothing to the counts of this one. */
async function administer(sql, parameters) {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    return (await client.query(sql, parameters)).rows[0];
  } finally {
    await client.end();
  }
}

/** How many transactions a database has seen: each statement outside a transaction is one. */
async function transactions({ name }) {
  const sql = 'select xact_commit + xact_rollback as count from pg_stat_database where datname = $1';
  return (await administer(sql, [name])).count;
}

async function connections({ name }) {
  return (await administer('select count(*) as count from pg_stat_activity where datname = $1', [name])).count;
}

test('ten minutes that begin five minutes after the last request: no statement, no connection', async () => {
  const server = await startServer({ database: 'postgres' });
  try {
    const reader = await readerWithBot(server);
    await reader.bot.create({ id: 'c' });
    const stream = await reader.page.events('c');
    await reader.bot.append('c', { id: 'm', role: 'user', content: 'x' });
    await stream.waitFor('message');
    const begun = await transactions(server.database);
    await stream.close();
    await until('what was done to be counted', async () => (await transactions(server.database)) > begun, { within: MINUTE });

    await sleep(5 * MINUTE);
    const before = await transactions(server.database);
    assert.equal(await connections(server.database), 0, 'connections to the database');
    for (let minute = 0; minute < 10; minute += 1) {
      await sleep(MINUTE);
      // A service that watches whether the server runs does not wake the database either.
      assert.ok(await server.answers());
    }
    await sleep(REPORTED);
    assert.equal(await transactions(server.database), before, 'transactions');

    const { status } = await reader.page.messages('c');
    assert.equal(status, 200);
    await until('the next request to be counted', async () => (await transactions(server.database)) > before, { within: MINUTE });
  } finally {
    await server.discard();
  }
});
