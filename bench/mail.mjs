// Does an unreachable mail server slow down sign-in? Each sign-in comes from a new device and queues a notice.
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../end2end/harness/program.mjs';
import { newReader } from '../end2end/harness/readers.mjs';
import { startServer } from '../end2end/harness/server.mjs';
import { startMailServer } from '../end2end/harness/smtp.mjs';
import { ask, option, spread } from './timed-request.mjs';

const RATE = Number(option('rate', 20));
const SECONDS = Number(option('seconds', 60));
const database = option('database', 'sqlite');

/** Sign-ins at a constant rate, whether or not earlier ones have finished. */
async function load(name, smtp) {
  const env = { BOOKPLATE_MAIL_URL: smtp, BOOKPLATE_OUTBOX: undefined, BOOKPLATE_LOG: 'error' };
  const server = await startServer({ database, env });
  const agent = new http.Agent({ keepAlive: true });
  try {
    const readers = Array.from({ length: 20 }, () => newReader());
    for (const reader of readers) await ask(server, agent, '/sign-up/email', reader);
    const begun = performance.now();
    const answers = [];
    for (let count = 0; count < RATE * SECONDS; count += 1) {
      await pause(Math.max(0, begun + (count * 1000) / RATE - performance.now()));
      const { email, password } = readers[count % readers.length];
      answers.push(ask(server, agent, '/sign-in/email', { email, password }));
    }
    const done = await Promise.all(answers);
    const failed = done.filter((answer) => answer.status !== 200).length;
    const times = done.map((answer) => answer.took);
    console.log(`${name} (${database}): ${done.length} sign-ins, ${failed} failed, ms: ${spread(times, [0.5, 0.95, 0.99])}`);
  } finally {
    agent.destroy();
    await server.discard();
  }
}

const alive = await startMailServer();
try {
  await load('mail server up', `smtp://127.0.0.1:${alive.port}`);
} finally {
  await alive.stop();
}
await load('mail server down', `smtp://127.0.0.1:${await freePort()}`);
