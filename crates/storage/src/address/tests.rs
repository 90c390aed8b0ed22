use std::path::Path;

use super::*;

const PASSWORD: &str = "hunter2";

fn postgres(text: &str) -> PostgresAddress {
    match text.parse() {
        Ok(Address::Postgres(address)) => *address,
        other => panic!("{text}: {other:?}"),
    }
}

/// The error of an address, which names no part of the password.
fn refused(text: &str) -> String {
    let error = text.parse::<Address>().expect_err(text).to_string();
    assert!(!error.contains(PASSWORD), "{error}");
    error
}

#[test]
fn an_address_that_leads_elsewhere_than_it_says_is_refused() {
    let encode = "special characters of the password percent-encoded: %23 for #";
    for (text, problem) in [
        (
            "postgres://localhost:5592#x@db.example.org/book",
            "a # ends the address for some programs and not for others",
        ),
        ("postgres://u:hunter2#1@db.example.org/book", "a # ends"),
        ("postgres://u:p@db.example.org/book#hunter2", "a # ends"),
        ("postgres://u:hunter2?x@db.example.org/book", "an @ follows the host"),
        ("postgres://u:12?hunter2@db.example.org/book", "an @ follows the host"),
        ("postgres://u:12?user=x&hunter2@db.example.org/book", "an @ follows the host"),
        ("postgres://u:12?hunter2=x@db.example.org/book", "an @ follows the host"),
        ("postgres://u:hunter2/x@db.example.org/book", "an @ follows the host"),
        ("postgres://u:p@hunter2/x@db.example.org/book", "an @ follows the host"),
        ("postgres://u:p@hunter2?x@db.example.org/book", "an @ follows the host"),
        ("postgres://u:hun\nter2@db/book", "a newline or another control character"),
        ("postgres://u:p@db example/book", "cannot be read"),
        ("postgres://u:hunter2@db:port/book", "cannot be read"),
        ("postgres://u:hunter2@db:0/book", "cannot be read"),
        ("postgres://u:hunter2@db:65536/book", "cannot be read"),
        ("postgres://u:hunter2@[::1/book", "cannot be read"),
        ("postgres://u:hunter2@[::1]x/book", "cannot be read"),
        ("postgres://u:hunter2@/book", "cannot be read"),
        ("postgres:///book", "cannot be read"),
        ("postgres://", "cannot be read"),
    ] {
        let error = refused(text);
        assert!(error.contains(problem) && error.contains(encode), "{text}: {error}");
    }
    for (text, words) in [
        ("postgres://u:p@a.example.org/book?host=b.example.org", "gives host twice"),
        ("postgres://u:p@a.example.org/book?host=/run/postgresql", "gives host twice"),
        ("postgres://u:p@a.example.org/book?hostaddr=10.0.0.1", "gives host twice"),
        ("postgres://u:p@db/book?user=other", "gives user twice"),
        ("postgres://u:p@db/book?password=hunter2", "gives password twice"),
        ("postgres://u:p@db/book?dbname=other", "gives database twice"),
        ("postgres://u:p@db:5433/book?port=5434", "gives port twice"),
        ("postgres://db/book?sslmode=require&sslmode=disable", "gives sslmode twice"),
        ("postgres://db/book?sslmode=require&ssl=false", "contradict each other"),
        ("postgres://db/book?sslmode=hunter2", "sslmode has an unknown value. Give disable, allow"),
        ("postgres://db/book?ssl=hunter2", "ssl has an unknown value. Give true, false"),
        ("postgres://db/book?channel_binding=hunter2", "channel_binding has an unknown value"),
        (
            "postgres://db/book?sslmode=prefer&sslrootcert=system",
            "Write sslmode=verify-full, or remove sslrootcert",
        ),
        ("postgres://db/book?hunter2", "a parameter without a value"),
        ("postgres://u:p@a:5432,b:5432/book", "names several hosts"),
        ("postgres://u:%FF@db/book", "not UTF-8"),
    ] {
        let error = refused(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn what_is_percent_encoded_is_part_of_the_password() {
    for (text, password) in [
        ("postgres://u:a%23b@db/book", "a#b"),
        ("postgres://u:a%3Fb@db/book", "a?b"),
        ("postgres://u:a%2Fb@db/book", "a/b"),
        ("postgres://u:a%40b@db/book", "a@b"),
        ("postgres://u:a@b@db/book", "a@b"),
        ("postgres://u:a:b@db/book", "a:b"),
        ("postgres://u:a+b%20c@db/book", "a+b c"),
        ("postgres://u:100%@db/book", "100%"),
        ("postgres://db/book?user=u&password=a%40b", "a@b"),
        ("postgres://db/book?user=u&password=a@b", "a@b"),
        ("postgres://u@db/book?password=p%C3%A4ss", "päss"),
    ] {
        let address = postgres(text);
        assert_eq!(
            (address.to_string().as_str(), address.host()),
            ("postgres://db:5432/book", "db"),
            "{text}"
        );
        // What sqlx is given says the same, and it reads it so.
        let encoded = percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC);
        let for_sqlx = address.for_sqlx();
        assert!(for_sqlx.contains(&format!("&user=u&password={encoded}&")), "{text}: {for_sqlx}");
        let options: sqlx::postgres::PgConnectOptions = for_sqlx.parse().unwrap();
        assert_eq!(
            (options.get_host(), options.get_username(), options.get_database()),
            ("db", "u", Some("book"))
        );
    }
}

#[test]
fn the_spellings_of_other_programs_are_the_same_database_with_tls() {
    let plain = postgres("postgres://u:p@db.example.org/book?sslmode=require");
    for text in [
        "postgresql://u:p@db.example.org:5432/book?sslmode=require&channel_binding=require",
        "postgresql+asyncpg://u:p@db.example.org/book?ssl=require",
        "postgresql+asyncpg://u:p@db.example.org/book?ssl=true",
        "postgresql+psycopg://u:p@db.example.org/book?sslmode=require",
        "postgresql+psycopg2://u:p@DB.example.org/book?sslmode=REQUIRE",
        "postgres+pg8000://u:p@db.example.org/book?ssl=1&sslmode=require",
        "postgresql://db.example.org/book?user=u&password=p&ssl=on",
    ] {
        let address = postgres(text);
        assert!(address.is_same_database(&plain), "{text}");
        assert_eq!(address.ssl_mode, Some(SslMode::Require), "{text}");
    }
    for other in [
        "postgres://u:p@db.example.org/other",
        "postgres://v:p@db.example.org/book",
        "postgres://u:q@db.example.org/book",
        "postgres://u:p@db.example.com/book",
        "postgres://u:p@db.example.org:5433/book",
        "postgres://u:p@db.example.org/book?schema=other",
    ] {
        assert!(!postgres(other).is_same_database(&plain), "{other}");
    }
    let error = refused("postgresql+psql://u:hunter2@db/book");
    assert!(error.contains("driver of another language. Write postgres://"), "{error}");
    assert!(refused("jdbc:postgresql://db/book?user=u&password=hunter2").contains("without jdbc:"));
}

#[test]
fn a_string_of_neons_console_is_read_as_a_whole() {
    let address = postgres(
        "postgresql://user:pw@ep-x-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require",
    );
    assert_eq!(address.to_string(), "postgres://ep-x-pooler.eu-central-1.aws.neon.tech:5432/db");
    assert_eq!(
        (address.ssl_mode, address.channel_binding),
        (Some(SslMode::Require), ChannelBinding::Require)
    );
    assert!(address.unused().is_empty());
}

#[test]
fn a_unix_socket_is_the_host() {
    for (text, shown) in [
        (
            "postgres://u:p@/db?host=/cloudsql/project:region:name",
            "postgres:///db?host=/cloudsql/project:region:name",
        ),
        ("postgres://u:p@localhost/db?host=/cloudsql/p:r:n", "postgres:///db?host=/cloudsql/p:r:n"),
        ("postgres:///db?host=/run/postgresql&user=u", "postgres:///db?host=/run/postgresql"),
        ("postgres://u@%2Frun%2Fpostgresql/db", "postgres:///db?host=/run/postgresql"),
    ] {
        let address = postgres(text);
        assert!(address.is_socket(), "{text}");
        assert_eq!(address.to_string(), shown);
        let options: sqlx::postgres::PgConnectOptions = address.for_sqlx().parse().unwrap();
        assert_eq!(options.get_socket().map(std::path::PathBuf::as_path), Some(Path::new(address.host())));
    }
    let v6 = postgres("postgres://u:p@[2001:db8::1]:5433/db");
    assert_eq!((v6.host(), v6.to_string().as_str()), ("2001:db8::1", "postgres://[2001:db8::1]:5433/db"));
}

#[test]
fn a_schema_sets_the_search_path() {
    let options = |text: &str| {
        let options: sqlx::postgres::PgConnectOptions = postgres(text).for_sqlx().parse().unwrap();
        options.get_options().map(str::to_owned)
    };
    assert_eq!(options("postgres://db/b?schema=book").as_deref(), Some("-c search_path=\"book\""));
    assert_eq!(options("postgres://db/b?schema=My%20Book").as_deref(), Some("-c search_path=\"My\\ Book\""));
    assert_eq!(
        options("postgres://db/b?options=-c%20statement_timeout%3D5s&schema=a%22b").as_deref(),
        Some("-c statement_timeout=5s -c search_path=\"a\"\"b\"")
    );
    assert_eq!(options("postgres://db/b?options[search_path]=x").as_deref(), Some("-c search_path=x"));
    assert_eq!(options("postgres://db/b"), None);
    assert!(refused("postgres://db/b?schema=").contains("no name of a schema"));
}

#[test]
fn parameters_that_are_not_used_are_named_without_their_values() {
    let address = postgres(
        "postgres://u:p@db/b?sslpassword=hunter2&connect_timeout=10&pgbouncer=true&Hunter2=hunter2&application_name=x",
    );
    assert_eq!(address.unused(), ["sslpassword", "connect_timeout", "pgbouncer", "another one"]);
    let for_sqlx = address.for_sqlx();
    assert!(!for_sqlx.contains(PASSWORD) && !for_sqlx.contains("sslpassword"), "{for_sqlx}");
    assert!(!format!("{address:?} {address}").contains("p@"));
}

#[test]
fn a_path_that_other_programs_read_otherwise_is_refused_with_the_form_meant() {
    let home = std::env::var("HOME").unwrap();
    let in_home = format!("Write sqlite://{home}/b.db");
    for (text, form) in [
        ("sqlite:///./b.db", "Write sqlite://b.db"),
        ("sqlite:///./data/b.db", "Write sqlite://data/b.db"),
        ("sqlite:///../b.db", "Write sqlite://../b.db"),
        ("sqlite:///~/b.db", in_home.as_str()),
        ("sqlite://~/b.db", in_home.as_str()),
        ("sqlite+aiosqlite:///./b.db", "Write sqlite://b.db"),
        ("sqlite+aiosqlite:///b.db", "Write sqlite://b.db"),
        ("sqlite+aiosqlite:////srv/b.db", "Write sqlite:///srv/b.db"),
        ("sqlite+pysqlite:///data/b.db?check_same_thread=False", "Write sqlite://data/b.db"),
        ("sqlite+aiosqlite:///:memory:", "loses every account"),
        ("sqlite+aiosqlite://", "loses every account"),
        ("sqlite:b.db", "Write sqlite://b.db"),
        ("sqlite:/srv/b.db", "Write sqlite:///srv/b.db"),
        ("file:./dev.db", "Write sqlite://dev.db"),
        ("file:dev.db?mode=memory", "loses every account"),
        (":memory:", "loses every account"),
        ("sqlite://:memory:", "loses every account"),
        ("sqlite://b.db?mode=memory", "loses every account"),
        ("sqlite://b.db?mode=rwc", "Write the path alone"),
        ("sqlite://", "does not name a file"),
        ("sqlite://data/", "does not name a file"),
        ("mysql://u:hunter2@db/b", "mysql:// is a database Bookplate does not speak"),
        ("hunter2", "no address of a database"),
        ("host=db user=u password=hunter2", "no address of a database"),
    ] {
        assert!(refused(text).contains(form), "{text}: {}", refused(text));
    }
    for (text, path) in [
        ("sqlite://b.db", "b.db"),
        ("sqlite://./b.db", "./b.db"),
        ("sqlite:///srv/b.db", "/srv/b.db"),
        ("sqlite:////srv/b.db", "//srv/b.db"),
        ("sqlite://data/me@home.db", "data/me@home.db"),
    ] {
        assert_eq!(text.parse(), Ok(Address::Sqlite(path.into())), "{text}");
    }
}
