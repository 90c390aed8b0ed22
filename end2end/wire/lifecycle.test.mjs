// The life of a process: it starts beside others, prepares its database, refuses one it does not know, ends politely.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, test } from 'node:test';
import { createDatabase } from '../harness/database.mjs';
import { until } from '../harness/poll.mjs';
import { Program, freePort, createFolder, removeFolder } from '../harness/program.mjs';
import { isSignedIn, newReader, signInReader, signUpReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

const SECRET = 'kept-by-the-lifecycle-suite-0f4b1c77';

/** Runs `body` with a folder and a fresh database of this kind, and a way to run commands on it. */
async function withDatabase(kind, body) {
  const folder = createFolder();
  const database = await createDatabase(kind, folder);
  const run = async (...args) => {
    const env = { DATABASE_URL: database.url, BOOKPLATE_SECRET: SECRET, PORT: String(await freePort()) };
    return new Program({ args, env, folder }).finish();
  };
  try {
    await body({ folder, database, run });
  } finally {
    await database.drop();
    removeFolder(folder);
  }
}

/** Starts servers at the same instant on one database, and discards them all afterwards. */
async function withServers(database, many, body) {
  const options = { database, env: { BOOKPLATE_SECRET: SECRET } };
  const started = await Promise.allSettled(Array.from({ length: many }, () => startServer(options)));
  const servers = started.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  try {
    for (const { reason } of started) assert.equal(reason, undefined);
    await body(servers);
  } finally {
    for (const server of servers) await server.discard();
  }
}

for (const kind of ['sqlite', 'postgres']) {
  describe(`on ${kind}`, () => {
    test('two processes started at once on a fresh database both come up and share it', async () => {
      for (let round = 0; round < 3; round += 1) {
        await withDatabase(kind, async ({ database }) => {
          await withServers(database, 2, async ([one, two]) => {
            const { reader, httpClient } = await signUpReader(one);
            assert.ok(await isSignedIn(await signInReader(two, reader)));
            const { json } = await httpClient.request('GET', `${two.origin}/api/auth/get-session`, { origin: two.origin });
            assert.equal(json.user.email, reader.email);
          });
        });
      }
    });

    test('migrate prepares the database alone, as often as it is run', async () => {
      await withDatabase(kind, async ({ database, run }) => {
        const first = await Promise.all([run('migrate'), run('migrate'), run('migrate')]);
        for (const { code, output } of first) assert.equal(code, 0, output);
        const tables = await database.tables();
        assert.ok(tables.length > 3 && tables.every((name) => name.startsWith('bookplate_')), `${tables}`);
        const before = await database.query('select * from bookplate_migrations order by version');
        assert.equal((await run('migrate')).code, 0);
        assert.deepEqual(await database.query('select * from bookplate_migrations order by version'), before);
        await withServers(database, 1, async ([server]) => assert.ok(await isSignedIn(await signUpReader(server))));
      });
    });

    test('a database newer than the program is refused with a sentence and left as it is', async () => {
      await withDatabase(kind, async ({ database, run }) => {
        assert.equal((await run('migrate')).code, 0);
        await database.query(
          `insert into bookplate_migrations (version, name, checksum, applied_at)
           select 9999, '9999_from_the_future', checksum, applied_at from bookplate_migrations limit 1`,
        );
        for (const args of [['migrate'], ['serve'], []]) {
          const { code, output } = await run(...args);
          assert.ok(code > 0, `"bookplate ${args}" must refuse`);
          assert.match(output, /newer/i);
          assert.doesNotMatch(output, /panicked/);
        }
        const [{ count }] = await database.query(
          'select count(*) as count from bookplate_migrations where version = 9999',
        );
        assert.equal(Number(count), 1);
      });
    });
  });
}

test("a PostgreSQL database that holds Better Auth's tables and a chatbot's finds them untouched", async () => {
  await withDatabase('postgres', async ({ database }) => {
    for (const statement of NEIGHBOURS) await database.query(statement);
    const before = await portrait(database);
    await withServers(database, 1, async ([server]) => {
      const { client } = await signUpReader(server, { email: 'ada@old.example.com' });
      await client.updateUser({ name: 'Ada L.' });
      await client.signOut();
    });
    assert.deepEqual(await portrait(database), before);
    const added = (await database.tables()).filter((name) => !(name in before.rows));
    assert.ok(added.length > 3 && added.every((name) => name.startsWith('bookplate_')), `${added}`);
  });
});

const NEIGHBOURS = [
  `create table "user" (id text primary key, name text not null, email text not null unique,
     "emailVerified" boolean not null, image text, "createdAt" timestamptz not null default now())`,
  `create table "session" (id text primary key, "expiresAt" timestamptz not null, token text not null unique,
     "userId" text not null references "user" (id) on delete cascade)`,
  `create table "account" (id text primary key, "userId" text not null references "user" (id), password text)`,
  'create table chat_logs (id bigserial primary key, user_id text not null, question text, answer jsonb)',
  `insert into "user" (id, name, email, "emailVerified") values ('u1', 'Ada', 'ada@old.example.com', true)`,
  `insert into "session" (id, "expiresAt", token, "userId") values ('s1', now() + interval '7 days', 't1', 'u1')`,
  `insert into "account" (id, "userId", password) values ('a1', 'u1', 'salt:key')`,
  `insert into chat_logs (user_id, question, answer) values ('u1', 'Why?', '{"text": "Because."}')`,
];

/** The neighbours' rows, columns and indexes. */
async function portrait(database) {
  const rows = {};
  for (const table of ['user', 'session', 'account', 'chat_logs'])
    rows[table] = await database.query(`select * from "${table}"`);
  const columns = await database.query(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
     where table_schema = 'public' and table_name not like 'bookplate_%' order by table_name, ordinal_position`,
  );
  const indexes = await database.query(
    `select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename not like 'bookplate_%' order by 1`,
  );
  const schemas = await database.query('select nspname from pg_namespace order by 1');
  return { rows, columns, indexes, schemas };
}

describe('SIGTERM', () => {
  test('ends the server with code 0, idle connections or not', async () => {
    const server = await startServer();
    const idle = net.connect(server.port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const agent = new http.Agent({ keepAlive: true });
    await new Promise((resolve) => {
      http.get({ host: '127.0.0.1', port: server.port, path: '/api/auth/ok', agent }, (response) =>
        response.resume().on('end', resolve),
      );
    });
    await server.discard();
    idle.destroy();
    agent.destroy();
  });

  test('is not kept from ending by half a request', async () => {
    const server = await startServer();
    const half = net.connect(server.port, '127.0.0.1');
    await new Promise((resolve) => half.once('connect', resolve));
    half.write('GET / HTTP/1.1\r\nHost: loc');
    // Cut off when the server ends; that is no error of ours.
    half.on('error', () => {});
    await server.discard();
    half.destroy();
  });

  test('lets a sign-up that is under way be answered', async () => {
    const server = await startServer();
    try {
      const body = JSON.stringify(newReader());
      const answer = new Promise((resolve, reject) => {
        const headers = {
          host: new URL(server.origin).host,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          expect: '100-continue',
        };
        const options = {
          host: '127.0.0.1',
          port: server.port,
          method: 'POST',
          path: '/api/auth/sign-up/email',
          headers,
        };
        const request = http.request(options, (response) =>
          response.resume().on('end', () => resolve(response.statusCode)),
        );
        request.on('error', reject);
        request.on('continue', async () => {
          server.program.signal('SIGTERM');
          await until('the server to take no more connections', () => refuses(server.port));
          request.end(body);
        });
        request.flushHeaders();
      });
      assert.equal(await answer, 200);
      assert.equal((await server.program.finish()).code, 0);
    } finally {
      server.program = undefined;
      await server.discard();
    }
  });
});

function refuses(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
