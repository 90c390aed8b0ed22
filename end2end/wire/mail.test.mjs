// Messages reach a real mail server, whatever that server does in between, and no request waits for it.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { until } from '../harness/poll.mjs';
import { freePort } from '../harness/program.mjs';
import { newReader, signUpReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { startMailServer } from '../harness/smtp.mjs';
import { HttpClient } from '../harness/http-client.mjs';

const RESET = 'Choose a new password';
/** A message that was refused for now is attempted again after a while, and a test waits that long. */
const LATER = { within: 120_000 };

/** A Bookplate that hands its messages to the address, and what is done with it. */
async function withServer(url, env, use) {
  const server = await startServer({ env: { BOOKPLATE_MAIL_URL: url, BOOKPLATE_OUTBOX: undefined, ...env } });
  try {
    await use(server);
  } finally {
    await server.discard();
  }
}

async function withMailServer(options, use) {
  const mail = await startMailServer(options);
  try {
    await use(mail);
  } finally {
    await mail.stop();
  }
}

async function askForReset(server, email) {
  const answer = await new HttpClient(server).api('POST', '/request-password-reset', { json: { email } });
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

/** The link of a message, which the log must not hold. */
function linkOf(server, message) {
  const link = message.text.match(/^https?:\/\/\S+$/m)?.[0];
  assert.ok(link, message.text);
  const token = new URL(link).searchParams.get('token') ?? new URL(link).pathname.split('/').pop();
  server.keepSecret(token);
  return link;
}

const login = { user: 'ada@example.org', password: 'quiet:harbour/%40' };
for (const options of [{}, login, { tls: 'starttls', ...login }, { tls: 'implicit', ...login }]) {
  const { tls = 'none', user } = options;
  test(`a message arrives: TLS ${tls}, ${user ? 'with' : 'without'} a password`, async () => {
    await withMailServer(options, async (mail) => {
      const from = { BOOKPLATE_MAIL_FROM: 'Bücher, Tee <post@example.org>' };
      await withServer(mail.url, from, async (server) => {
        server.keepSecret(login.password);
        const { reader } = await signUpReader(server);
        await askForReset(server, reader.email);
        const message = await mail.message(reader.email, RESET);
        assert.deepEqual(message.envelope, { from: 'post@example.org', to: [reader.email] });
        assert.equal(message.tls, tls !== 'none');
        assert.equal(message.user, user ?? null);
        assert.equal(message.type, 'multipart/alternative');
        const { headers } = message;
        assert.match(headers.from, /Bücher, Tee.*<post@example\.org>/);
        assert.match(headers['message-id'], /^<[0-9a-f-]{36}@example\.org>$/);
        assert.equal(headers['auto-submitted'], 'auto-generated');
        assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 600_000, headers.date);
        const link = linkOf(server, message);
        assert.ok(link.startsWith(server.origin), link);
        assert.ok(message.html.includes(link.replaceAll('&', '&amp;')), message.html);
      });
    });
  });
}

/** An endpoint of the operator's own: answers as planned, else with 204, and keeps what it was sent. */
async function withEndpoint(planned, use) {
  const received = [];
  const endpoint = http.createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString() || 'null');
    received.push({ method: request.method, path: request.url, headers: request.headers, body });
    const { status, headers = {} } = (request.method === 'POST' && planned.shift()) || { status: 204 };
    response.writeHead(status, headers).end();
  });
  await new Promise((listening) => endpoint.listen(0, '127.0.0.1', listening));
  try {
    await use({ port: endpoint.address().port, received, posts: () => received.filter(({ method }) => method === 'POST') });
  } finally {
    endpoint.closeAllConnections();
    endpoint.close();
  }
}

