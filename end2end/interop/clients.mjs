// The clients of OpenID Connect that the tests of this folder declare, and a server that knows them.
import { randomBytes } from 'node:crypto';
import { bookplateToml } from '../harness/config.mjs';
import { startServer } from '../harness/server.mjs';

export const CALLBACK = 'https://app.example/callback';
export const SIGNED_OUT = 'https://app.example/signed-out?from=bookplate';
/** Where the program on the reader's own device listens, on any port. */
export const LOOPBACK = 'http://127.0.0.1/callback';
export const SEARCH = 'https://search.example';

/** The first as `openssl rand -base64` writes it: some clients encode it in a Basic header, others send it as it is. */
export const SECRETS = { app: `${randomBytes(24).toString('base64')}+/=`, other: randomBytes(32).toString('hex') };

/** A server with a confidential client, another one, and a program on the reader's device. */
export async function serverWithClients(env = {}) {
  const shared = { audiences: ['search'], first_party: true };
  const clients = [
    { id: 'app', name: 'The App', redirect_uris: [CALLBACK], post_logout_redirect_uris: [SIGNED_OUT], ...shared },
    { id: 'other', name: 'Another App', redirect_uris: [CALLBACK], ...shared },
    { id: 'device', name: 'On the Device', redirect_uris: [LOOPBACK], ...shared },
  ];
  const audiences = [{ name: 'search', aud: SEARCH, conversations: 'read' }];
  const server = await startServer({
    env: { BOOKPLATE_CLIENT_APP_SECRET: SECRETS.app, BOOKPLATE_CLIENT_OTHER_SECRET: SECRETS.other, ...env },
    files: { 'bookplate.toml': bookplateToml({ audiences, clients }) },
  });
  Object.values(SECRETS).forEach((secret) => server.keepSecret(secret));
  return server;
}
