use sqlx::Executor;
use storage::Database;
use testkit::{
    databases::{Kind, TestDatabase, on_migrated},
    on_each_database,
};

on_each_database!(every_statement_can_be_prepared, everything_carries_the_prefix);

async fn every_statement_can_be_prepared(database: TestDatabase) {
    assert!(storage::statements().len() > 10);
    for statement in [storage::statements(), storage::own_statements(&database)].concat() {
        let prepared = match &*database {
            Database::Sqlite(pool) => pool.prepare(statement).await.map(drop),
            Database::Postgres(pool) => pool.prepare(statement).await.map(drop),
        };
        prepared.unwrap_or_else(|error| panic!("{statement}\n{error}"));
    }
}

/// Tables, indexes, sequences and views. SQLite names the indexes of its constraints itself.
async fn everything_carries_the_prefix(database: TestDatabase) {
    let named = match &*database {
        Database::Sqlite(_) => "select replace(name, 'sqlite_autoindex_', '') from sqlite_master",
        Database::Postgres(_) => {
            "select relname::text from pg_class
            where relnamespace = (select oid from pg_namespace where nspname = current_schema())"
        }
    };
    let names = list(&database, named).await;
    assert!(names.len() > 10, "{names:?}");
    let strangers: Vec<_> = names.iter().filter(|name| !name.starts_with("bookplate_")).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn both_databases_have_the_same_columns() {
    // JSON, bytes and tower-sessions' time have no common name.
    let sqlite = "select m.name || '.' || c.name || ' ' || lower(c.type) || case c.\"notnull\" when 1 then '!' else '?' end
        from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'";
    let postgres = "select table_name || '.' || column_name || ' ' || case data_type
            when 'jsonb' then 'text' when 'bytea' then 'blob' when 'timestamp with time zone' then 'text' else data_type end
            || case is_nullable when 'NO' then '!' else '?' end
        from information_schema.columns where table_schema = current_schema()";
    same_on_both(sqlite, postgres, "bookplate_users.image text?");
}

#[test]
fn both_databases_have_the_same_indexes_and_unique_columns() {
    let sqlite = "select m.name || '(' || (select group_concat(name) from pragma_index_info(i.name)) || ')' || i.\"unique\"
        from sqlite_master m, pragma_index_list(m.name) i where m.type = 'table'";
    let postgres = "select t.relname || '(' || (select string_agg(a.attname, ',' order by k.place)
            from unnest(i.indkey) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number) || ')' || i.indisunique::int
        from pg_index i join pg_class t on t.oid = i.indrelid
        where t.relnamespace = (select oid from pg_namespace where nspname = current_schema())";
    same_on_both(sqlite, postgres, "bookplate_signing_keys(algorithm,generation)1");
}

#[test]
fn both_databases_have_the_same_references() {
    let sqlite =
        "select m.name || '.' || f.\"from\" || ' ' || f.\"table\" || '.' || f.\"to\" || ' ' || f.on_delete
        from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table'";
    let postgres = "select t.relname || '.' || a.attname || ' ' || o.relname || '.' || b.attname || ' '
            || case c.confdeltype when 'c' then 'CASCADE' else c.confdeltype::text end
        from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class o on o.oid = c.confrelid
        join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
        join pg_attribute b on b.attrelid = o.oid and b.attnum = c.confkey[1]
        where c.contype = 'f' and t.relnamespace = (select oid from pg_namespace where nspname = current_schema())";
    same_on_both(sqlite, postgres, "bookplate_sessions.user_id bookplate_users.id CASCADE");
}

/// Asks both databases, each in its own way, and compares; `among` must be in the answer, so that it is one.
fn same_on_both(sqlite: &'static str, postgres: &'static str, among: &'static str) {
    on_migrated(Kind::Sqlite, async |one| {
        let other = Kind::Postgres.migrated().await;
        let (left, right) = (list(&one, sqlite).await, list(&other, postgres).await);
        assert_eq!(left, right);
        assert!(left.iter().any(|line| line == among), "{left:?}");
    });
}

async fn list(database: &TestDatabase, query: &str) -> Vec<String> {
    let mut lines: Vec<String> = match &**database {
        Database::Sqlite(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
        Database::Postgres(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
    };
    lines.sort();
    lines
}
