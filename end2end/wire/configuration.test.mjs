// What an operator sets, and what the program says when that cannot work.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { randomBytes } from 'node:crypto';
import { freePort, createFolder, removeFolder, runToEnd } from '../harness/program.mjs';
import { isSignedIn, signUpReader } from '../harness/readers.mjs';
import { rawGet } from '../harness/raw-request.mjs';
import { startServer } from '../harness/server.mjs';

const newSecret = () => randomBytes(24).toString('hex');
const times = (text, word) => text.split(word).length - 1;

/** Runs `body` with a server and discards it whatever happens. */
async function withServer(options, body) {
  const server = await startServer(options);
  try {
    await body(server);
  } finally {
    await server.discard();
  }
}

/** The program must refuse to start and name each of these words. */
async function assertRefuses(env, words, secrets = []) {
  const { code, signal, output } = await runToEnd({ env: { PORT: String(await freePort()), ...env } });
  assert.ok(code > 0 && !signal, `it must end with an error, not ${code ?? signal}`);
  for (const word of words) assert.ok(output.includes(word), `"${word}" is missing in:\n${output}`);
  assert.doesNotMatch(output, /panicked|stack backtrace/);
  for (const secret of secrets) assert.ok(!output.includes(secret), 'the secret is printed');
}

describe('the command line', () => {
  test('--help names the commands and the options', async () => {
    const { code, output } = await runToEnd({ args: ['--help'] });
    assert.equal(code, 0);
    for (const word of ['migrate', 'serve', '--env-file', '--version']) assert.ok(output.includes(word), word);
  });

  test('--version is the name and the number', async () => {
    const { code, output } = await runToEnd({ args: ['--version'] });
    assert.equal(code, 0);
    assert.match(output, /^bookplate \d+\.\d+\.\d+\S*\n$/);
  });

  test('an unknown argument is refused with a hint', async () => {
    const { code, output } = await runToEnd({ args: ['--no-such-option'] });
    assert.ok(code > 0);
    assert.match(output, /--help/);
  });
});

