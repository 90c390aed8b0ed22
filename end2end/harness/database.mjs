// One fresh database per server, with a query function for both SQLite and PostgreSQL.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { postgresUrl } from './environment.mjs';
import { callPython } from './python.mjs';

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** `kind` is "sqlite" or "postgres"; a SQLite file is created in `folder`. */
export async function createDatabase(kind, folder) {
  return kind === 'postgres' ? PostgresDatabase.create() : new SqliteDatabase(folder);
}

class SqliteDatabase {
  kind = 'sqlite';

  constructor(folder) {
    this.path = join(folder, 'data', 'bookplate.db');
    this.url = `sqlite://${this.path}`;
  }

  /** Rows as objects; parameters are `$1`, `$2` … as in PostgreSQL. */
  async query(sql, parameters = []) {
    return callPython('sqlite.py', { path: this.path, sql, parameters });
  }

  async tables() {
    const rows = await this.query("select name from sqlite_master where type = 'table' order by name");
    return rows.map((row) => row.name).filter((name) => !name.startsWith('sqlite_'));
  }

  async drop() {}
}

class PostgresDatabase {
  kind = 'postgres';

  static async create() {
    const name = `bookplate_${randomBytes(6).toString('hex')}`;
    await administer(`create database ${name}`);
    const url = new URL(postgresUrl);
    url.pathname = `/${name}`;
    return new PostgresDatabase(name, url.href);
  }

  constructor(name, url) {
    this.name = name;
    this.url = url;
  }

  async query(sql, parameters = []) {
    return ask(this.url, sql, parameters);
  }

  async tables() {
    const rows = await this.query(
      `select table_schema || '.' || table_name as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema') order by 1`,
    );
    return rows.map((row) => row.name.replace(/^public\./, ''));
  }

  async drop() {
    await administer(`drop database if exists ${this.name} with (force)`);
  }
}

function administer(sql) {
  return ask(postgresUrl, sql, []);
}

async function ask(url, sql, parameters) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}