test('messages go over HTTP to an endpoint of the operator, which may ask for a pause', async () => {
  const secret = 'tea-and-biscuits-0815';
  await withEndpoint([{ status: 503, headers: { 'retry-after': '1' } }], async ({ port, received, posts }) => {
    await withServer(`http://${secret}@127.0.0.1:${port}/hooks/mail`, {}, async (server) => {
      server.keepSecret(secret);
      const { reader } = await signUpReader(server);
      await askForReset(server, reader.email);
      const resets = () => posts().filter(({ body }) => body.type === 'reset-password');
      await until('the reset to arrive', () => resets().length > 0, LATER);
      await server.mailQueueIsEmpty();
      const [{ headers, path, body }] = resets();
      assert.equal(path, '/hooks/mail');
      assert.equal(headers.authorization, `Bearer ${secret}`);
      assert.equal(headers['idempotency-key'], body.id);
      assert.equal(body.to, reader.email);
      server.keepSecret(new URL(body.url).searchParams.get('token') ?? new URL(body.url).pathname.split('/').pop());
      // What was refused for now came again as it was.
      const [first] = posts();
      assert.equal(posts().filter(({ body: { id } }) => id === first.body.id).length, 2);
      assert.equal(received.filter(({ method }) => method === 'HEAD').length, 1, 'the check at start');
      await until('the check to be logged', () => server.log.includes(`mail goes to 127.0.0.1:${port}`));
    });
  });
});

test('the start tells a wrong password from a port where nobody listens', async () => {
  const port = await freePort();
  await withServer(`smtp://127.0.0.1:${port}`, {}, (server) =>
    until('the check to be logged', () => server.log.includes('no mail server listens at'), { within: 10_000 }),
  );
  await withMailServer({ user: 'ada', password: 'the-right-password' }, async (mail) => {
    const url = mail.url.replace('the-right-password', 'a-wrong-password');
    await withServer(url, {}, async (server) => {
      server.keepSecret('a-wrong-password');
      await until('the check to be logged', () => server.log.includes('refuses the user or the password'), { within: 10_000 });
    });
  });
});

test('messages of a server that was dead arrive after a restart of Bookplate', async () => {
  const port = await freePort();
  await withServer(`smtp://127.0.0.1:${port}`, {}, async (server) => {
    const { reader } = await signUpReader(server);
    await askForReset(server, reader.email);
    await until('a try that fails', () => server.log.includes('mail not accepted yet'));
    await server.stop();
    await withMailServer({ port }, async (mail) => {
      await server.boot();
      linkOf(server, await mail.message(reader.email, RESET, LATER));
      const resets = mail.messages.filter((message) => message.headers.subject.startsWith(RESET));
      assert.equal(resets.length, 1, 'once');
    });
  });
});

test('a message that is refused for now arrives later', async () => {
  await withMailServer({}, async (mail) => {
    await withServer(mail.url, {}, async (server) => {
      const { reader } = await signUpReader(server);
      await mail.message(reader.email, '');
      await mail.behave({ reply: '451 4.3.0 greylisted', times: 1 });
      await askForReset(server, reader.email);
      linkOf(server, await mail.message(reader.email, RESET, LATER));
      assert.equal(mail.attempts, 3, 'the message of the sign-up, and the other one twice');
    });
  });
});

test('a message that is refused for good is not attempted again, and keeps no other from arriving', async () => {
  await withMailServer({}, async (mail) => {
    await withServer(mail.url, {}, async (server) => {
      const { reader } = await signUpReader(server);
      await mail.message(reader.email, '');
      await mail.behave({ reply: '550 5.1.1 no such mailbox', times: 1 });
      await askForReset(server, reader.email);
      await until('the refusal', () => mail.attempts === 2);
      const other = await signUpReader(server);
      await mail.message(other.reader.email, '');
      await askForReset(server, other.reader.email);
      linkOf(server, await mail.message(other.reader.email, RESET));
      assert.equal(mail.attempts, 4);
      assert.ok(!server.log.includes(reader.email), 'the log holds no address');
    });
  });
});

// A server that is told to stop does not wait for it either: `discard` insists on its end.
for (const [name, behavior] of [
  ['says nothing', { hang: true }],
  ['hangs up', { close: true }],
]) {
  test(`no request waits for a mail server that ${name}`, async () => {
    await withMailServer({}, async (mail) => {
      await mail.behave(behavior);
      await withServer(mail.url, {}, async (server) => {
        const { reader } = await signUpReader(server);
        await until('the server to have tried', () => mail.attempts > 0);
        const before = performance.now();
        await askForReset(server, reader.email);
        await askForReset(server, newReader().email);
        assert.ok(performance.now() - before < 5_000, 'far less than a mail server is given');
        assert.equal(mail.messages.length, 0);
      });
    });
  });
}
