// The servers that the cases run against.
import { after, before, describe } from 'node:test';
import { bookplateToml, textQuestions } from '../harness/config.mjs';
import { startServer } from '../harness/server.mjs';

export const TRUSTED_ORIGIN = 'http://app.example.test';

const fidelity = {
  env: { BOOKPLATE_BEARER_SESSIONS: 'true', BOOKPLATE_REFERENCE_HABITS: 'true' },
  files: { 'bookplate.toml': bookplateToml({ questions: textQuestions }) },
};

export const defaults = { 'a default server on SQLite': { database: 'sqlite' } };
export const bothDatabases = { ...defaults, 'a default server on PostgreSQL': { database: 'postgres' } };
/** Answers as the reference does, for those who move from it. */
export const dropIn = { "a server with the reference's habits": { database: 'sqlite', ...fidelity } };
/** What the client meets; what it is answered does not depend on the database. */
export const forTheClient = { ...defaults, ...dropIn };

/** Defines the cases once for each of these servers; `cases` gets a function that answers the running server. */
export function onServers(variants, subject, cases, extra = {}) {
  for (const [name, options] of Object.entries(variants)) {
    describe(`${subject} on ${name}`, () => {
      let server;
      before(async () => {
        const env = { BOOKPLATE_TRUSTED_ORIGINS: TRUSTED_ORIGIN, ...options.env, ...extra.env };
        const files = { ...options.files, ...extra.files };
        server = await startServer({ ...options, env, files });
      });
      after(() => server?.discard());
      cases(() => server, name);
    });
  }
}
