//! Databases of Better Auth as its versions and object mappers leave them. That of the real package is read in
//! `end2end/import`.

use contract::Timestamp;
use storage::{BetterAuth, ForeignBan, ForeignError, ImportedUser};
use testkit::databases::{Kind, TestDatabase, on_empty};

/// As its own migration makes them, with the admin plugin and one field of a book.
const PLAIN: &str = r#"
    create table "user" (id text primary key, name text not null, email text not null unique,
        "emailVerified" boolean not null, image text, "createdAt" timestamptz not null, "updatedAt" timestamptz not null,
        banned boolean, "banReason" text, "banExpires" timestamptz, "experienceLevel" text);
    create table account (id text primary key, "accountId" text not null, "providerId" text not null,
        "userId" text not null references "user" (id), password text);
    create table session (id text primary key);
    create table "twoFactor" (id text primary key);"#;

/// With underscores, in the plural, with numbers for ids, and times that know no zone.
const MAPPED: &str = "
    create table users (id bigint primary key, email varchar(255) not null, email_verified boolean, name varchar(99),
        created_at timestamp, experience_level text);
    create table accounts (id bigint primary key, provider_id text not null, user_id bigint not null, password text);
    insert into users values (7, 'Ada@Example.com', true, 'Ada', '2026-11-20 23:05:05.131', 'beginner'),
        (8, 'bob@example.com', null, null, null, null);
    insert into accounts values (1, 'credential', 7, 'salt:key')";

async fn everyone(database: &TestDatabase) -> Vec<ImportedUser> {
    let mut foreign = BetterAuth::open(database.url()).await.unwrap();
    let mut readers = Vec::new();
    loop {
        let next = foreign.next().await.unwrap();
        if next.is_empty() {
            break;
        }
        readers.extend(next);
    }
    foreign.close().await;
    readers
}

fn on_postgres<F: Future<Output = ()>>(body: impl FnOnce(TestDatabase) -> F) {
    on_empty(Kind::Postgres, body);
}

#[test]
fn a_user_is_read_with_password_ban_and_every_other_column() {
    on_postgres(|database| async move {
        database.arrange(PLAIN).await;
        database
            .arrange(
                r#"insert into "user" values ('u1', 'Ada', 'Ada@Example.com', true, 'https://example.com/a.png',
                    '2026-11-20 23:05:05.131+00', '2026-11-21 01:05:05.131+01', true, 'spam', '2027-01-01 00:00+00',
                    'beginner');
                insert into account values ('a1', '583231', 'github', 'u1', 'not this one'),
                    ('a2', 'u1', 'credential', 'u1', null), ('a3', 'u1', 'credential', 'u1', 'salt:key');"#,
            )
            .await;
        let made = Timestamp::from_millis(1_795_215_905_131);
        let expected = ImportedUser {
            id: "u1".into(),
            email: "Ada@Example.com".into(),
            email_verified: true,
            name: "Ada".into(),
            image: Some("https://example.com/a.png".into()),
            created_at: Some(made),
            updated_at: Some(made.plus_seconds(3600)),
            ban: Some(ForeignBan {
                reason: Some("spam".into()),
                until: Some(Timestamp::from_millis(1_798_761_600_000)),
            }),
            password: Some("salt:key".into()),
            fields: vec![("experienceLevel".into(), "beginner".into())],
        };
        assert_eq!(everyone(&database).await, [expected]);
    });
}

#[test]
fn tables_in_the_plural_with_underscores_numbers_and_no_zone_are_read_alike() {
    on_postgres(|database| async move {
        database.arrange(MAPPED).await;
        let readers = everyone(&database).await;
        let ada = &readers[0];
        assert_eq!((ada.id.as_str(), ada.password.as_deref()), ("7", Some("salt:key")));
        assert_eq!(ada.created_at, Some(Timestamp::from_millis(1_795_215_905_131)));
        assert_eq!(ada.fields, [("experience_level".to_owned(), "beginner".into())]);
        assert!(ada.email_verified);
        let bob = &readers[1];
        assert_eq!((bob.name.as_str(), &bob.created_at, &bob.password), ("", &None, &None));
        assert!(!bob.email_verified);
    });
}

