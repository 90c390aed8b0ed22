use rstest::rstest;
use sqlx::Executor;
use storage::Database;
use testkit::databases::{Kind, TestDatabase, on_migrated};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    assert!(storage::statements().len() > 10);
    let statements = [storage::statements(), storage::own_statements(&database)].concat();
    // SQLite prepares only the first statement of a text that holds several.
    for statement in statements.iter().flat_map(|text| text.split(";\n")) {
        let prepared = match &*database {
            Database::Sqlite(pool) => {
                pool.acquire_sqlx_pool().await.unwrap().prepare(statement).await.map(drop)
            }
            Database::Postgres(pool) => {
                pool.acquire_sqlx_pool().await.unwrap().prepare(statement).await.map(drop)
            }
        };
        prepared.unwrap_or_else(|error| panic!("{statement}\n{error}"));
    }
}

/// SQLite plans without statistics here, as it does in a new installation. A virtual table is a JSON text or the full-text
/// index, and is read as it should be; so are the rows of a recursion.
#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_a_whole_table() {
    // Few rows, or read by cleanup and by the operator alone.
    const SMALL: &[&str] = &["accounts", "clients", "migrations", "sessions", "signing_keys"];
    let database = Kind::Sqlite.migrated().await;
    let Database::Sqlite(pool) = &*database else { unreachable!() };
    let pool = pool.acquire_sqlx_pool().await.unwrap();
    let statements = [storage::statements(), storage::own_statements(&database)].concat();
    let is_small =
        |step: &str| SMALL.iter().any(|table| step.starts_with(&format!("SCAN bookplate_{table}")));
    let mut found = Vec::new();
    for statement in statements.iter().flat_map(|text| text.split(";\n")) {
        // Cleanup looks for old conversations once an hour; an index for that would cost each message more.
        let is_hourly = statement.contains("active_at < $1 limit");
        // The operator removes a client seldom; an index for that would cost each code and grant more.
        let is_removal = statement.starts_with("delete from") && statement.ends_with("where client_id = $1");
        if statement.starts_with("with recursive") || is_hourly || is_removal {
            continue;
        }
        let explained = format!("explain query plan {statement}");
        let plan = sqlx::query_as::<_, (i64, i64, i64, String)>(&explained).fetch_all(&*pool).await;
        let steps: Vec<_> = plan.unwrap().into_iter().map(|(.., step)| step).collect();
        // What a subquery has found is read whole, as it should be.
        let is_subquery = |step: &str| {
            let name = step.trim_start_matches("SCAN ");
            ["MATERIALIZE", "CO-ROUTINE"].iter().any(|how| steps.contains(&format!("{how} {name}")))
        };
        let scans = steps.iter().filter(|step| {
            step.starts_with("SCAN ")
                && !step.contains("VIRTUAL TABLE")
                && !step.contains("CONSTANT ROW")
                && !is_small(step)
                && !is_subquery(step)
        });
        found.extend(scans.map(|step| format!("{step}: {statement}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// Tables, indexes, sequences, triggers and views. SQLite names the indexes of its constraints itself, and the table in
/// which it counts.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn everything_carries_the_prefix(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let named = match database.kind() {
        Kind::Sqlite => {
            "select replace(name, 'sqlite_autoindex_', '') from sqlite_master where name <> 'sqlite_sequence'"
        }
        Kind::Postgres => {
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
    // JSON, bytes and tower-sessions' time have no common name; what SQLite numbers itself has to be called integer.
    let sqlite = "select m.name || '.' || c.name || ' '
            || case when c.name = 'no' and c.pk = 1 then replace(lower(c.type), 'integer', 'bigint') else lower(c.type) end
            || case c.\"notnull\" when 1 then '!' else '?' end
        from sqlite_master m, pragma_table_info(m.name) c
        where m.type = 'table' and m.name <> 'sqlite_sequence'";
    let postgres = "select table_name || '.' || column_name || ' ' || case data_type
            when 'jsonb' then 'text' when 'bytea' then 'blob' when 'timestamp with time zone' then 'text' else data_type end
            || case is_nullable when 'NO' then '!' else '?' end
        from information_schema.columns where table_schema = current_schema()";
    let words = Differences {
        // An FTS5 table without content, and the tables in which it keeps what it looks up.
        sqlite: &[
            "bookplate_search.terms ?",
            "bookplate_search_config.k !",
            "bookplate_search_config.v ?",
            "bookplate_search_data.block blob?",
            "bookplate_search_data.id integer?",
            "bookplate_search_docsize.id integer?",
            "bookplate_search_docsize.origin integer?",
            "bookplate_search_docsize.sz blob?",
            "bookplate_search_idx.pgno ?",
            "bookplate_search_idx.segid !",
            "bookplate_search_idx.term !",
        ],
        postgres: &["bookplate_messages.terms tsvector?"],
    };
    same_on_both(sqlite, postgres, "bookplate_users.image text?", words);
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
    // SQLite keeps a table in the order of a number that is its key, without an index.
    let words = Differences {
        sqlite: &["bookplate_search_config(k)1", "bookplate_search_idx(segid,term)1"],
        postgres: &["bookplate_conversations(no)1", "bookplate_messages(no)1", "bookplate_messages(terms)0"],
    };
    same_on_both(sqlite, postgres, "bookplate_signing_keys(algorithm,generation)1", words);
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
    same_on_both(
        sqlite,
        postgres,
        "bookplate_sessions.user_id bookplate_users.id CASCADE",
        Differences::default(),
    );
}

/// How texts are found is the one thing each database does in its own way.
#[test]
fn terms_are_deleted_with_their_message_and_numbers_are_never_reused() {
    on_migrated(Kind::Sqlite, async |database| {
        let triggers = "select tbl_name || ' ' || name from sqlite_master where type = 'trigger'";
        assert_eq!(list(&database, triggers).await, ["bookplate_messages bookplate_messages_gone"]);
        let counted = "select name from sqlite_master where sql like '%autoincrement%'";
        assert_eq!(list(&database, counted).await, ["bookplate_conversations"]);
    });
    on_migrated(Kind::Postgres, async |database| {
        let triggers = "select trigger_name::text from information_schema.triggers
            where trigger_schema = current_schema()";
        assert_eq!(list(&database, triggers).await, Vec::<String>::new());
        let counted = "select table_name || '.' || column_name from information_schema.columns
            where table_schema = current_schema() and is_identity = 'YES'";
        assert_eq!(list(&database, counted).await, ["bookplate_conversations.no"]);
        let inverted =
            "select c.relname::text from pg_class c join pg_am a on a.oid = c.relam where a.amname = 'gin'
            and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())";
        assert_eq!(list(&database, inverted).await, ["bookplate_search"]);
    });
}

#[test]
fn the_document_names_every_table_and_column() {
    on_migrated(Kind::Sqlite, async |sqlite| {
        let postgres = Kind::Postgres.migrated().await;
        let mut stored = list(
            &sqlite,
            "select m.name || '.' || c.name from sqlite_master m, pragma_table_info(m.name) c
            where m.type = 'table' and m.name <> 'sqlite_sequence' and m.name not like 'bookplate_search_%'",
        )
        .await;
        let columns = "select table_name || '.' || column_name from information_schema.columns
            where table_schema = current_schema()";
        stored.extend(list(&postgres, columns).await);
        stored.sort();
        stored.dedup();
        assert_eq!(documented_columns(), stored);
    });
}

/// `table.column` of each row of the tables in `docs/DATA-MODEL.md`, sorted.
fn documented_columns() -> Vec<String> {
    let (mut columns, mut table) = (Vec::new(), "");
    for line in include_str!("../../../../docs/DATA-MODEL.md").lines() {
        let name = |line: &'static str| line.split('`').next().unwrap_or_default();
        if let Some(heading) = line.strip_prefix("### `") {
            table = name(heading);
        } else if let Some(row) = line.strip_prefix("| `") {
            columns.push(format!("{table}.{}", name(row)));
        }
    }
    columns.sort();
    columns
}

/// What only one of the databases has, and has to have.
#[derive(Default)]
struct Differences {
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
}

impl Differences {
    /// Everything but what this database alone has.
    fn without(expected: &[&str], lines: Vec<String>) -> Vec<String> {
        for line in expected {
            assert!(lines.iter().any(|found| found == line), "{line} is not among {lines:#?}");
        }
        lines.into_iter().filter(|line| !expected.contains(&line.as_str())).collect()
    }
}

/// Asks both databases, each in its own way, and compares; `among` must be in the answer, so that it is one.
fn same_on_both(sqlite: &'static str, postgres: &'static str, among: &'static str, differences: Differences) {
    on_migrated(Kind::Sqlite, async |one| {
        let other = Kind::Postgres.migrated().await;
        let left = Differences::without(differences.sqlite, list(&one, sqlite).await);
        let right = Differences::without(differences.postgres, list(&other, postgres).await);
        assert_eq!(left, right);
        assert!(left.iter().any(|line| line == among), "{left:?}");
    });
}

async fn list(database: &TestDatabase, query: &str) -> Vec<String> {
    let mut lines: Vec<String> = database.first_column(query).await;
    lines.sort();
    lines
}
