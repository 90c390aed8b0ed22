//! Limits of conversations, and the address for `LISTEN`.

use domain::{ConversationLimits, Quota};

use super::*;

const PG: (&str, &str) = ("DATABASE_URL", "postgres://u:hunter2@ep-cool-1-pooler.eu.neon.tech/books");
const DIRECT: &str = "postgres://u:hunter2@ep-cool-1.eu.neon.tech/books";

#[test]
fn each_limit_of_conversations_has_a_variable() {
    assert_eq!(load(&[]).unwrap().conversations, ConversationLimits::default());
    let config = load(&[
        ("BOOKPLATE_MAX_PART_BYTES", "2000"),
        ("BOOKPLATE_MAX_MESSAGE_BYTES", "3k"),
        ("BOOKPLATE_MAX_MESSAGES", "4"),
        ("BOOKPLATE_MAX_CONVERSATIONS", "5"),
        ("BOOKPLATE_MAX_IMPORT_BYTES", "6M"),
        ("BOOKPLATE_MAX_READER_BYTES", "7m"),
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "8k/9s"),
    ]);
    let expected = ConversationLimits {
        part_bytes: 2000,
        message_bytes: 3 << 10,
        messages: 4,
        conversations: 5,
        import_bytes: 6 << 20,
        reader_bytes: 7 << 20,
        written: Some(Quota { count: 8 << 10, seconds: 9 }),
        ..ConversationLimits::default()
    };
    assert_eq!(config.unwrap().conversations, expected);
}

#[test]
fn a_size_is_written_in_bytes_kilobytes_or_megabytes() {
    for (value, expected) in [
        ("1024", 1024),
        ("1k", 1024),
        ("1K", 1024),
        (" 256 k ", 256 << 10),
        ("16m", 16 << 20),
        ("16777216", 16 << 20),
        ("", ConversationLimits::default().message_bytes),
    ] {
        let config =
            load(&[("BOOKPLATE_MAX_PART_BYTES", "1k"), ("BOOKPLATE_MAX_MESSAGE_BYTES", value)]).unwrap();
        assert_eq!(config.conversations.message_bytes, expected, "{value}");
    }
    assert_eq!(load(&[("BOOKPLATE_MAX_IMPORT_BYTES", "1024m")]).unwrap().conversations.import_bytes, 1 << 30);
}

#[test]
fn an_unusable_limit_is_refused() {
    for name in ["BOOKPLATE_MAX_MESSAGE_BYTES", "BOOKPLATE_MAX_IMPORT_BYTES", "BOOKPLATE_MAX_READER_BYTES"] {
        for value in [
            "0",
            "1023",
            "-1",
            "1g",
            "1.5m",
            "k",
            "m",
            "0k",
            "ten",
            "99999999999999999999",
            "18014398509481985k",
        ] {
            assert_refused(&[(name, value, "Give a number of bytes from 1k to")]);
        }
    }
    assert_refused(&[
        ("BOOKPLATE_MAX_PART_BYTES", "17m", "from 1k to 16m, such as 131072, 128k or 1m"),
        ("BOOKPLATE_MAX_MESSAGE_BYTES", "16777217", "from 1k to 16m"),
        ("BOOKPLATE_MAX_IMPORT_BYTES", "1025m", "from 1k to 1024m"),
        ("BOOKPLATE_MAX_READER_BYTES", "1048577m", "from 1k to 1048576m"),
        ("BOOKPLATE_MAX_READER_BYTES", "511k", "no room for the largest message"),
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "20m", "Give BYTES/SECONDS, such as 20m/60"),
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "0/60", "Give BYTES/SECONDS"),
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "1025m/60", "Give BYTES/SECONDS"),
        ("BOOKPLATE_LIMIT_WRITTEN_BYTES", "20m/0", "Give BYTES/SECONDS"),
        ("BOOKPLATE_MAX_MESSAGES", "0", "a whole number from 1 to 1000000"),
        ("BOOKPLATE_MAX_MESSAGES", "1000001", "a whole number from 1 to 1000000"),
        ("BOOKPLATE_MAX_CONVERSATIONS", "10k", "a whole number from 1 to 1000000"),
        ("BOOKPLATE_MAX_CONVERSATIONS", "-1", "a whole number from 1 to 1000000"),
        ("BOOKPLATE_MAX_PART_BYTES", "1m", "larger than a message may be"),
    ]);
    assert_eq!(load(&[("BOOKPLATE_LIMIT_WRITTEN_BYTES", "Off")]).unwrap().conversations.written, None);
    let equal = [("BOOKPLATE_MAX_PART_BYTES", "1m"), ("BOOKPLATE_MAX_MESSAGE_BYTES", "1m")];
    assert!(load(&equal).is_ok());
    assert_eq!(
        refused(&[("BOOKPLATE_MAX_PART_BYTES", "2k"), ("BOOKPLATE_MAX_MESSAGE_BYTES", "1k")]),
        "BOOKPLATE_MAX_PART_BYTES: a part of 2048 bytes is larger than a message may be. Give at most what \
         BOOKPLATE_MAX_MESSAGE_BYTES gives."
    );
}

fn direct(variables: &[(&str, &str)]) -> (Option<String>, bool) {
    let config = load(&public(variables)).unwrap();
    let said = config.warnings.iter().any(|warning| warning.contains("through a pooler"));
    (config.database_direct_url, said)
}

#[test]
fn processes_listen_on_postgresql_without_a_pooler() {
    let plain = "postgresql://u:hunter2@db.example.org/books";
    assert_eq!(direct(&[("DATABASE_URL", plain)]), (Some(plain.into()), false));
    assert_eq!(direct(&[PG]), (None, true), "nobody listens through a pooler, and that is said");
    assert_eq!(direct(&[PG, ("DATABASE_DIRECT_URL", DIRECT)]), (Some(DIRECT.into()), false));
    assert_eq!(direct(&[PG, ("DATABASE_DIRECT_URL", "")]), (None, true));
    let sqlite = load(&[]).unwrap();
    assert_eq!(sqlite.database_direct_url, None);
    assert!(!sqlite.warnings.iter().any(|warning| warning.contains("pooler")));
}

#[test]
fn a_direct_url_is_an_address_of_postgresql() {
    assert_refused(&[("DATABASE_DIRECT_URL", DIRECT, "the database is SQLite")]);
    for (value, words) in [
        ("sqlite://data/other.db", "no address of PostgreSQL"),
        ("mysql://u:hunter2@db/books", "no address of PostgreSQL"),
        ("db.example.org", "no address of PostgreSQL"),
        ("postgres://u:hun/ter2@db/books", "percent-encoded"),
    ] {
        let error = refused(&public(&[PG, ("DATABASE_DIRECT_URL", value)]));
        assert!(error.starts_with("DATABASE_DIRECT_URL: ") && error.contains(words), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("hun/ter2"), "{error}");
    }
    let config = load(&public(&[PG, ("DATABASE_DIRECT_URL", DIRECT)])).unwrap();
    assert!(!format!("{config:?} {:?}", config.warnings).contains("hunter2"));
}