describe('a configuration that cannot work', () => {
  test('is refused with all its problems together', async () => {
    const short = 'too-short-a-secret';
    await assertRefuses(
      {
        PORT: 'http',
        DATABASE_URL: 'mysql://root@localhost/books',
        BOOKPLATE_SECRET: short,
        BOOKPLATE_JWT_ALGORITHM: 'none',
        BOOKPLATE_TRUSTED_ORIGINS: 'not an origin',
        BOOKPLATE_TRUSTED_PROXIES: '10.0.0.0/99',
      },
      [
        'PORT',
        'DATABASE_URL',
        'BOOKPLATE_SECRET',
        'BOOKPLATE_JWT_ALGORITHM',
        'BOOKPLATE_TRUSTED_ORIGINS',
        'BOOKPLATE_TRUSTED_PROXIES',
      ],
      [short],
    );
  });

  test('with a secret from an example is refused', async () => {
    const known = ['better-auth-secret-12345678901234567890', ...exampleSecrets()];
    for (const secret of known) {
      await assertRefuses({ BOOKPLATE_SECRET: secret }, ['BOOKPLATE_SECRET']);
    }
  });

  test('with a public origin and no secret is refused', async () => {
    await assertRefuses({ BOOKPLATE_URL: 'https://accounts.example.com' }, ['BOOKPLATE_SECRET']);
  });

  test('with PostgreSQL and no secret is refused', async () => {
    await assertRefuses({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, ['BOOKPLATE_SECRET']);
  });

  test('with a public origin that is none is refused', async () => {
    for (const url of ['accounts.example.com', 'ftp://accounts.example.com', 'https://accounts.example.com/path?x=1']) {
      await assertRefuses({ BOOKPLATE_URL: url, BOOKPLATE_SECRET: newSecret() }, ['BOOKPLATE_URL']);
    }
  });

  test('with a file that is not there or cannot be read is refused', async () => {
    await assertRefuses({ BOOKPLATE_CONFIG: 'nowhere.toml' }, ['nowhere.toml']);
    const files = { 'bookplate.toml': '[[questions]\nname = ' };
    const { code, output } = await runToEnd({ env: { PORT: String(await freePort()) }, files });
    assert.ok(code > 0);
    assert.match(output, /bookplate\.toml/);
  });

  test('with a token lifetime over an hour is refused', async () => {
    await assertRefuses({ BOOKPLATE_JWT_LIFETIME: '3601' }, ['BOOKPLATE_JWT_LIFETIME']);
  });

  test('with a database out of reach ends with a sentence that does not repeat its password', async () => {
    const env = { DATABASE_URL: 'postgres://reader:Hidden-tulip-9@127.0.0.1:1/none', BOOKPLATE_SECRET: newSecret() };
    await assertRefuses(env, [], ['Hidden-tulip-9']);
  });
});

describe('settings', () => {
  test('need nothing at all: the secret is made, kept to the owner, and serves the next start', async () => {
    await withServer(
      { env: { BOOKPLATE_SECRET: undefined, DATABASE_URL: undefined, BOOKPLATE_URL: undefined } },
      async (server) => {
        const data = join(server.folder, 'data');
        assert.ok(existsSync(join(data, 'bookplate.db')));
        const kept = readdirSync(data).filter((name) => !name.startsWith('bookplate.db'));
        const modes = kept.map((name) => [name, statSync(join(data, name)).mode & 0o077]);
        assert.ok(
          modes.some(([name, others]) => /secret/.test(name) && others === 0),
          JSON.stringify(modes),
        );
        const reader = await signUpReader(server);
        await server.restart();
        assert.ok(await isSignedIn(reader));
      },
    );
  });

  test('are read from .env, and from the file --env-file names', async () => {
    const text = (port) => `# shared\nUNKNOWN_TO_US=1\nBOOKPLATE_SECRET="${newSecret()}"\nPORT=${port}\n`;
    for (const [name, args] of [
      ['.env', []],
      ['shared.env', ['--env-file', 'shared.env']],
    ]) {
      const env = { BOOKPLATE_SECRET: undefined, BOOKPLATE_URL: undefined, PORT: undefined };
      await withServer({ env, args, files: ({ port }) => ({ [name]: text(port) }) }, async (server) => {
        assert.ok(await isSignedIn(await signUpReader(server)), name);
      });
    }
  });

  test('of the environment win over those of .env', async () => {
    await withServer({ files: { '.env': 'PORT=1\nBOOKPLATE_URL=https://elsewhere.example.com\n' } }, async (server) => {
      assert.ok(await isSignedIn(await signUpReader(server)));
    });
  });

  test('of those who move are accepted, each with one notice', async () => {
    const secret = newSecret();
    const env = ({ port }) => ({
      BOOKPLATE_SECRET: undefined,
      BOOKPLATE_URL: undefined,
      BETTER_AUTH_SECRET: secret,
      BETTER_AUTH_URL: `http://localhost:${port}`,
      CORS_ORIGINS: 'https://book.example.com',
    });
    await withServer({ env }, async (server) => {
      const { answer, httpClient } = await signUpReader(server, {}, { origin: 'https://book.example.com' });
      assert.equal(answer.headers.get('access-control-allow-origin'), 'https://book.example.com');
      for (const name of ['BETTER_AUTH_SECRET', 'BETTER_AUTH_URL', 'CORS_ORIGINS']) {
        assert.equal(times(server.log, name), 1, `${name} in:\n${server.log}`);
      }
      assert.ok(!server.log.includes(secret));
      assert.ok(httpClient.sessionCookie);
    });
  });

  test('NEON_DATABASE_URL names the database with one notice', async () => {
    const env = ({ databaseUrl }) => ({ DATABASE_URL: undefined, NEON_DATABASE_URL: databaseUrl });
    await withServer({ database: 'postgres', env }, async (server) => {
      assert.ok(await isSignedIn(await signUpReader(server)));
      const [{ count }] = await server.query('select count(*) as count from bookplate_sessions');
      assert.equal(count, 1);
      assert.equal(times(server.log, 'NEON_DATABASE_URL'), 1);
    });
  });

  test('of a loopback origin lead pages asked for under another loopback name to it', async () => {
    await withServer({}, async (server) => {
      for (const path of ['/sign-in', '/sign-up?next=%2Faccount', '/']) {
        const host = `127.0.0.1:${server.port}`;
        const { status, headers } = await rawGet(server, path, { host });
        assert.ok([301, 302, 303, 307, 308].includes(status), `${path}: ${status}`);
        assert.equal(headers.get('location'), `http://localhost:${server.port}${path}`);
      }
      const ok = await rawGet(server, '/api/auth/ok', { host: `127.0.0.1:${server.port}` });
      assert.equal(ok.status, 200);
    });
  });
});

/** The secrets that stand in the repository's .env.example, commented out or not. */
function exampleSecrets() {
  const path = new URL('../../.env.example', import.meta.url);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const secrets = lines.map((line) => /^#?\s*(?:BOOKPLATE|BETTER_AUTH)_SECRET=["']?([^"'\s]+)/.exec(line)?.[1]);
  return secrets.filter(Boolean);
}

test('a folder that cannot be written to is told in a sentence', async () => {
  const folder = createFolder({ data: 'this is a file, not a folder' });
  try {
    const { code, output } = await runToEnd({ env: { PORT: String(await freePort()) }, folder });
    assert.ok(code > 0);
    assert.match(output, /data/);
    assert.doesNotMatch(output, /panicked/);
  } finally {
    removeFolder(folder);
  }
});
