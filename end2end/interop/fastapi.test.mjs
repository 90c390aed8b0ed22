// The service of docs/FASTAPI.md, with each of its libraries, against tokens that are valid and tokens that are not.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bookplateToml } from '../harness/config.mjs';
import { callPython } from '../harness/python.mjs';
import { signUpReader, fetchToken } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/FASTAPI.md', import.meta.url));
const LIBRARIES = ['PyJWT', 'joserfc', 'Authlib', 'python-jose'];

describe('the FastAPI service of docs/FASTAPI.md', () => {
  let server;
  let reader;
  let token;
  const secret = randomBytes(24).toString('hex');

  before(async () => {
    const audiences = [
      { name: 'search', aud: 'https://search.example' },
      { name: 'chatbot', algorithm: 'HS256', send_aud: false },
    ];
    server = await startServer({
      env: { BOOKPLATE_AUDIENCE_CHATBOT_SECRET: secret },
      files: { 'bookplate.toml': bookplateToml({ audiences }) },
    });
    server.keepSecret(secret);
    reader = await signUpReader(server);
    token = await fetchToken(reader);
  });
  after(() => server?.discard());

  const statuses = (tokens, options = {}) =>
    callPython('fastapi_examples.py', { document: DOCUMENT, issuer: server.origin, tokens, ...options }, new URL('.', import.meta.url));
  const byLibrary = (expected) => Object.fromEntries(LIBRARIES.map((library) => [library, expected]));

  test('accepts a valid token and refuses all others', async () => {
    const audience = async (name) => (await reader.httpClient.api('GET', `/token?audience=${name}`)).json.token;
    const [header, payload, signature] = token.split('.');
    const changed = { ...JSON.parse(Buffer.from(payload, 'base64url')), sub: 'somebody-else' };
    const encoded = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
    const tokens = {
      valid: token,
      'another audience': await audience('search'),
      'a shared secret': await audience('chatbot'),
      tampered: [header, encoded(changed), signature].join('.'),
      unsigned: [encoded({ alg: 'none' }), payload, ''].join('.'),
      'not a token': 'abc',
    };
    const expected = Object.fromEntries(Object.keys(tokens).map((name) => [name, name === 'valid' ? 200 : 401]));
    assert.deepEqual(await statuses(tokens), byLibrary(expected));
  });

  test('refuses an expired token', async () => {
    assert.deepEqual(await statuses({ expired: token }, { late: true }), byLibrary({ expired: 401 }));
  });
});
