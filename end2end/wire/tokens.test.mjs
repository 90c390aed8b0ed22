// JWTs for other services: claims, keys, lifetime, and their end with the session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { ageSessions } from '../harness/ageing.mjs';
import { signedUp, tokenOf } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { assertFailure, assertRefused } from '../harness/verdicts.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, everyServer, onServers } from './variants.mjs';

const keysOf = (server) => createRemoteJWKSet(new URL('/api/auth/jwks', server.origin));
const verify = (server, token) => jwtVerify(token, keysOf(server), { issuer: server.origin, audience: server.origin });
const asBearer = (server, token) => {
  const headers = { authorization: `Bearer ${token}` };
  return new Visitor(server, { origin: null }).api('GET', '/user', { headers });
};

onServers(everyServer, 'a token', (server) => {
  test('names the reader, the session and the answers for a quarter of an hour', async () => {
    const { client, user, reader } = await signedUp(server(), { organization: 'Shelf & Sons' });
    const { data } = await client.token();
    const { payload, protectedHeader } = await verify(server(), data.token);
    assert.equal(protectedHeader.alg, 'ES256');
    const { sub, email, name, experienceLevel, professionalRole, organization } = payload;
    assert.deepEqual(
      { sub, email, name, experienceLevel, professionalRole, organization },
      {
        sub: user.id,
        email: reader.email,
        name: reader.name,
        experienceLevel: reader.experienceLevel,
        professionalRole: reader.professionalRole,
        organization: 'Shelf & Sons',
      },
    );
    assert.equal(payload.exp - payload.iat, 900);
    assert.ok(payload.sid && payload.jti);
    assert.ok(Math.abs(payload.iat - Date.now() / 1000) < 10);
  });

  test('is another one each time, of the same session', async () => {
    const { client } = await signedUp(server());
    const [first, second] = [await client.token(), await client.token()];
    const [one, two] = await Promise.all([first, second].map(({ data }) => verify(server(), data.token)));
    assert.notEqual(one.payload.jti, two.payload.jti);
    assert.equal(one.payload.sid, two.payload.sid);
  });

  test('follows a change of the answers', async () => {
    const { client } = await signedUp(server());
    await client.updateUser({ experienceLevel: 'advanced' });
    const { payload } = await verify(server(), await tokenOf({ client }));
    assert.equal(payload.experienceLevel, 'advanced');
  });

  test('is not given without a session, nor for an audience nobody declared', async () => {
    assertRefused(await new Visitor(server()).client().token(), 401, 'UNAUTHORIZED');
    const { visitor } = await signedUp(server());
    const { status, json } = await visitor.api('GET', '/token?audience=nobody');
    assert.ok(status >= 400 && status < 500 && json.code, `status ${status}`);
  });

  test('opens the reader at Bookplate while the session lives, and not afterwards', async () => {
    const { client, user } = await signedUp(server());
    const token = await tokenOf({ client });
    const alive = await asBearer(server(), token);
    assert.equal(alive.status, 200);
    assert.equal((alive.json.user ?? alive.json).id, user.id);
    await client.signOut();
    const ended = await asBearer(server(), token);
    assert.equal(ended.status, 401);
    assert.match(ended.headers.get('www-authenticate') ?? '', /^Bearer/);
  });

  test('of a session that ran out is refused', async () => {
    const { client } = await signedUp(server());
    const token = await tokenOf({ client });
    await ageSessions(server(), { days: 8 });
    assert.equal((await asBearer(server(), token)).status, 401);
  });

  test('that is forged or malformed is 401 and says why to the client', async () => {
    const { client } = await signedUp(server());
    const token = await tokenOf({ client });
    const [head, body, signature] = token.split('.');
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const { kid } = decodeProtectedHeader(token);
    const foreign = (header) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey);
    const forged = [
      'nonsense',
      'a.b.c',
      `${head}.${body}.`,
      `${head}.${encode({ ...claims, sub: 'someone-else' })}.${signature}`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
      `${encode({ alg: 'HS256', kid })}.${body}.${signature}`,
      await foreign({ kid }),
      await foreign({ jwk: await exportJWK(publicKey) }),
    ];
    for (const bearer of forged) {
      const { status, headers } = await asBearer(server(), bearer);
      assert.equal(status, 401, bearer.slice(0, 40));
      assert.match(headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  });

  test('is checked with published keys that hold public members only', async () => {
    const { data } = await new Visitor(server()).client().jwks();
    assert.ok(data.keys.length >= 1);
    for (const key of data.keys) {
      assert.equal(key.alg, 'ES256');
      assert.equal(key.use, 'sig');
      assert.equal(typeof key.kid, 'string');
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key), member);
    }
  });
});

onServers(bothDatabases, 'the signing key', (server) => {
  test('is kept over a restart and lies encrypted in the database', async () => {
    const { client } = await signedUp(server());
    const token = await tokenOf({ client });
    await server().restart();
    const { payload } = await verify(server(), token);
    assert.ok(payload.sub);
    assertFailure(await new Visitor(server()).api('GET', '/token'), 401, 'UNAUTHORIZED');
    const tables = (await server().database.tables()).filter((name) => name.startsWith('bookplate_'));
    const dump = JSON.stringify(await Promise.all(tables.map((name) => server().query(`select * from ${name}`))));
    assert.doesNotMatch(dump, /\\?"d\\?"\s*:|BEGIN (EC )?PRIVATE KEY/);
  });
});

test('the lifetime is configurable up to an hour', async () => {
  const server = await startServer({ env: { BOOKPLATE_JWT_LIFETIME: '3600' } });
  try {
    const { client } = await signedUp(server);
    const { payload } = await verify(server, await tokenOf({ client }));
    assert.equal(payload.exp - payload.iat, 3600);
  } finally {
    await server.discard();
  }
});
