// How often one may try: by network address, by account, by recipient; counted together by all servers of a database.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../harness/poll.mjs';
import { newReader, signedIn, signedUp } from '../harness/readers.mjs';
import { ownLimits, startServer } from '../harness/server.mjs';
import { Visitor } from '../harness/visitor.mjs';

const BEHIND_A_PROXY = { BOOKPLATE_TRUSTED_PROXIES: '127.0.0.1' };
const SENTENCE = 'Too many requests. Please try again later.';
const OFF = 'off';

let addresses = 0;
/** An address no other test has used (RFC 5737, RFC 3849). */
const newAddress = () => `198.51.100.${(addresses += 1)}`;

async function withServer(options, use) {
  const server = await startServer(options);
  try {
    return await use(server);
  } finally {
    await server.discard();
  }
}

/** A sign-in from an address, as a proxy passes it on. */
function attempt(server, from, { email, password } = newReader(), visitor = new Visitor(server)) {
  return visitor.api('POST', '/sign-in/email', { json: { email, password }, headers: { 'x-forwarded-for': from } });
}

const statuses = (answers) => answers.map(({ status }) => status);

function assertTooMany(answer, atMost) {
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.json.message, SENTENCE);
  const seconds = Number(answer.headers.get('retry-after'));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= atMost, `Retry-After: ${seconds}`);
  assert.equal(answer.headers.get('x-retry-after'), String(seconds));
}

for (const database of ['sqlite', 'postgres']) {
  describe(`on ${database}`, () => {
    const env = { ...ownLimits, ...BEHIND_A_PROXY };

    test('security_25_the fourth sign-in in ten seconds waits, whoever it is for', async () => {
      await withServer({ database, env }, async (server) => {
        const [one, other] = [newAddress(), newAddress()];
        for (let time = 0; time < 3; time += 1) assert.equal((await attempt(server, one)).status, 401);
        assertTooMany(await attempt(server, one), 10);
        const alias = await new Visitor(server).api('POST', '/signin/email', {
          json: { email: newReader().email, password: 'Not-the-password-1' },
          headers: { 'x-forwarded-for': one },
        });
        assertTooMany(alias, 10);
        const form = await new Visitor(server).request('POST', '/sign-in', {
          form: { email: newReader().email, password: 'Not-the-password-1' },
          headers: { 'x-forwarded-for': one, accept: 'text/html' },
        });
        assert.equal(form.status, 429);
        assert.match(form.text, /Too many tries\. Wait/);
        assert.equal((await attempt(server, other)).status, 401, 'another client');
        const read = await new Visitor(server).api('GET', '/get-session', { headers: { 'x-forwarded-for': one } });
        assert.equal(read.status, 200, 'other things can be done meanwhile');
      });
    });

    test('security_25_sign-ins at the same moment do not slip past it', async () => {
      await withServer({ database, env }, async (server) => {
        const from = newAddress();
        const answers = await Promise.all(Array.from({ length: 12 }, () => attempt(server, from)));
        assert.equal(statuses(answers).filter((status) => status !== 429).length, 3, `${statuses(answers)}`);
      });
    });

    test('security_25_two servers of one database count together', async () => {
      await withServer({ database, env }, async (one) => {
        const same = { ...env, BOOKPLATE_SECRET: one.env.BOOKPLATE_SECRET };
        await withServer({ database: one.database, env: same }, async (two) => {
          const from = newAddress();
          const answers = [await attempt(one, from), await attempt(two, from), await attempt(one, from)];
          assert.deepEqual(statuses(answers), [401, 401, 401]);
          assertTooMany(await attempt(two, from), 10);
          assertTooMany(await attempt(one, from), 10);
        });
      });
    });

    test('security_26_guessing at an account keeps its reader out of no browser that it knows', async () => {
      const guessing = { ...env, BOOKPLATE_LIMIT_SIGN_IN: OFF, BOOKPLATE_LIMIT_ACCOUNT: '4/900' };
      await withServer({ database, env: guessing }, async (server) => {
        const { reader, visitor } = await signedUp(server);
        const wrong = { ...reader, password: 'Not-the-password-1' };
        for (let time = 0; time < 4; time += 1) assert.equal((await attempt(server, newAddress(), wrong)).status, 401);
        assertTooMany(await attempt(server, newAddress(), wrong), 900);
        assertTooMany(await attempt(server, newAddress(), reader), 900);
        assert.equal((await attempt(server, newAddress(), reader, visitor)).status, 200, 'where it was opened');
        const unknown = newReader();
        for (let time = 0; time < 4; time += 1) await attempt(server, newAddress(), unknown);
        assertTooMany(await attempt(server, newAddress(), unknown), 900);
        assert.equal((await attempt(server, newAddress())).status, 401, 'another account');
      });
    });
  });
}

