// The cases of the OpenID Foundation's plans for a Basic OP, a Config OP and RP-initiated logout, one test each under the
// Foundation's name. docs/OPENID-CONFORMANCE.md lists them; its table is compared with the tests here.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { ReaderBrowser } from '../harness/authorization.mjs';
import { signUpReader } from '../harness/readers.mjs';
import { ageSession } from '../harness/session-age.mjs';
import { CALLBACK, SECRETS, SIGNED_OUT, serverWithClients } from './clients.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/OPENID-CONFORMANCE.md', import.meta.url));
const cases = new Set();

let server;
let metadata;
let person;
let keys;

/** A test of a case of the Foundation. */
function openidCase(name, body) {
  cases.add(name);
  test(name, body);
}

const text = () => randomBytes(32).toString('base64url');

/** An authorization request of the app. `undefined` removes a parameter. */
function request(changes = {}) {
  const verifier = text();
  const parameters = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    scope: 'openid',
    state: text(),
    nonce: text(),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams(given);
  return { url, verifier, parameters };
}

/** The parameters of an answer, whose address, `state` and `iss` have to be right. */
function answered(left, { parameters }) {
  assert.equal(left.origin + left.pathname, CALLBACK);
  const told = Object.fromEntries(left.searchParams);
  assert.deepEqual([told.state, told.iss], [parameters.state, server.origin]);
  return told;
}