#[test]
fn all_users_are_read_those_with_verified_addresses_and_the_oldest_first() {
    on_postgres(|database| async move {
        database.arrange(PLAIN).await;
        database
            .arrange(
                r#"insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
                select 'u' || n, '', n || '@example.com', n % 2 = 0, now() - n * interval '1 day', now()
                from generate_series(1, 1201) n"#,
            )
            .await;
        let readers = everyone(&database).await;
        assert_eq!(readers.len(), 1201);
        let ids: Vec<&str> = [0, 1, 599, 600, 1200].iter().map(|&at| readers[at].id.as_str()).collect();
        assert_eq!(ids, ["u1200", "u1198", "u2", "u1201", "u1"]);
    });
}

#[test]
fn rows_that_are_not_imported_are_counted() {
    on_postgres(|database| async move {
        database.arrange(PLAIN).await;
        database
            .arrange(
                r#"insert into "user" values ('u1', '', 'a@example.com', true, null, now(), now());
                insert into account values ('a1', '1', 'github', 'u1', null), ('a2', '2', 'google', 'u1', null),
                    ('a3', '3', 'google', 'u1', null), ('a4', 'u1', 'credential', 'u1', 'salt:key');
                insert into "twoFactor" values ('t1');"#,
            )
            .await;
        let mut foreign = BetterAuth::open(database.url()).await.unwrap();
        let others: Vec<(String, i64)> = foreign.others().await.unwrap().into_iter().collect();
        foreign.close().await;
        let expected = [("account of github", 1), ("account of google", 2), ("twoFactor", 1)];
        assert_eq!(others, expected.map(|(name, count)| (name.to_owned(), count)));
    });
}

#[test]
fn the_tables_are_read_from_one_snapshot() {
    on_postgres(|database| async move {
        database.arrange(MAPPED).await;
        let mut foreign = BetterAuth::open(database.url()).await.unwrap();
        database.arrange("delete from accounts; delete from users").await;
        assert_eq!(foreign.next().await.unwrap().len(), 2);
        foreign.close().await;
    });
}

#[test]
fn a_missing_table_or_column_is_named() {
    on_postgres(|database| async move {
        let lacks = async |what: &str| match BetterAuth::open(database.url()).await {
            Err(error @ (ForeignError::Lacks(_) | ForeignError::LacksTable(_))) => {
                assert!(error.to_string().contains(what), "{error}");
            }
            other => panic!("{other:?}"),
        };
        lacks("it has no table \"user\"").await;
        lacks("add ?options[search_path]=SCHEMA to the address").await;
        lacks("create view \"user\" as select * from ITS_NAME").await;
        database.arrange(r#"create table "user" (id text)"#).await;
        lacks("it has no column \"email\" of \"user\"").await;
        database.arrange(r#"alter table "user" add email text"#).await;
        lacks("it has no table \"account\"").await;
    });
}

#[test]
fn the_remedies_for_a_missing_table_work() {
    on_postgres(|database| async move {
        database.arrange("create schema auth").await;
        let in_schema =
            PLAIN.replace("create table ", "create table auth.").replace("references ", "references auth.");
        database.arrange(&in_schema).await;
        let readers =
            r#"insert into auth."user" values ('u1', '', 'a@example.com', true, null, now(), now())"#;
        database.arrange(readers).await;
        assert!(matches!(BetterAuth::open(database.url()).await, Err(ForeignError::LacksTable(_))));
        let query = if database.url().contains('?') { '&' } else { '?' };
        let url = format!("{}{query}options[search_path]=auth", database.url());
        assert_eq!(BetterAuth::open(&url).await.unwrap().next().await.unwrap().len(), 1);

        database.arrange(r#"create view "user" as select * from auth."user""#).await;
        database.arrange("create view account as select * from auth.account").await;
        assert_eq!(everyone(&database).await.len(), 1);
    });
}
