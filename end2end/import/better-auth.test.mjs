// Moving in from Better Auth: its own package has written the database, the built program reads it, and its own client
// signs in afterwards.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { binary } from '../harness/environment.mjs';
import { newReader, signInReader } from '../harness/readers.mjs';
import { Server } from '../harness/server.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { BetterAuthServer } from './better-auth-server.mjs';

const CLASH = 'clash@readers.example.com';

for (const place of ['another database', 'the database they share']) {
  describe(`into ${place}`, () => {
    let betterAuthServer, server, readers, untouched;

    before(async () => {
      betterAuthServer = await BetterAuthServer.create();
      readers = await populate(betterAuthServer);
      const database = place === 'another database' ? 'sqlite' : betterAuthServer.database;
      server = await Server.prepare({ database });
      untouched = await betterAuthServer.rows();
    });

    after(async () => {
      await server.discard();
      await betterAuthServer.drop();
    });

    const run = (...args) => bookplate(server, args);
    const importing = (...more) => {
      const { status, stdout, stderr } = run('import', 'better-auth', '--from', betterAuthServer.database.url, '--json', ...more);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
    const count = async (table) => Number((await server.query(`select count(*) as many from ${table}`))[0].many);

    test('a dry run writes nothing and reports what the import will do', async () => {
      const dry = importing('--dry-run');
      for (const table of ['users', 'accounts', 'events']) assert.equal(await count(`bookplate_${table}`), 0, table);
      assert.equal(dry.dryRun, true);
      const wet = importing();
      assert.deepEqual({ ...dry, dryRun: false }, wet);
      assert.equal(await count('bookplate_users'), wet.imported);
      assert.equal(await count("bookplate_events where kind = 'import'"), wet.imported);
      assert.deepEqual(wet.passwords, { scrypt: 5, bcrypt: 1, argon2id: 0, none: 1, unknown: 1 });
      assert.deepEqual(wet.answers.experienceLevel, { kept: 7, refused: 1, missing: 1, refusedValues: { wizard: 1 } });
      assert.deepEqual(wet.fieldsNotKept, { favouriteColour: 1, role: 8 });
      assert.deepEqual([wet.unconfirmed, wet.banned, wet.namesCut], [5, 1, 1]);
    });

    test('the report lists what was imported, what was skipped, and why', () => {
      const report = importing('--dry-run');
      // A second run finds everyone there; who was left out is left out again.
      assert.equal(report.found, 11);
      assert.equal(report.imported, 0);
      assert.equal(report.alreadyThere, 8);
      const reasons = Object.fromEntries(report.leftOut.map(({ id, reason }) => [id, reason]));
      assert.deepEqual(reasons, { 'odd-address': 'address', 'other-case': 'addressTaken', 'odd id': 'id' });
      assert.equal(report.rowsNotRead['account of github'], 1);
      assert.equal(report.rowsNotRead.session, untouched.session.length);
      const { stdout } = run('import', 'better-auth', '--from', betterAuthServer.database.url, '--dry-run');
      assert.match(stdout, /^Nothing was written\./);
      assert.match(stdout, /ada@localhost \(id odd-address\): this address cannot be used here/);
    });

    test('profiles, ids, answers, dates and verification states are unchanged', async () => {
      const rows = await server.query('select * from bookplate_users order by id');
      const { scrypt, verified, choosy } = readers;
      const found = (reader) => rows.find(({ id }) => id === reader.id);
      for (const reader of [scrypt, verified, readers.bcrypt, readers.social]) {
        const there = untouched.user.find(({ id }) => id === reader.id);
        const here = found(reader);
        assert.equal(here.email, reader.email.toLowerCase());
        assert.equal(here.name, there.name);
        assert.equal(Boolean(here.email_verified), there.emailVerified);
        assert.equal(Number(here.created_at), there.createdAt.getTime());
        assert.equal(Number(here.updated_at), there.updatedAt.getTime());
        assert.equal(here.unverified_since === null, there.emailVerified);
      }
      assert.deepEqual(answersOf(found(verified)), {
        experienceLevel: 'advanced',
        organization: 'Analytical Society',
        professionalRole: 'other',
        roleOther: 'engine whisperer',
      });
      assert.deepEqual(answersOf(found(choosy)), { professionalRole: 'developer' });
      assert.equal(Boolean(found(verified).email_verified), true);
      assert.equal(Boolean(found(scrypt).email_verified), false);
    });

    test('users sign in with their old password, which is then hashed with argon2id', async () => {
      await server.boot();
      for (const reader of [readers.scrypt, readers.verified, readers.bcrypt]) {
        const before = await passwordOf(server, reader.id);
        assert.equal(before, untouched.account.find(({ userId }) => userId === reader.id).password);
        const refused = await new HttpClient(server).client().signIn.email({ ...reader, password: newReader().password });
        assert.equal(refused.error.code, 'INVALID_EMAIL_OR_PASSWORD');
        assert.equal(await passwordOf(server, reader.id), before);
        const { user } = await signInReader(server, reader);
        assert.equal(user.id, reader.id);
        assert.equal(user.experienceLevel, reader.experienceLevel);
        assert.match(await passwordOf(server, reader.id), /^\$argon2id\$/);
        await signInReader(server, reader);
      }
    });

    test('a banned account stays banned', async () => {
      const { error } = await new HttpClient(server).client().signIn.email(readers.banned);
      assert.equal(error.code, 'BANNED_USER');
      const show = JSON.parse(run('user', 'show', readers.banned.id, '--json').stdout);
      assert.equal(show.banReason, 'Posts advertisements');
      assert.equal(show.banned, true);
    });

    test('a ban ends sessions at once, and lifting it allows sign-in again', async () => {
      const { client } = await signInReader(server, readers.choosy);
      assert.equal(run('user', 'ban', readers.choosy.email, '--until', '7d').status, 0);
      assert.equal((await client.getSession()).data, null);
      const { error } = await new HttpClient(server).client().signIn.email(readers.choosy);
      assert.equal(error.code, 'BANNED_USER');
      assert.equal(run('user', 'unban', readers.choosy.id).status, 0);
      await signInReader(server, readers.choosy);
    });

    test('a user without an importable password sets one with a link', async () => {
      for (const reader of [readers.unknown, readers.social]) {
        assert.equal(await passwordOf(server, reader.id), null);
        const { resetLink } = JSON.parse(run('user', 'reset-link', reader.email, '--json').stdout);
        const token = new URL(resetLink).searchParams.get('token');
        server.keepSecret(token);
        const { password: newPassword } = newReader();
        const { error } = await new HttpClient(server).client().resetPassword({ newPassword, token });
        assert.equal(error, null);
        const { user } = await signInReader(server, { email: reader.email, password: newPassword });
        assert.equal(user.id, reader.id);
      }
    });

    test('a second import changes nothing, not even what users have changed since', async () => {
      const { client } = await signInReader(server, readers.verified);
      const { error } = await client.updateUser({ name: 'Ada of the Engine' });
      assert.equal(error, null);
      const all = async () => {
        const rows = {};
        for (const table of ['users', 'accounts', 'events'])
          rows[table] = await server.query(`select * from bookplate_${table} order by id`);
        return rows;
      };
      const before = await all();
      const report = importing();
      assert.equal(report.imported, 0);
      assert.equal(report.alreadyThere, 8);
      assert.deepEqual(await all(), before);
    });

    test("Better Auth's own tables are unchanged", async () => {
      assert.deepEqual(await betterAuthServer.rows(), untouched);
    });
  });
}

test("a database that is not Better Auth's is rejected, without printing its password", async () => {
  const server = await Server.prepare({ database: 'postgres' });
  try {
    const empty = new URL(server.database.url);
    empty.password = 'not-to-be-told';
    for (const [from, sentence] of [
      [empty.href, /this is not a database of Better Auth: it has no table "user"/],
      ['postgres://reader:not-to-be-told@127.0.0.1:1/books', /cannot open the database postgres:\/\/127\.0\.0\.1:1\/books/],
      ['mysql://reader:not-to-be-told@localhost/books', /--from takes the address of a PostgreSQL database/],
    ]) {
      const { status, stdout, stderr } = bookplate(server, ['import', 'better-auth', '--from', from]);
      assert.equal(status, 1, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /not-to-be-told/);
    }
  } finally {
    await server.discard();
  }
});

/** Users of every kind, including rows that Better Auth itself would not write. */
async function populate(betterAuthServer) {
  const readers = {
    scrypt: await betterAuthServer.signUp({ email: `Ada.Upper.${Date.now()}@readers.example.com` }),
    verified: await betterAuthServer.signUp(
      {
        experienceLevel: 'advanced',
        professionalRole: 'other',
        roleOther: 'engine whisperer',
        organization: 'Analytical Society',
        favouriteColour: 'brass',
      },
      { verified: true },
    ),
    bcrypt: await betterAuthServer.signUp({}, { kind: 'bcrypt' }),
    unknown: await betterAuthServer.signUp({}, { kind: 'unknown' }),
    choosy: await betterAuthServer.signUp({ experienceLevel: 'wizard', name: 'Two\nlines' }),
    banned: await betterAuthServer.signUp(),
    clash: await betterAuthServer.signUp({ email: CLASH }, { verified: true }),
    social: await betterAuthServer.social('mona@readers.example.com'),
  };
  await betterAuthServer.update(readers.banned.id, { banned: true, banReason: 'Posts advertisements' });
  for (const [id, email] of [
    ['odd-address', 'ada@localhost'],
    ['other-case', CLASH.toUpperCase()],
    ['odd id', 'blank@readers.example.com'],
  ]) {
    const columns = '"id", "email", "name", "emailVerified", "experienceLevel", "professionalRole"';
    await betterAuthServer.query(`insert into "user" (${columns}) values ($1, $2, '', false, 'beginner', 'other')`, [id, email]);
  }
  return readers;
}

/** Runs the program with the settings of a server: `{ status, stdout, stderr }`. */
function bookplate({ env, folder }, args) {
  const given = Object.entries(env).filter(([, value]) => value !== undefined);
  const coverage = process.env.LLVM_PROFILE_FILE ? { LLVM_PROFILE_FILE: process.env.LLVM_PROFILE_FILE } : {};
  const options = { cwd: folder, env: { ...Object.fromEntries(given), ...coverage }, encoding: 'utf8' };
  return spawnSync(binary, args, options);
}

async function passwordOf(server, id) {
  const rows = await server.query('select password_hash from bookplate_accounts where user_id = $1', [id]);
  return rows[0].password_hash;
}

function answersOf({ answers }) {
  return typeof answers === 'string' ? JSON.parse(answers) : answers;
}