function basic(client = 'app') {
  const pair = [client, SECRETS[client]].map(encodeURIComponent).join(':');
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Posts a form as a program does: `{ status, json }`. */
async function post(address, form, headers = {}) {
  const response = await fetch(address, { method: 'POST', headers, body: new URLSearchParams(form) });
  const body = await response.text();
  return { status: response.status, headers: response.headers, json: body && JSON.parse(body) };
}

function exchange(code, verifier, { form = {}, headers = basic() } = {}) {
  const grant = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
  return post(metadata.token_endpoint, { ...grant, ...form }, headers);
}

/** Completes a request in this browser, which may ask the reader to sign in: tokens and the claims of the ID token. */
async function complete(asked, browser = new ReaderBrowser(server)) {
  const shown = await browser.open(asked.url);
  const { email, password } = person.reader;
  const left = shown.redirectedTo ?? browser.clientResponse(await browser.submit(shown, { email, password }));
  const { code } = answered(left, asked);
  assert.ok(code, `no code but ${left}`);
  const { status, json } = await exchange(code, asked.verifier);
  assert.equal(status, 200, JSON.stringify(json));
  const { payload, protectedHeader } = await jwtVerify(json.id_token, keys, {
    issuer: server.origin,
    audience: 'app',
    algorithms: metadata.id_token_signing_alg_values_supported,
  });
  assert.equal(payload.nonce, asked.parameters.nonce);
  assert.equal(payload.sub, person.user.id);
  return { ...json, code, claims: payload, header: protectedHeader, signedIn: !shown.redirectedTo, browser };
}

/** A browser in which the reader is signed in. */
async function signedInBrowser() {
  const { browser } = await complete(request());
  return browser;
}

const bearer = (token) => ({ authorization: `Bearer ${token}` });

async function userinfo(token) {
  const response = await fetch(metadata.userinfo_endpoint, { headers: bearer(token) });
  return { status: response.status, json: await response.json() };
}

/** A page of ours, and no answer for the client. */
function assertPage(shown, status) {
  assert.equal(shown.redirectedTo, undefined, `the reader was sent to ${shown.redirectedTo}`);
  assert.equal(shown.status, status);
}

before(async () => {
  // RS256 is what the Foundation's plan for a Config OP asks for.
  server = await serverWithClients({ BOOKPLATE_JWT_ALGORITHM: 'RS256' });
  metadata = await (await fetch(`${server.origin}/.well-known/openid-configuration`)).json();
  keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  person = await signUpReader(server);
});
after(() => server?.discard());

describe('oidcc-basic-certification-test-plan', () => {
  openidCase('oidcc-server', async () => {
    const { claims, signedIn, token_type: type, expires_in: seconds, access_token: token } = await complete(request());
    assert.ok(signedIn);
    assert.equal(type, 'Bearer');
    assert.ok(seconds > 0);
    assert.ok(claims.exp > claims.iat);
    assert.equal((await userinfo(token)).json.sub, claims.sub);
  });

  openidCase('oidcc-response-type-missing', async () => {
    const asked = request({ response_type: undefined });
    assert.equal(answered(await new ReaderBrowser(server).pass(asked.url), asked).error, 'invalid_request');
  });

  openidCase('oidcc-idtoken-signature', async () => {
    const { header } = await complete(request());
    assert.equal(header.alg, 'RS256');
    assert.ok(header.kid);
  });

  openidCase('oidcc-idtoken-unsigned', () => {
    assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['RS256']);
  });

  openidCase('oidcc-userinfo-get', async () => {
    const { status, json } = await userinfo((await complete(request())).access_token);
    assert.deepEqual([status, json.sub], [200, person.user.id]);
    assert.equal((await userinfo('nonsense')).status, 401);
  });

  openidCase('oidcc-userinfo-post-header', async () => {
    const { access_token: token } = await complete(request());
    const { status, json } = await post(metadata.userinfo_endpoint, {}, bearer(token));
    assert.deepEqual([status, json.sub], [200, person.user.id]);
  });

  openidCase('oidcc-userinfo-post-body', async () => {
    const { access_token } = await complete(request());
    const { status, headers } = await post(metadata.userinfo_endpoint, { access_token });
    assert.equal(status, 401);
    assert.match(headers.get('www-authenticate'), /^Bearer/);
  });

  openidCase('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const { claims } = await complete(request({ nonce: undefined }));
    assert.equal('nonce' in claims, false);
  });

  for (const [name, scope, has, lacks] of [
    ['oidcc-scope-profile', 'openid profile', ['name'], ['email']],
    ['oidcc-scope-email', 'openid email', ['email', 'email_verified'], ['name']],
    ['oidcc-scope-address', 'openid address', [], ['address']],
    ['oidcc-scope-phone', 'openid phone', [], ['phone_number']],
    ['oidcc-scope-all', 'openid profile email address phone', ['name', 'email'], []],
    ['oidcc-ensure-other-scope-order-succeeds', 'email openid', ['email'], []],
  ]) {
    openidCase(name, async () => {
      const { json } = await userinfo((await complete(request({ scope }))).access_token);
      for (const claim of has) assert.ok(claim in json, `${claim} is missing`);
      for (const claim of lacks) assert.ok(!(claim in json), `${claim} was not asked for`);
      if ('email' in json) assert.equal(json.email, person.reader.email);
    });
  }

  for (const [name, changes] of [
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-ui-locales', { ui_locales: 'se' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
    ['oidcc-ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }],
    ['oidcc-claims-essential', { claims: '{"userinfo":{"name":{"essential":true}}}' }],
  ]) {
    openidCase(name, async () => {
      assert.ok((await complete(request(changes))).access_token);
    });
  }

  openidCase('oidcc-prompt-login', async () => {
    const first = await complete(request());
    await aged(first.browser, 30);
    const second = await complete(request({ prompt: 'login' }), first.browser);
    assert.ok(second.signedIn, 'the reader was not asked to sign in again');
    assert.ok(second.claims.auth_time >= first.claims.auth_time);
  });

  openidCase('oidcc-prompt-none-not-logged-in', async () => {
    const asked = request({ prompt: 'none' });
    assert.equal(answered(await new ReaderBrowser(server).pass(asked.url), asked).error, 'login_required');
  });

  openidCase('oidcc-prompt-none-logged-in', async () => {
    const first = await complete(request());
    const second = await complete(request({ prompt: 'none' }), first.browser);
    assert.equal(second.signedIn, false);
    assert.deepEqual([second.claims.sub, second.claims.auth_time], [first.claims.sub, first.claims.auth_time]);
  });

  openidCase('oidcc-max-age-1', async () => {
    const browser = await signedInBrowser();
    await aged(browser, 30);
    const second = await complete(request({ max_age: '1' }), browser);
    assert.ok(second.signedIn, 'the reader was not asked to sign in again');
    assert.ok(Math.abs(second.claims.auth_time - Date.now() / 1000) < 15);
  });

  openidCase('oidcc-max-age-10000', async () => {
    const first = await complete(request({ max_age: '10000' }));
    const second = await complete(request({ max_age: '10000' }), first.browser);
    assert.equal(second.signedIn, false);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
  });

  openidCase('oidcc-id-token-hint', async () => {
    const first = await complete(request());
    const second = await complete(request({ prompt: 'none', id_token_hint: first.id_token }), first.browser);
    assert.equal(second.claims.sub, first.claims.sub);
  });

  openidCase('oidcc-login-hint', async () => {
    const { email } = person.reader;
    const { page } = await new ReaderBrowser(server).open(request({ login_hint: email }).url);
    assert.ok(page.includes(`value="${email}"`), 'the form does not have the address');
    assert.ok((await complete(request({ login_hint: email }))).access_token);
  });

  for (const [name, ageInSeconds] of [
    ['oidcc-codereuse', 0],
    ['oidcc-codereuse-30seconds', 30],
  ]) {
    openidCase(name, async () => {
      const asked = request();
      const { code, access_token: token } = await complete(asked);
      await server.query('update bookplate_authorization_codes set expires_at = expires_at - $1', [ageInSeconds * 1000]);
      const { status, json } = await exchange(code, asked.verifier);
      assert.deepEqual([status, json.error], [400, 'invalid_grant']);
      assert.equal((await userinfo(token)).status, 401, 'the token of the code still opens something');
    });
  }

  openidCase('oidcc-ensure-registered-redirect-uri', async () => {
    for (const redirectUri of ['https://evil.example/', `${CALLBACK}/`, `${CALLBACK}?x=1`])
      assertPage(await new ReaderBrowser(server).open(request({ redirect_uri: redirectUri }).url), 400);
  });

  openidCase('oidcc-ensure-post-request-succeeds', async () => {
    const browser = await signedInBrowser();
    const asked = request();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', headers, body: asked.url.searchParams.toString() };
    const { redirectedTo: left } = await browser.open(metadata.authorization_endpoint, init);
    assert.equal((await exchange(answered(left, asked).code, asked.verifier)).status, 200);
  });

  openidCase('oidcc-server-client-secret-post', async () => {
    const browser = await signedInBrowser();
    const asked = request();
    const { code } = answered(await browser.pass(asked.url), asked);
    const form = { client_id: 'app', client_secret: SECRETS.app };
    assert.equal((await exchange(code, asked.verifier, { form, headers: {} })).status, 200);
  });

  openidCase('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
    const fetched = [];
    const trap = createServer((incoming, response) => {
      fetched.push(incoming.url);
      response.end();
    });
    await new Promise((resolve) => trap.listen(0, '127.0.0.1', resolve));
    const asked = request({ request_uri: `http://127.0.0.1:${trap.address().port}/request.jwt` });
    assert.equal(answered(await new ReaderBrowser(server).pass(asked.url), asked).error, 'request_uri_not_supported');
    assert.deepEqual(fetched, []);
    trap.close();
  });

  /** An unsigned request object with this redirect URI. */
  const requestObject = (redirectUri) => {
    const claims = { ...request().parameters, redirect_uri: redirectUri };
    return [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.';
  };

  for (const [name, redirectUri] of [
    ['oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', CALLBACK],
    ['oidcc-ensure-request-object-with-redirect-uri', 'https://evil.example/'],
  ]) {
    openidCase(name, async () => {
      const asked = request({ request: requestObject(redirectUri) });
      assert.equal(answered(await new ReaderBrowser(server).pass(asked.url), asked).error, 'request_not_supported');
    });
  }

  openidCase('oidcc-refresh-token', async () => {
    const first = await complete(request({ scope: 'openid offline_access', prompt: 'consent' }));
    const refresh = (token, client) =>
      post(metadata.token_endpoint, { grant_type: 'refresh_token', refresh_token: token }, basic(client));
    assert.deepEqual((await refresh(first.refresh_token, 'other')).json.error, 'invalid_grant');
    const { status, json } = await refresh(first.refresh_token, 'app');
    assert.equal(status, 200, JSON.stringify(json));
    assert.match(json.refresh_token, /^[\x20-\x7e]+$/);
    assert.notEqual(json.access_token, first.access_token);
    const { payload } = await jwtVerify(json.id_token, keys, { issuer: server.origin, audience: 'app' });
    assert.deepEqual([payload.sub, payload.auth_time], [first.claims.sub, first.claims.auth_time]);
    assert.ok([undefined, first.claims.nonce].includes(payload.nonce));
    assert.equal((await userinfo(json.access_token)).status, 200);
  });

  openidCase('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
    const browser = await signedInBrowser();
    const asked = request();
    const { code } = answered(await browser.pass(asked.url), asked);
    assert.equal((await exchange(code, text())).json.error, 'invalid_grant');
    assert.ok((await complete(request(), browser)).access_token);
  });
});

