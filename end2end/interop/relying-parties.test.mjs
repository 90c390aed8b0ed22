// Clients of OpenID Connect that others wrote, against the built server: openid-client, oauth4webapi, Authlib.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { ReaderBrowser } from '../harness/authorization.mjs';
import { callPython } from '../harness/python.mjs';
import { signUpReader } from '../harness/readers.mjs';
import { CALLBACK, LOOPBACK, SEARCH, SECRETS, SIGNED_OUT, serverWithClients } from './clients.mjs';

const SCOPE = 'openid profile email offline_access';

for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
  describe(`openid-client, ${algorithm}`, () => {
    let server;
    let person;

    before(async () => {
      server = await serverWithClients({ BOOKPLATE_JWT_ALGORITHM: algorithm });
      person = await signUpReader(server);
    });
    after(() => server?.discard());

    /** Discovers the server, and has ID tokens verified with its keys though they come over the back channel. */
    async function configuration(id, authentication) {
      const issuer = new URL(server.origin);
      const metadata = { id_token_signed_response_alg: algorithm };
      const execute = [openid.allowInsecureRequests, openid.enableNonRepudiationChecks];
      return openid.discovery(issuer, id, metadata, authentication, { execute });
    }

    async function request(config, redirectUri, more = {}) {
      const verifier = openid.randomPKCECodeVerifier();
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: SCOPE,
        state,
        nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...more,
      });
      return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
    }

    for (const [name, authentication] of [
      ['client_secret_basic', () => openid.ClientSecretBasic(SECRETS.app)],
      ['client_secret_post', () => openid.ClientSecretPost(SECRETS.app)],
    ]) {
      test(`${name}: signs in, refreshes, reads userinfo, introspects, revokes and signs out`, async () => {
        const { reader, user } = person;
        const config = await configuration('app', authentication());
        const browser = new ReaderBrowser(server);
        const { url, checks } = await request(config, CALLBACK, { max_age: '600', login_hint: reader.email });
        const back = await browser.signIn(url, reader);
        const first = await openid.authorizationCodeGrant(config, back, { ...checks, maxAge: 600 });
        assert.equal(first.claims().sub, user.id);
        assert.equal(first.claims().email, reader.email);
        assert.equal(first.token_type, 'bearer');

        const about = await openid.fetchUserInfo(config, first.access_token, user.id);
        assert.deepEqual([about.email, about.name], [reader.email, reader.name]);

        const second = await openid.refreshTokenGrant(config, first.refresh_token);
        assert.notEqual(second.refresh_token, first.refresh_token);
        assert.equal(second.claims().sub, user.id);

        for (const [token, active] of [[second.access_token, true], [second.refresh_token, true], ['nonsense', false]])
          assert.equal((await openid.tokenIntrospection(config, token)).active, active);

        await openid.tokenRevocation(config, second.refresh_token);
        assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, false);
        await assert.rejects(openid.refreshTokenGrant(config, second.refresh_token), { error: 'invalid_grant' });
        await assert.rejects(openid.fetchUserInfo(config, second.access_token, user.id), { status: 401 });

        const leave = { post_logout_redirect_uri: SIGNED_OUT, id_token_hint: second.id_token, state: 'bye' };
        const left = await browser.pass(openid.buildEndSessionUrl(config, leave));
        assert.equal(left.href, `${SIGNED_OUT}&state=bye`);
        const { url: again } = await request(config, CALLBACK);
        assert.equal((await browser.open(again)).url.pathname, '/sign-in');
      });
    }

    test('a public client on the device, on a port of its own, for a resource', async () => {
      const { reader } = person;
      const config = await configuration('device', openid.None());
      const { url, checks } = await request(config, LOOPBACK.replace('127.0.0.1', '127.0.0.1:49152'), { resource: SEARCH });
      const browser = new ReaderBrowser(server);
      const back = await browser.signIn(url, reader);
      assert.equal(back.port, '49152');
      const tokens = await openid.authorizationCodeGrant(config, back, checks);
      const [header, payload] = tokens.access_token.split('.').slice(0, 2).map(decoded);
      assert.deepEqual([header.typ, payload.aud, payload.client_id], ['at+jwt', SEARCH, 'device']);
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal(decoded(refreshed.access_token.split('.')[1]).aud, SEARCH);
    });

    test('an error reaches the client with state and issuer', async () => {
      const config = await configuration('app', openid.ClientSecretBasic(SECRETS.app));
      const { url, checks } = await request(config, CALLBACK, { prompt: 'none' });
      const back = await new ReaderBrowser(server).pass(url);
      await assert.rejects(openid.authorizationCodeGrant(config, back, checks), { error: 'login_required' });
    });
  });
}