test('security_25_an address that a client makes up counts for nothing', async () => {
  await withServer({ env: { ...ownLimits } }, async (server) => {
    for (let time = 0; time < 3; time += 1) assert.equal((await attempt(server, newAddress())).status, 401);
    assertTooMany(await attempt(server, newAddress()), 10);
  });
  await withServer({ env: { ...ownLimits, ...BEHIND_A_PROXY } }, async (server) => {
    const behind = newAddress();
    for (let time = 0; time < 3; time += 1) {
      assert.equal((await attempt(server, `${newAddress()}, ${behind}`)).status, 401);
    }
    assertTooMany(await attempt(server, `${newAddress()}, ${behind}`), 10);
    const network = ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::3'];
    for (const address of network) assert.equal((await attempt(server, address)).status, 401);
    assertTooMany(await attempt(server, '2001:db8:1:2:1:2:3:4'), 10);
    assert.equal((await attempt(server, '2001:db8:1:3::1')).status, 401, 'the next network');
  });
});

test('security_25_the count and the time can be set: 5 in 60 seconds', async () => {
  await withServer({ env: { ...ownLimits, ...BEHIND_A_PROXY, BOOKPLATE_LIMIT_SIGN_IN: '5/60' } }, async (server) => {
    const from = newAddress();
    for (let time = 0; time < 5; time += 1) assert.equal((await attempt(server, from)).status, 401);
    const sixth = await attempt(server, from);
    assertTooMany(sixth, 60);
    assert.ok(Number(sixth.headers.get('retry-after')) > 10);
  });
});

test('security_27_one mailbox gets so many letters an hour, whoever asks for them', async () => {
  const env = { BOOKPLATE_LIMIT_RECIPIENT: '2/3600' };
  await withServer({ env }, async (server) => {
    const { reader } = await signedUp(server);
    const other = await signedUp(server);
    const ask = async (path, email) => {
      const answer = await new Visitor(server).api('POST', path, { json: { email } });
      assert.equal(answer.status, 200, 'never tells');
      // A link that is asked for again before it is written is written once.
      await server.mailHasPassed();
    };
    const count = (to, type = 'reset-password') => server.outbox.letters({ type, to }).length;
    for (let time = 0; time < 5; time += 1) await ask('/send-verification-email', reader.email);
    assert.equal(count(reader.email, 'verify-email'), 2, 'the one of the sign-up among them');
    for (let time = 0; time < 5; time += 1) await ask('/request-password-reset', reader.email);
    assert.equal(count(reader.email), 2, 'each kind for itself');
    await ask('/request-password-reset', other.reader.email);
    assert.equal(count(other.reader.email), 1);
  });
});

test('security_27_the current password cannot be guessed in a session either', async () => {
  const env = { BOOKPLATE_LIMIT_ACCOUNT: '4/900' };
  await withServer({ env }, async (server) => {
    const here = await signedUp(server);
    const { password: newPassword } = newReader();
    const json = { currentPassword: 'Wrong-1-2-3', newPassword };
    const guess = () => here.visitor.api('POST', '/change-password', { json });
    for (let time = 0; time < 4; time += 1) assert.equal((await guess()).status, 400);
    assertTooMany(await guess(), 900);
    assert.equal((await signedIn(server, here.reader)).user.id, here.user.id, 'its reader gets in elsewhere');
  });
});

test('security_26_a refused client is answered again when its time is over', async () => {
  const env = { ...ownLimits, ...BEHIND_A_PROXY, BOOKPLATE_LIMIT_SIGN_IN: '1/1' };
  await withServer({ env }, async (server) => {
    const from = newAddress();
    assert.equal((await attempt(server, from)).status, 401);
    assertTooMany(await attempt(server, from), 1);
    await until('the second to be over', async () => (await attempt(server, from)).status === 401);
  });
});