test('an id_token_hint that is none, or of another reader, does not keep a reader from the client', async () => {
  const other = await signUpReader(server);
  const { email, password } = other.reader;
  const { id_token: theirs } = await complete(request());
  for (const hint of ['nonsense', theirs]) {
    const asked = request({ id_token_hint: hint });
    const browser = new ReaderBrowser(server);
    const shown = await browser.open(asked.url);
    const redirectedTo = shown.redirectedTo ?? browser.clientResponse(await browser.submit(shown, { email, password }));
    const { code, error } = answered(redirectedTo, asked);
    assert.ok(hint === theirs ? error === 'login_required' : code || error === 'invalid_request', `${code} ${error}`);
  }
});

describe('oidcc-config-certification-test-plan', () => {
  openidCase('oidcc-discovery-endpoint-verification', async () => {
    const response = await fetch(`${server.origin}/.well-known/openid-configuration`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /^application\/json/);
    assert.equal(metadata.issuer, server.origin);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.deepEqual(metadata.subject_types_supported, ['public']);
    assert.ok(metadata.scopes_supported.includes('openid'));
    assert.ok(metadata.grant_types_supported.includes('authorization_code'));
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.ok(metadata.claims_supported.includes('sub'));
    assert.deepEqual([metadata.request_parameter_supported, metadata.request_uri_parameter_supported], [false, false]);
    assert.equal('registration_endpoint' in metadata, false);
    const addresses = Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name));
    for (const [name, address] of addresses) assert.equal(new URL(address).origin, server.origin, name);
    const { keys: published } = await (await fetch(metadata.jwks_uri)).json();
    assert.ok(published.length > 0);
    for (const { kty, kid, use, ...key } of published) {
      assert.deepEqual([kty, use, typeof kid], ['RSA', 'sig', 'string']);
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(secret in key, false);
    }
  });
});

