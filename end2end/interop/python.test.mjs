// Verification of Bookplate's tokens with PyJWT and python-jose.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { bookplateToml } from '../harness/config.mjs';
import { callPython } from '../harness/python.mjs';
import { signUpReader, fetchToken } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { HttpClient } from '../harness/http-client.mjs';

const verify = (ask) => callPython('verify.py', ask, new URL('.', import.meta.url));

/** The same token with a changed payload. */
function tampered(token) {
  const [head, body, signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: `${claims.sub}x` })).toString('base64url');
  return [head, changed, signature].join('.');
}

const ALGORITHMS = {
  ES256: { env: {}, libraries: ['pyjwt', 'python-jose'] },
  EdDSA: { env: { BOOKPLATE_JWT_ALGORITHM: 'EdDSA' }, libraries: ['pyjwt'] },
  RS256: { env: { BOOKPLATE_JWT_ALGORITHM: 'RS256' }, libraries: ['pyjwt', 'python-jose'] },
};

for (const [algorithm, { env, libraries }] of Object.entries(ALGORITHMS)) {
  describe(`an ${algorithm} token`, () => {
    let server;
    let reader;
    let token;

    before(async () => {
      server = await startServer({ env });
      reader = await signUpReader(server, { organization: 'Shelf & Sons' });
      token = await fetchToken(reader);
    });
    after(() => server?.discard());

    const asked = (changes) => ({
      token,
      algorithm,
      jwks_url: `${server.origin}/api/auth/jwks`,
      audience: server.origin,
      issuer: server.origin,
      ...changes,
    });

    for (const library of libraries) {
      test(`is verified by ${library} with the published keys, issuer and audience`, async () => {
        assert.equal(decodeProtectedHeader(token).alg, algorithm);
        const { claims, refused, because } = await verify(asked({ library }));
        assert.equal(refused, undefined, because);
        assert.equal(claims.sub, reader.user.id);
        assert.equal(claims.email, reader.reader.email);
        assert.equal(claims.experienceLevel, 'beginner');
        assert.equal(claims.organization, 'Shelf & Sons');
      });

      test(`is rejected by ${library} when it is tampered with or for another audience or issuer`, async () => {
        const elsewhere = 'https://elsewhere.example';
        for (const changes of [{ token: tampered(token) }, { audience: elsewhere }, { issuer: elsewhere }]) {
          const { refused, claims } = await verify(asked({ library, ...changes }));
          assert.ok(refused, `${JSON.stringify(changes).slice(0, 60)} gave ${JSON.stringify(claims)}`);
        }
      });
    }

    test('is rejected by Bookplate itself once the session has ended', async () => {
      const { client } = await signUpReader(server);
      const headers = { authorization: `Bearer ${await fetchToken({ client })}` };
      const asBearer = () => new HttpClient(server, { origin: null }).api('GET', '/user', { headers });
      assert.equal((await asBearer()).status, 200);
      await client.signOut();
      const { status, headers: answered } = await asBearer();
      assert.equal(status, 401);
      assert.match(answered.get('www-authenticate') ?? '', /^Bearer/);
    });
  });
}

describe('an HS256 token of an audience without aud', () => {
  let server;
  let reader;
  let token;
  const secret = randomBytes(24).toString('hex');

  before(async () => {
    const audiences = [{ name: 'chatbot', algorithm: 'HS256', send_aud: false }];
    server = await startServer({
      env: { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: secret },
      files: { 'bookplate.toml': bookplateToml({ audiences }) },
    });
    server.keepSecret(secret);
    reader = await signUpReader(server);
    const { json } = await reader.httpClient.api('GET', '/token?audience=chatbot');
    token = json.token;
  });
  after(() => server?.discard());

  for (const library of ['pyjwt', 'python-jose']) {
    test(`is accepted by ${library}'s bare decode with the secret`, async () => {
      const { claims, because } = await verify({ library, token, secret });
      assert.equal(claims?.sub, reader.user.id, because);
      assert.equal(claims.iss, server.origin);
      assert.equal(claims.professionalRole, 'developer');
    });

    test(`is rejected by ${library} with another secret, or when it is tampered with`, async () => {
      const other = randomBytes(24).toString('hex');
      for (const changes of [{ secret: other }, { token: tampered(token) }]) {
        const { refused } = await verify({ library, token, secret, ...changes });
        assert.ok(refused);
      }
    });
  }
});
