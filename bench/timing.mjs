// Does timing reveal whether an address has an account? Known and unknown addresses alternate, one request at a time.
import http from 'node:http';
import { newReader } from '../end2end/harness/readers.mjs';
import { startServer } from '../end2end/harness/server.mjs';
import { ask, option, spread } from './timed-request.mjs';

const TRIES = Number(option('tries', 200));
const database = option('database', 'sqlite');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const env = { BOOKPLATE_LIMIT_RECIPIENT: 'off', BOOKPLATE_LOG: 'warn' };

/** Alternates both kinds of request; the order changes each time, so that neither benefits from the other. */
async function compare(name, server, known, unknown, expected) {
  const took = { known: [], unknown: [] };
  for (let round = -5; round < TRIES; round += 1) {
    const turns = [
      ['known', known],
      ['unknown', unknown],
    ];
    for (const [kind, request] of round % 2 ? turns : turns.reverse()) {
      const answer = await ask(server, agent, ...request(round + 5));
      if (answer.status !== expected) throw new Error(`${name}, ${kind}: ${answer.status} instead of ${expected}`);
      if (round >= 0) took[kind].push(answer.took);
    }
  }
  console.log(`${name} (${database}, ${TRIES} tries each, ms)`);
  for (const [kind, values] of Object.entries(took)) console.log(`  ${kind.padEnd(8)}${spread(values)}`);
}

const nobody = () => newReader().email;
const plain = await startServer({ database, env });
const strict = await startServer({ database, env: { ...env, BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' } });
try {
  const reader = newReader();
  await ask(plain, agent, '/sign-up/email', reader);
  await ask(strict, agent, '/sign-up/email', reader);
  const attempt = (email) => ['/sign-in/email', { email, password: 'not-the-password-at-all' }];
  await compare('sign-in', plain, () => attempt(reader.email), () => attempt(nobody()), 401);
  const signUp = (email) => ['/sign-up/email', { ...newReader(), email }];
  await compare('sign-up with required verification', strict, () => signUp(reader.email), () => signUp(nobody()), 200);
  const reset = (email) => ['/request-password-reset', { email }];
  await compare('password reset', plain, () => reset(reader.email), () => reset(nobody()), 200);
} finally {
  agent.destroy();
  await plain.discard();
  await strict.discard();
}