describe('oidcc-rp-initiated-logout-certification-test-plan', () => {
  const leave = (parameters) => {
    const url = new URL(metadata.end_session_endpoint);
    url.search = new URLSearchParams(parameters);
    return url;
  };

  /** Whether this browser is asked to sign in, which it is when its session has ended. */
  const isSignedOut = async (browser) => {
    const asked = request({ prompt: 'none' });
    return answered(await browser.pass(asked.url), asked).error === 'login_required';
  };

  openidCase('oidcc-rp-initiated-logout-discovery-endpoint-verification', () => {
    assert.equal(new URL(metadata.end_session_endpoint).origin, server.origin);
  });

  openidCase('oidcc-rp-initiated-logout', async () => {
    const { browser, id_token: hint } = await complete(request());
    const left = await browser.pass(leave({ id_token_hint: hint, post_logout_redirect_uri: SIGNED_OUT, state: 'done' }));
    assert.equal(left.href, `${SIGNED_OUT}&state=done`);
    assert.ok(await isSignedOut(browser));
  });

  openidCase('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', async () => {
    const { browser, id_token: hint } = await complete(request());
    for (const uri of ['https://evil.example/', `${SIGNED_OUT}&more`, SIGNED_OUT.replace('?from=bookplate', '')])
      assertPage(await browser.open(leave({ id_token_hint: hint, post_logout_redirect_uri: uri })), 400);
  });

  openidCase('oidcc-rp-initiated-logout-modified-id-token-hint', async () => {
    const { browser, id_token: hint } = await complete(request());
    const [header, , signature] = hint.split('.');
    const forged = Buffer.from(JSON.stringify({ iss: server.origin, aud: 'app', sub: 'somebody' })).toString('base64url');
    const modified = [header, forged, signature].join('.');
    const shown = await browser.open(leave({ id_token_hint: modified, post_logout_redirect_uri: SIGNED_OUT }));
    assert.equal(shown.redirectedTo, undefined);
    assert.equal(await isSignedOut(browser), false);
  });

  openidCase('oidcc-rp-initiated-logout-no-id-token-hint', async () => {
    const browser = await signedInBrowser();
    const shown = await browser.open(leave({ client_id: 'app', post_logout_redirect_uri: SIGNED_OUT, state: 'done' }));
    assertPage(shown, 200);
    assert.equal(await isSignedOut(browser), false);
    const left = browser.clientResponse(await browser.submit(shown, {}));
    assert.equal(left.href, `${SIGNED_OUT}&state=done`);
    assert.ok(await isSignedOut(browser));
  });

  for (const [name, parameters] of [
    ['oidcc-rp-initiated-logout-no-params', {}],
    ['oidcc-rp-initiated-logout-only-state', { state: 'done' }],
  ]) {
    openidCase(name, async () => {
      const browser = await signedInBrowser();
      const shown = await browser.open(leave(parameters));
      assertPage(shown, 200);
      assertPage(await browser.submit(shown, {}), 200);
      assert.ok(await isSignedOut(browser));
    });
  }

  openidCase('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
    const { browser, id_token: hint } = await complete(request());
    assertPage(await browser.open(leave({ id_token_hint: hint, state: 'done' })), 200);
    assert.ok(await isSignedOut(browser));
  });

  openidCase('oidcc-rp-initiated-logout-no-state', async () => {
    const { browser, id_token: hint } = await complete(request());
    const left = await browser.pass(leave({ id_token_hint: hint, post_logout_redirect_uri: SIGNED_OUT }));
    assert.equal(left.href, SIGNED_OUT);
    assert.ok(await isSignedOut(browser));
  });
});

test('the table in the document names these cases and no others', () => {
  const document = readFileSync(DOCUMENT, 'utf8');
  const listed = [...document.matchAll(/^\| `(oidcc-[\w-]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(listed, [...cases]);
});

/** Makes the session of a browser older. */
async function aged(browser, seconds) {
  const { token } = browser.http.sessionCookie;
  assert.ok(await ageSession(server, token, seconds));
}