describe('other clients', () => {
  let server;
  let person;

  before(async () => {
    server = await serverWithClients();
    person = await signUpReader(server);
  });
  after(() => server?.discard());

  test('oauth4webapi: both documents of discovery, the code flow, validation of the access token, refresh', async () => {
    const { reader, user } = person;
    const issuer = new URL(server.origin);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const [as, plain] = await Promise.all(
      ['oidc', 'oauth2'].map(async (algorithm) =>
        oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure })),
      ),
    );
    assert.deepEqual(plain, as);

    const client = { client_id: 'app', require_auth_time: true };
    const authentication = oauth.ClientSecretBasic(SECRETS.app);
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(as.authorization_endpoint);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: CALLBACK,
      scope: SCOPE,
      resource: server.origin,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const back = await new ReaderBrowser(server).signIn(url, reader);
    const valid = oauth.validateAuthResponse(as, client, back, state);
    const exchange = () =>
      oauth.authorizationCodeGrantRequest(as, client, authentication, valid, CALLBACK, verifier, insecure);
    const response = await exchange();
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(as, response, insecure);
    const { sub, auth_time: authTime } = oauth.getValidatedIdTokenClaims(tokens);
    assert.equal(sub, user.id);
    assert.ok(Math.abs(authTime - Date.now() / 1000) < 300);

    const atResource = new Request(`${server.origin}/api/me`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, atResource, server.origin, insecure);
    assert.deepEqual([claims.sub, claims.client_id, claims.aud], [user.id, 'app', server.origin]);

    const renewed = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, insecure);
    const { refresh_token: next } = await oauth.processRefreshTokenResponse(as, client, renewed);
    assert.notEqual(next, tokens.refresh_token);

    // The code a second time: refused, and what it gave is void.
    const reused = await exchange();
    await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, reused), { error: 'invalid_grant' });
    const late = await oauth.refreshTokenGrantRequest(as, client, authentication, next, insecure);
    await assert.rejects(oauth.processRefreshTokenResponse(as, client, late), { error: 'invalid_grant' });
  });

  test('oauth4webapi: no answer of another issuer, no foreign state', async () => {
    const as = { issuer: server.origin, authorization_response_iss_parameter_supported: true };
    const client = { client_id: 'app' };
    const back = new URL(`${CALLBACK}?code=x&state=s&iss=${encodeURIComponent(server.origin)}`);
    assert.ok(oauth.validateAuthResponse(as, client, back, 's'));
    assert.throws(() => oauth.validateAuthResponse({ ...as, issuer: 'https://evil.example' }, client, back, 's'));
    assert.throws(() => oauth.validateAuthResponse(as, client, back, 'other'));
  });

  test('Authlib: discovery, the code flow, verification of the ID token, refresh, introspection, revocation', async () => {
    const { reader, user } = person;
    const browser = new ReaderBrowser(server);
    const request = { origin: server.origin, client: 'app', secret: SECRETS.app, callback: CALLBACK, scope: SCOPE };
    const python = (message) => callPython('relying_party.py', { ...request, ...message }, new URL('.', import.meta.url));
    for (const authentication of ['client_secret_basic', 'client_secret_post']) {
      const { url, ...begun } = await python({ authentication });
      const back = authentication.endsWith('basic') ? await browser.signIn(url, reader) : await browser.pass(url);
      const told = await python({ ...begun, authentication, back: back.href });
      assert.deepEqual(told, {
        sub: user.id,
        email: reader.email,
        userinfo: user.id,
        rotated: true,
        active: [true, false],
        refused: 'invalid_grant',
      });
    }
  });
});

function decoded(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}
