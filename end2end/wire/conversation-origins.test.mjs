// Who may call: a token from anywhere, a cookie from trusted origins alone, and nobody without either.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversations, readerWithBot } from '../harness/conversations.mjs';
import { bareRequest } from '../harness/raw.mjs';
import { assertProblem, listOf } from '../harness/verdicts.mjs';
import { TRUSTED_ORIGIN, bothDatabases, onServers } from './variants.mjs';

const FOREIGN = ['https://evil.example', 'http://app.example.test.evil.example', 'https://app.example.test'];

/** Everything that changes something, in an order in which each would work. */
const WRITES = [
  ['POST', '/conversations', { id: 'c2' }],
  ['PATCH', '/conversations/c', { title: 'Taken over' }],
  ['POST', '/conversations/c/messages', { role: 'user', content: 'forged' }],
  ['PATCH', '/conversations/c/messages/m', { content: 'forged' }],
  ['PUT', '/conversations/c/messages/m/feedback', { value: -1 }],
  ['DELETE', '/conversations/c/messages/m/feedback'],
  ['DELETE', '/conversations/c'],
  ['POST', '/conversations/c/restore'],
];
const READS = [
  '/conversations',
  '/conversations/c',
  '/conversations/c/messages',
  '/conversations/c/messages/m',
  '/search?q=first',
  '/me',
];

async function withMessage(server) {
  const reader = await readerWithBot(server);
  await reader.bot.create({ id: 'c' });
  await reader.bot.append('c', { id: 'm', role: 'user', content: 'first' });
  await reader.bot.rate('c', 'm', { value: 1 });
  return reader;
}

const written = async ({ bot }) => [(await bot.list()).text, (await bot.messages('c')).text];

