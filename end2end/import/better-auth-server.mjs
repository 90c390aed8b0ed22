// A Better Auth server with existing users: the real package creates its own tables and rows.
import assert from 'node:assert/strict';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { admin } from 'better-auth/plugins';
import { compare, hash } from 'bcryptjs';
import pg from 'pg';
import { createDatabase } from '../harness/database.mjs';
import { newReader } from '../harness/readers.mjs';

const ORIGIN = 'http://localhost:3999';
/** Password hashes: Better Auth's own, a supported and an unsupported one. */
const HASHES = {
  scrypt: undefined,
  bcrypt: { hash: (password) => hash(password, 10), verify: ({ hash, password }) => compare(password, hash) },
  unknown: { hash: async (password) => `reversed:${[...password].reverse().join('')}`, verify: async () => false },
};

export class BetterAuthServer {
  /** Creates a database with Better Auth's tables and additional fields. */
  static async create() {
    const database = await createDatabase('postgres');
    const betterAuthServer = new BetterAuthServer(database);
    const { runMigrations } = await getMigrations(betterAuthServer.options('scrypt'));
    await runMigrations();
    return betterAuthServer;
  }

  constructor(database) {
    this.database = database;
    this.pool = new pg.Pool({ connectionString: database.url });
    /** Verification tokens by address. */
    this.tokens = new Map();
    this.servers = new Map();
  }

  options(kind) {
    const field = (required) => ({ type: 'string', required });
    return {
      baseURL: ORIGIN,
      secret: 'the-secret-of-the-former-server-6d1f',
      database: this.pool,
      emailAndPassword: { enabled: true, ...(HASHES[kind] && { password: HASHES[kind] }) },
      emailVerification: {
        sendOnSignUp: true,
        sendVerificationEmail: async ({ user, token }) => void this.tokens.set(user.email, token),
      },
      user: {
        additionalFields: {
          experienceLevel: field(true),
          professionalRole: field(true),
          roleOther: field(false),
          organization: field(false),
          favouriteColour: field(false),
        },
      },
      plugins: [admin()],
      rateLimit: { enabled: false },
      logger: { level: 'error' },
    };
  }

  server(kind) {
    if (!this.servers.has(kind)) this.servers.set(kind, betterAuth(this.options(kind)));
    return this.servers.get(kind);
  }

  /** Signs a user up through Better Auth's own handler, with one kind of password hash. */
  async signUp(changes = {}, { kind = 'scrypt', verified = false } = {}) {
    const reader = newReader(changes);
    const { status, json } = await this.ask(kind, 'POST', '/sign-up/email', reader);
    assert.equal(status, 200, JSON.stringify(json));
    if (verified) {
      const token = this.tokens.get(reader.email.toLowerCase());
      assert.equal((await this.ask(kind, 'GET', `/verify-email?token=${token}`)).status, 200);
    }
    return { ...reader, id: json.user.id };
  }

  async ask(kind, method, path, body) {
    const headers = { origin: ORIGIN, ...(body && { 'content-type': 'application/json' }) };
    const request = new Request(`${ORIGIN}/api/auth${path}`, { method, headers, body: body && JSON.stringify(body) });
    const response = await this.server(kind).handler(request);
    return { status: response.status, json: await response.json() };
  }

  /** Updates a user like Better Auth's plugins do. */
  async update(id, changes) {
    const { internalAdapter } = await this.server('scrypt').$context;
    await internalAdapter.updateUser(id, changes);
  }

  /** Creates a user of a social provider, without a password. */
  async social(email) {
    const { internalAdapter } = await this.server('scrypt').$context;
    const { experienceLevel, professionalRole } = newReader();
    const user = { email, name: 'Mona', emailVerified: true, experienceLevel, professionalRole };
    const created = await internalAdapter.createUser(user);
    await internalAdapter.linkAccount({ userId: created.id, providerId: 'github', accountId: '583231' });
    return { ...user, id: created.id };
  }

  query(sql, parameters) {
    return this.database.query(sql, parameters);
  }

  /** Every row of Better Auth's tables. */
  async rows() {
    const rows = {};
    for (const table of ['user', 'account', 'session', 'verification'])
      rows[table] = await this.query(`select * from "${table}" order by id`);
    return rows;
  }

  async drop() {
    await this.pool.end();
    await this.database.drop();
  }
}
