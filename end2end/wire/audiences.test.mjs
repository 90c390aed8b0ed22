// Tokens for single services: their own name as `aud`, or a shared secret and no `aud` at all.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { SignJWT, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { bookplateToml } from '../harness/config.mjs';
import { runToEnd } from '../harness/program.mjs';
import { signedUp, tokenOf } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { Visitor } from '../harness/visitor.mjs';

const newSecret = () => randomBytes(24).toString('hex');
const key = (secret) => new TextEncoder().encode(secret);
const config = bookplateToml({
  audiences: [{ name: 'chatbot', algorithm: 'HS256', send_aud: false }, { name: 'search' }],
});

async function tokenFor(server, audience) {
  const { visitor, user } = await signedUp(server);
  const answer = await visitor.api('GET', `/token?audience=${audience}`);
  assert.equal(answer.status, 200, answer.text);
  return { token: answer.json.token, user, visitor };
}

function opened(server, token) {
  const headers = { authorization: `Bearer ${token}` };
  return new Visitor(server, { origin: null }).api('GET', '/user', { headers });
}

describe('an audience', () => {
  let server;
  const secret = newSecret();

  before(async () => {
    const env = { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: secret };
    server = await startServer({ env, files: { 'bookplate.toml': config } });
    server.keepSecret(secret);
  });
  after(() => server?.discard());

  test('with a secret of its own gets HS256 tokens without aud', async () => {
    const { token, user } = await tokenFor(server, 'chatbot');
    const { payload, protectedHeader } = await jwtVerify(token, key(secret), {
      algorithms: ['HS256'],
      issuer: server.origin,
    });
    assert.equal(protectedHeader.alg, 'HS256');
    assert.equal(payload.sub, user.id);
    assert.equal(payload.aud, undefined);
    assert.equal(payload.exp - payload.iat, 900);
  });

  test('without one gets tokens of the published key that name it', async () => {
    const { token } = await tokenFor(server, 'search');
    const keys = createRemoteJWKSet(new URL('/api/auth/jwks', server.origin));
    const { payload } = await jwtVerify(token, keys, { issuer: server.origin, audience: 'search' });
    assert.equal(payload.aud, 'search');
  });

  test('that is not asked for leaves the public origin as aud', async () => {
    const { client } = await signedUp(server);
    assert.equal(decodeJwt(await tokenOf({ client })).aud, server.origin);
  });

  test('that nobody declared gets no token', async () => {
    const { visitor } = await signedUp(server);
    for (const name of ['default', 'nobody', 'CHATBOT', '', '..', '%00', 'chatbot&audience=search']) {
      const { status, json } = await visitor.api('GET', `/token?audience=${name}`);
      assert.ok(status >= 400 && status < 500, `${name}: ${status}`);
      assert.equal(json?.token, undefined);
    }
  });

  test('with a secret of its own is known to Bookplate too, while the session lives', async () => {
    const { token, visitor, user } = await tokenFor(server, 'chatbot');
    const { status, json } = await opened(server, token);
    assert.equal(status, 200);
    assert.equal((json.user ?? json).id, user.id);
    await visitor.api('POST', '/sign-out', { json: {} });
    assert.equal((await opened(server, token)).status, 401);
  });

  test('of the published key has tokens that are not for Bookplate', async () => {
    const { token } = await tokenFor(server, 'search');
    assert.equal((await opened(server, token)).status, 401);
  });

  test('cannot speak for a reader whose session it does not know', async () => {
    const mine = await tokenFor(server, 'chatbot');
    const other = await tokenFor(server, 'chatbot');
    const header = decodeProtectedHeader(mine.token);
    const forge = (changes, signedWith = secret) =>
      new SignJWT({ ...decodeJwt(mine.token), ...changes }).setProtectedHeader(header).sign(key(signedWith));
    assert.equal((await opened(server, await forge({}))).status, 200, 'unchanged');
    const { sub, sid } = decodeJwt(other.token);
    const unknown = { sub, sid: '00000000-0000-4000-8000-000000000000' };
    for (const changes of [
      { sub },
      { sid },
      unknown,
      { sid: undefined },
      { exp: 1 },
      { iss: 'https://evil.example' },
    ]) {
      assert.equal((await opened(server, await forge(changes))).status, 401, JSON.stringify(changes));
    }
    const { keys } = (await new Visitor(server).client().jwks()).data;
    for (const guess of [newSecret(), JSON.stringify(keys[0]), keys[0].x]) {
      assert.equal((await opened(server, await forge({}, guess))).status, 401);
    }
  });

  test('never finds its secret in the published keys', async () => {
    const { data } = await new Visitor(server).client().jwks();
    assert.ok(data.keys.every(({ kty }) => kty !== 'oct'));
  });
});

test('a secret is replaced without a moment in which nothing fits', async () => {
  const [old, fresh] = [newSecret(), newSecret()];
  const files = { 'bookplate.toml': config };
  const server = await startServer({ env: { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: old }, files });
  try {
    const before = await tokenFor(server, 'chatbot');
    await jwtVerify(before.token, key(old));
    Object.assign(server.env, {
      BOOKPLATE_AUDIENCE_CHATBOT_SECRET: fresh,
      BOOKPLATE_AUDIENCE_CHATBOT_SECRET_PREVIOUS: old,
    });
    await server.restart();
    const { token } = await tokenFor(server, 'chatbot');
    await jwtVerify(token, key(fresh), { algorithms: ['HS256'] });
    await assert.rejects(jwtVerify(token, key(old)));
    for (const known of [before.token, token]) assert.equal((await opened(server, known)).status, 200);
    server.env.BOOKPLATE_AUDIENCE_CHATBOT_SECRET_PREVIOUS = undefined;
    await server.restart();
    assert.equal((await opened(server, before.token)).status, 401);
    assert.equal((await opened(server, token)).status, 200);
  } finally {
    await server.discard();
  }
});

test('JWT_SECRET declares a default audience and says so once', async () => {
  const secret = newSecret();
  const server = await startServer({ env: { JWT_SECRET: secret } });
  try {
    server.keepSecret(secret);
    const { token } = await tokenFor(server, 'default');
    const { payload } = await jwtVerify(token, key(secret), { algorithms: ['HS256'], issuer: server.origin });
    assert.ok(payload.sub);
    assert.equal(server.log.split('JWT_SECRET').length - 1, 1);
  } finally {
    await server.discard();
  }
});

test('an HS256 audience without a secret of 32 bytes stops the start', async () => {
  for (const secret of [undefined, 'x'.repeat(31)]) {
    const env = { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: secret };
    const { code, output } = await runToEnd({ env, files: { 'bookplate.toml': config } });
    assert.notEqual(code, 0);
    assert.match(output, /BOOKPLATE_AUDIENCE_CHATBOT_SECRET/);
    if (secret) assert.ok(!output.includes(secret));
  }
});
