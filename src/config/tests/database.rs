//! The address of the database, in the spellings of several programs.

use super::*;

const LIBPQ: &str = "postgresql://u:hunter2@db.example.org/books?sslmode=require&channel_binding=require";

fn postgres<'a>(name: &'a str, address: &'a str) -> [(&'a str, &'a str); 2] {
    [(name, address), ("BOOKPLATE_SECRET", SECRET)]
}

#[test]
fn the_one_env_file_of_a_chatbot_is_understood() {
    for address in [
        LIBPQ,
        "postgres://u:hunter2@db.example.org/books",
        "postgresql+asyncpg://u:hunter2@db.example.org/books?ssl=require",
        "postgresql+asyncpg://u:hunter2@db.example.org/books?ssl=true",
        "postgresql+psycopg://u:hunter2@db.example.org/books?sslmode=require",
        "postgresql+psycopg2://u:hunter2@db.example.org/books",
        "postgres://u:hunter2@/books?host=/cloudsql/project:region:name",
        "postgresql://u:hunter2@localhost/books?host=/cloudsql/project:region:name&schema=public",
    ] {
        let folder = Folder::with(&[(".env", &format!("DATABASE_URL=\"{address}\"\n"))]);
        let config = folder.load(&[("BOOKPLATE_SECRET", SECRET)]).unwrap();
        assert_eq!(config.database_url, address);
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}

#[test]
fn an_address_that_leads_elsewhere_is_refused_without_its_password() {
    let name = "DATABASE_URL";
    assert_refused(&[
        (name, "postgres://localhost:5592#x@db.example.org/book", "a # ends the address for some programs"),
        (name, "postgres://u:hun?ter2@db.example.org/book", "%3F for ?"),
        (name, "postgres://u:12?hunter2=x@db.example.org/book", "%3F for ?"),
        (name, "postgres://u:p@a.example.org/book?host=b.example.org", "gives host twice"),
        (name, "postgres://u:p@db/book?sslmode=hunter2", "sslmode has an unknown value"),
        (name, "sqlite:///./b.db", "Write sqlite://b.db"),
        (name, "sqlite+aiosqlite:///./b.db", "Write sqlite://b.db"),
        (name, "file:./dev.db", "Write sqlite://dev.db"),
        (name, "jdbc:postgresql://db/book?password=hunter2", "without jdbc:"),
        (name, "postgresql+rust://u:hunter2@db/books", "driver of another language"),
    ]);
    for address in
        ["postgres://u:hunter2#@db/b", "postgres://u:hunter2?@db/b", "postgres://u:hunter2@db/b?ssl=hunter2"]
    {
        assert!(!refused(&[(name, address)]).contains("hunter2"));
    }
    let error = refused(&[(name, "sqlite:///~/b.db"), ("HOME", "/home/ada")]);
    assert!(
        error.contains("only a shell knows yours by it. Write sqlite:///") && error.contains("/b.db"),
        "{error}"
    );
}

#[test]
fn two_spellings_of_one_database_in_two_variables_are_one() {
    for (new, old) in [
        ("postgresql+asyncpg://u:hunter2@db.example.org/books?ssl=require", LIBPQ),
        ("postgres://u:hunter2@db.example.org:5432/books", LIBPQ),
        (LIBPQ, "postgresql+psycopg2://u:hunter2@db.example.org/books"),
    ] {
        let config =
            load(&[("DATABASE_URL", new), ("NEON_DATABASE_URL", old), ("BOOKPLATE_SECRET", SECRET)]).unwrap();
        assert_eq!(config.database_url, new);
        assert_eq!(config.warnings, ["NEON_DATABASE_URL is read as DATABASE_URL; rename it when you can."]);
    }
    let other = [("DATABASE_URL", "postgres://u:hunter2@db.example.org/other"), ("NEON_DATABASE_URL", LIBPQ)];
    let error = refused(&[other[0], other[1], ("BOOKPLATE_SECRET", SECRET)]);
    assert!(
        error.contains("DATABASE_URL and its old name NEON_DATABASE_URL hold different values"),
        "{error}"
    );
    assert!(!error.contains("hunter2"));

    let origins = [("BOOKPLATE_URL", "http://localhost:80/"), ("BETTER_AUTH_URL", "http://LOCALHOST")];
    assert_eq!(load(&origins).unwrap().origin.as_str(), "http://localhost");
    let files = [("DATABASE_URL", "sqlite://./a.db"), ("NEON_DATABASE_URL", "sqlite://a.db")];
    assert!(load(&files).is_ok());
}

#[test]
fn what_an_address_does_not_protect_is_said_at_each_start() {
    for name in ["DATABASE_URL", "NEON_DATABASE_URL"] {
        let folder = Folder::new();
        for _ in 0..2 {
            let warnings = folder
                .load(&postgres(name, "postgres://u:hunter2@db/books?sslmode=no-verify"))
                .unwrap()
                .warnings;
            let expected = format!("{name} says sslmode=no-verify: whoever stands between");
            assert!(warnings.iter().any(|warning| warning.starts_with(&expected)), "{warnings:?}");
        }
    }
    let direct = "postgres://u:hunter2@db/books?sslmode=no-verify";
    let config = load(&[
        ("DATABASE_URL", "postgres://u:hunter2@db/books"),
        ("DATABASE_DIRECT_URL", direct),
        ("BOOKPLATE_SECRET", SECRET),
    ]);
    let warnings = config.unwrap().warnings;
    assert!(warnings[0].starts_with("DATABASE_DIRECT_URL says sslmode=no-verify"), "{warnings:?}");
}

#[test]
fn a_parameter_that_is_not_used_is_named_without_its_value() {
    let address = "postgres://u:p@db/books?sslpassword=hunter2&connect_timeout=10&sslmode=disable";
    let warnings = load(&postgres("DATABASE_URL", address)).unwrap().warnings;
    let named = |name: &str| format!("DATABASE_URL has a parameter that Bookplate does not use: {name}.");
    assert_eq!(warnings, [named("sslpassword"), named("connect_timeout")]);
}

#[test]
fn a_pooler_is_recognised_in_every_spelling() {
    for address in [
        "postgresql+asyncpg://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/db?ssl=require",
        "postgresql://ep-x-pooler.eu-central-1.aws.neon.tech/db?user=u&password=p",
    ] {
        let config = load(&postgres("DATABASE_URL", address)).unwrap();
        assert_eq!(config.database_direct_url, None, "{address}");
        assert!(config.warnings[0].contains("through a pooler"), "{:?}", config.warnings);
    }
}