onServers(bothDatabases, 'a cookie', (server) => {
  test('changes nothing from a foreign origin, or from none', async () => {
    const reader = await withMessage(server());
    const cookie = reader.visitor.cookieHeader();
    const before = await written(reader);
    for (const [method, path, json] of WRITES) {
      for (const origin of FOREIGN) {
        const forged = new Conversations(server(), { cookie, origin });
        const answer = await forged.request(method, path, { json });
        assertProblem(answer, 403, 'INVALID_ORIGIN');
        assert.equal(answer.headers.get('access-control-allow-origin'), null);
      }
      for (const headers of [{ cookie }, { cookie, origin: 'null' }]) {
        const answer = await bareRequest(server(), method, `/api${path}`, { json, headers });
        assertProblem(answer, 403, 'MISSING_OR_NULL_ORIGIN');
      }
    }
    assert.deepEqual(await written(reader), before);
  });

  test('changes from the own and from a trusted origin, which reads the answers', async () => {
    for (const origin of [server().origin, TRUSTED_ORIGIN]) {
      const { visitor } = await withMessage(server());
      const page = new Conversations(server(), { cookie: visitor.cookieHeader(), origin });
      for (const [method, path, json] of WRITES) {
        const answer = await page.request(method, path, { json });
        assert.ok([200, 201, 204].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
        assert.equal(answer.headers.get('access-control-allow-origin'), origin);
        assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
      }
      const refused = await page.find('nowhere');
      assert.equal(refused.headers.get('access-control-allow-origin'), origin, 'of a refusal');
    }
  });

  test('from a foreign origin is answered without leave to read', async () => {
    const { visitor } = await withMessage(server());
    for (const origin of FOREIGN) {
      const page = new Conversations(server(), { cookie: visitor.cookieHeader(), origin });
      for (const path of READS) {
        const { headers } = await page.request('GET', path);
        assert.equal(headers.get('access-control-allow-origin'), null, path);
        assert.ok(listOf(headers.get('vary')).includes('origin'), path);
      }
      const stream = await page.events('c');
      assert.equal(stream.headers.get('access-control-allow-origin'), null);
      await stream.close();
    }
  });

  test('does not help a token that is none', async () => {
    const { visitor } = await withMessage(server());
    const both = new Conversations(server(), { cookie: visitor.cookieHeader(), origin: server().origin, token: 'x' });
    assertProblem(await both.list(), 401, 'INVALID_TOKEN');
  });

  test('of a session that has ended opens nothing', async () => {
    const { client, page, bot } = await withMessage(server());
    await client.signOut();
    assertProblem(await page.find('c'), 401, 'UNAUTHORIZED');
    assertProblem(await bot.find('c'), 401, 'INVALID_TOKEN');
  });
});

onServers(bothDatabases, 'a token', (server) => {
  test('is enough from anywhere, since no browser sends it by itself', async () => {
    for (const origin of [undefined, 'null', FOREIGN[0]]) {
      const { jwt } = await withMessage(server());
      const bot = new Conversations(server(), { token: jwt, origin });
      for (const [method, path, json] of WRITES) {
        const answer = await bot.request(method, path, { json });
        assert.ok([200, 201, 204].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
        assert.equal(answer.headers.get('access-control-allow-origin'), null);
      }
    }
  });

  test('that is missing or wrong is 401, says how to come, and is refused on every path alike', async () => {
    const { jwt, token } = await withMessage(server());
    const nobody = new Conversations(server());
    const forged = `${jwt.slice(0, -6)}AAAAAA`;
    for (const [method, path, json] of [...WRITES, ...READS.map((path) => ['GET', path])]) {
      const missing = await nobody.request(method, path, { json, headers: { origin: server().origin } });
      assertProblem(missing, 401, 'UNAUTHORIZED');
      assert.equal(missing.headers.get('www-authenticate'), 'Bearer');
      for (const wrong of [forged, token, 'nonsense', `${jwt} `.repeat(2)]) {
        const answer = await new Conversations(server(), { token: wrong }).request(method, path, { json });
        assertProblem(answer, 401, 'INVALID_TOKEN');
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
      }
    }
    const basic = await nobody.request('GET', '/conversations', { headers: { authorization: 'Basic eDp5' } });
    assertProblem(basic, 401, 'INVALID_TOKEN');
  });
});

onServers(bothDatabases, 'a preflight', (server) => {
  const ask = (origin, path, method) =>
    bareRequest(server(), 'OPTIONS', `/api${path}`, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization, content-type, idempotency-key, last-event-id',
      },
    });
  const PATHS = [
    ['/conversations/c', 'PATCH'],
    ['/conversations/c', 'DELETE'],
    ['/conversations/c/messages', 'POST'],
    ['/conversations/c/messages/m', 'PATCH'],
    ['/conversations/c/messages/m/feedback', 'PUT'],
    ['/conversations/c/events', 'GET'],
    ['/search', 'GET'],
  ];

  test('from a trusted origin is given leave for every method and header there is', async () => {
    for (const [path, method] of PATHS) {
      for (const origin of [TRUSTED_ORIGIN, server().origin]) {
        const { status, headers } = await ask(origin, path, method);
        assert.ok(status === 200 || status === 204, `${method} ${path}: ${status}`);
        assert.equal(headers.get('access-control-allow-origin'), origin);
        assert.equal(headers.get('access-control-allow-credentials'), 'true');
        assert.ok(listOf(headers.get('access-control-allow-methods')).includes(method.toLowerCase()), method);
        const allowed = listOf(headers.get('access-control-allow-headers'));
        for (const name of ['authorization', 'content-type', 'idempotency-key', 'last-event-id']) {
          assert.ok(allowed.includes(name), name);
        }
        assert.ok(listOf(headers.get('vary')).includes('origin'));
      }
    }
  });

  test('from another origin is given none', async () => {
    for (const [path, method] of PATHS) {
      for (const origin of [...FOREIGN, 'null']) {
        const { headers } = await ask(origin, path, method);
        assert.equal(headers.get('access-control-allow-origin'), null, `${method} ${path} from ${origin}`);
      }
    }
  });
});
