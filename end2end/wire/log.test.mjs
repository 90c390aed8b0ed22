// At its most talkative the log still holds no password and no token, and at its default it tells what happened.
// Every other server of these suites is searched in the same way when it is discarded (harness/server.mjs).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookplateToml } from '../harness/config.mjs';
import { newReader, signedIn, signedUp } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { Visitor } from '../harness/visitor.mjs';

const chatbotSecret = 'kept-between-us-and-the-chatbot-7d1f90';

for (const database of ['sqlite', 'postgres']) {
  test(`the log at level trace on ${database} holds no password and no token`, async () => {
    const server = await startServer({
      database,
      env: {
        BOOKPLATE_LOG: 'trace',
        BOOKPLATE_BEARER_SESSIONS: 'true',
        BOOKPLATE_AUDIENCE_CHATBOT_SECRET: chatbotSecret,
      },
      files: {
        'bookplate.toml': bookplateToml({ audiences: [{ name: 'chatbot', algorithm: 'HS256', send_aud: false }] }),
      },
    });
    server.keepSecret(chatbotSecret);
    try {
      await everythingThatCarriesSecrets(server);
      assert.ok(server.log.length > 1000, 'the log says something');
    } finally {
      await server.discard();
    }
  });
}

test('the log at its default level tells of sign-ups, sign-ins and refusals', async () => {
  const server = await startServer();
  try {
    await everythingThatCarriesSecrets(server);
    for (const told of [
      'event="sign-up" outcome="done"',
      'event="sign-in" outcome="done"',
      'event="sign-in" outcome="wrong-credentials"',
      'event="sign-out" outcome="done"',
    ]) {
      assert.ok(withoutColours(server.log).includes(told), told);
    }
  } finally {
    await server.discard();
  }
});

function withoutColours(log) {
  return log.replaceAll(/\u001b\[\d+m/g, '');
}

async function everythingThatCarriesSecrets(server) {
  const { reader, visitor, answer, client } = await signedUp(server);
  const { email, password } = reader;
  await signedIn(server, reader);
  await client.token();
  await visitor.api('GET', '/token?audience=chatbot');
  const authorization = `Bearer ${answer.headers.get('set-auth-token') ?? visitor.sessionCookie.value}`;
  await new Visitor(server).api('POST', '/update-user', { json: { name: 'By bearer' }, headers: { authorization } });

  const stranger = new Visitor(server);
  await stranger.client().signIn.email({ email, password: `${password}-mistyped` });
  await stranger.client().signUp.email(reader);
  await stranger.api('POST', '/sign-in/email', { form: { email, password } });
  const broken = {
    headers: { 'content-type': 'application/json' },
    body: `{"email":"${email}","password":"${password}"`,
  };
  await stranger.api('POST', '/sign-in/email', broken);
  const wrongType = { email: { address: email }, password, name: [password] };
  await stranger.api('POST', '/sign-up/email', { json: wrongType });
  // Where a secret does not belong, a careless client puts it all the same.
  await stranger.request('GET', `/sign-in?${new URLSearchParams({ email, password })}`);
  await stranger.api('GET', `/get-session?token=${visitor.sessionCookie.raw}`);
  await stranger.api('GET', '/user', { headers: { authorization: `Bearer ${visitor.sessionCookie.value}x` } });

  const asBrowser = { accept: 'text/html', referer: `${server.origin}/sign-in` };
  await new Visitor(server).request('POST', '/sign-in', {
    form: { email, password, rememberMe: 'true' },
    headers: asBrowser,
  });
  await new Visitor(server).request('POST', '/sign-in', {
    form: { email, password: `${password}-no` },
    headers: asBrowser,
  });
  await new Visitor(server).request('POST', '/sign-up', {
    form: newReader({ email: 'x', password }),
    headers: asBrowser,
  });
  await client.signOut();
}
