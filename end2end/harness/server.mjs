// Starts a Bookplate server with its own folder, database, port, environment and secret.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { createDatabase } from './database.mjs';
import { Outbox } from './outbox.mjs';
import { final, until } from './poll.mjs';
import { Program, freePort, createFolder, removeFolder, writeFiles } from './program.mjs';

/** All requests of a suite come from one IP address, so rate limits are off … */
const UNLIMITED = {
  BOOKPLATE_LIMIT_SIGN_IN: 'off',
  BOOKPLATE_LIMIT_MAIL: 'off',
  BOOKPLATE_LIMIT_ACCOUNT: 'off',
  BOOKPLATE_LIMIT_RECIPIENT: 'off',
  BOOKPLATE_LIMIT_REQUESTS: 'off',
  BOOKPLATE_LIMIT_CONVERSATIONS: 'off',
};

/** … unless a test wants the default limits: `env: { ...defaultLimits }`. */
export const defaultLimits = Object.fromEntries(Object.keys(UNLIMITED).map((name) => [name, undefined]));

/**
 * Starts a server and waits until it answers.
 *
 * - `database`: "sqlite" (default), "postgres", or the `database` of another server to share it
 * - `env`: additional variables; `undefined` removes a default one
 * - `files`: files in its working folder, such as `bookplate.toml` or `.env`
 * - `args`: command-line arguments
 *
 * `env` and `files` may be functions of `{ port, databaseUrl }`.
 */
export async function startServer(options = {}) {
  const server = await Server.prepare(options);
  try {
    await server.boot();
  } catch (error) {
    await server.discard().catch(() => {});
    throw error;
  }
  return server;
}

export class Server {
  static async prepare({ database = 'sqlite', env = {}, files = {}, args = [] }) {
    const port = await freePort();
    const folder = createFolder();
    const shared = typeof database === 'object';
    const data = shared ? database : await createDatabase(database, folder);
    const given = (value) => (typeof value === 'function' ? value({ port, databaseUrl: data.url }) : value);
    writeFiles(folder, given(files));
    return new Server({ folder, database: data, shared, port, args, env: given(env) });
  }

  constructor({ folder, database, shared, port, args, env }) {
    Object.assign(this, { folder, database, shared, port, args });
    this.env = {
      HOST: '127.0.0.1',
      PORT: String(port),
      BOOKPLATE_URL: `http://localhost:${port}`,
      DATABASE_URL: database.url,
      BOOKPLATE_SECRET: randomBytes(24).toString('hex'),
      BOOKPLATE_OUTBOX: join(folder, 'outbox.jsonl'),
      ...UNLIMITED,
      ...env,
    };
    const { BOOKPLATE_OUTBOX } = this.env;
    /** The mails it has sent; `undefined` if a test has removed the outbox. */
    this.outbox = BOOKPLATE_OUTBOX && new Outbox(BOOKPLATE_OUTBOX, (mail) => this.keepSecret(mail.token));
    /** Its public origin. */
    this.origin = (this.env.BOOKPLATE_URL ?? this.env.BETTER_AUTH_URL ?? `http://localhost:${port}`).replace(/\/$/, '');
    /** Passwords and tokens that must never appear in its log. */
    this.secrets = new Set();
    this.earlierLogs = '';
  }

  async boot() {
    this.program = new Program({ args: this.args, env: this.env, folder: this.folder });
    await until('the server to answer /api/auth/ok', () => {
      const { ended } = this.program;
      if (ended) throw final(`the server ended with ${ended.code ?? ended.signal} at its start:\n${ended.output}`);
      return this.answers();
    });
  }

  /** GETs /api/auth/ok on the loopback address, with the public host name. */
  answers() {
    return new Promise((resolve) => {
      const { host } = new URL(this.origin);
      const question = { host: '127.0.0.1', port: this.port, path: '/api/auth/ok', headers: { host }, agent: false };
      const request = http.get(question, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode === 200));
      });
      request.on('error', () => resolve(false));
    });
  }

  /** The address of the page of mails that are not sent, which is logged at the start and nowhere else. */
  get outboxPage() {
    return [...this.log.matchAll(/ and mail at (\S+\/dev\/outbox\?key=\S+)/g)].at(-1)?.[1];
  }

  /** Its output since the first start. */
  get log() {
    return this.earlierLogs + (this.program?.output ?? '');
  }

  /** Sends SIGTERM. It must exit with code 0. */
  async stop() {
    if (!this.program) return;
    const { program } = this;
    program.signal('SIGTERM');
    const { code, signal, output } = await program.finish();
    this.earlierLogs += output;
    this.program = undefined;
    assert.equal(code, 0, `SIGTERM must end the server with code 0, not ${code ?? signal}; it said:\n${output}`);
  }

  /** Sends SIGKILL. */
  async kill() {
    const { program } = this;
    program.signal('SIGKILL');
    this.earlierLogs += (await program.end).output;
    this.program = undefined;
  }

  /** Stops it and starts it again on the same data, port and settings. */
  async restart() {
    await this.stop();
    await this.boot();
  }

  /** Stops it, removes its folder and database, and checks that its log contains no secret. */
  async discard() {
    try {
      await this.stop();
    } finally {
      if (!this.shared) await this.database.drop();
      removeFolder(this.folder);
    }
    this.assertLogKeepsSecrets();
  }

  /** Registers a password or token that the log must not contain. Short ones are ignored: they may be ordinary words. */
  keepSecret(value) {
    if (typeof value === 'string' && value.length >= 12) this.secrets.add(value);
  }

  assertLogKeepsSecrets() {
    const { log } = this;
    for (const secret of [...this.secrets, this.env.BOOKPLATE_SECRET]) {
      if (!secret) continue;
      const place = log.indexOf(secret);
      assert.equal(place, -1, `the log holds a secret: …${log.slice(Math.max(0, place - 120), place)}[HERE]`);
    }
  }

  /** Waits until the mail queue is empty. Only then does the outbox prove that a mail was not sent. */
  async mailQueueIsEmpty() {
    await until('the mail queue to be empty', async () => {
      const [{ count }] = await this.query('select count(*) as count from bookplate_mails');
      return count === 0;
    });
  }

  query(sql, parameters) {
    return this.database.query(sql, parameters);
  }
}
