//! Variables, their files and their old names.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::*;

#[test]
fn every_mistake_is_reported_at_once_with_its_remedy() {
    let folder = Folder::with(&[
        (".env", "PORT=http\nwhat is this\n"),
        ("bookplate.toml", "[book]\nacent = \"red\"\naccent = \"red\"\n\n[[audiences]]\nname = \"a b\"\n"),
    ]);
    let error = folder
        .load(&[
            ("HOST", "here"),
            ("DATABASE_URL", "mysql://root@localhost/books"),
            ("BOOKPLATE_URL", "accounts.example.org"),
            ("BOOKPLATE_SECRET", "short"),
            ("BOOKPLATE_DATABASE_POOL", "0"),
            ("BOOKPLATE_BEARER_SESSIONS", "maybe"),
        ])
        .unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), error.mistakes().len());
    let begins = lines.iter().map(|line| line.split(": ").next().unwrap().to_owned());
    let env = format!("{}, line 2", folder.path(".env").display());
    let expected = [
        &env,
        "HOST",
        "PORT",
        "DATABASE_URL",
        "BOOKPLATE_DATABASE_POOL",
        "BOOKPLATE_URL",
        "BOOKPLATE_BEARER_SESSIONS",
        "bookplate.toml, line 2",
        "bookplate.toml, line 3",
        "bookplate.toml, line 5",
        "BOOKPLATE_SECRET",
    ];
    assert_eq!(begins.collect::<Vec<_>>(), expected);
    assert_eq!(
        lines[2], "PORT: \"http\" cannot be used. Give a number from 1 to 65535.",
        "a name, what is wrong, what to do"
    );
}

#[test]
fn an_unusable_value_is_refused_with_the_accepted_ones() {
    assert_refused(&[
        ("HOST", "bookplate", "Give an IP address"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("BOOKPLATE_DATABASE_POOL", "201", "from 1 to 200"),
        ("BOOKPLATE_DATABASE_POOL", "-1", "from 1 to 200"),
        ("BOOKPLATE_BEARER_SESSIONS", "maybe", "Give true or false"),
        ("BOOKPLATE_REFERENCE_HABITS", "2", "Give true or false"),
        ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "maybe", "Give true or false"),
        ("BOOKPLATE_JWT_ALGORITHM", "HS256", "declare an audience"),
        ("BOOKPLATE_JWT_ALGORITHM", "none", "ES256, EdDSA or RS256"),
        ("BOOKPLATE_JWT_LIFETIME", "59", "from 60 to 3600 seconds"),
        ("BOOKPLATE_JWT_LIFETIME", "2h", "from 60 to 3600 seconds"),
        ("BOOKPLATE_JWT_LIFETIME", "15mm", "such as 900, 15m or 1h"),
        ("BOOKPLATE_JWT_LIFETIME", "99999999999999999999", "from 60"),
        ("BOOKPLATE_LOG", "inof", "off, error, warn"),
        ("BOOKPLATE_LOG", "info,bookplate=loud", "off, error, warn"),
        ("BOOKPLATE_TRUSTED_PROXIES", "10.0.0.1,proxy", "\"proxy\" is no address"),
        ("BOOKPLATE_TRUSTED_PROXIES", "0.0.0.0/0", "is everyone"),
        ("BOOKPLATE_TRUSTED_PROXIES", "::/0", "is everyone"),
        ("BOOKPLATE_MAIL_URL", "https://u:hunter2@mail", "no address of a mail server"),
        ("BOOKPLATE_MAIL_URL", "mail.example.org:25", "smtp://host:587"),
        ("BOOKPLATE_MAIL_TLS", "on", "required or off"),
        ("BOOKPLATE_MAIL_CA", "nowhere.pem", "cannot be read"),
        ("BOOKPLATE_OUTBOX", "mails/", "path of a file"),
        ("BOOKPLATE_CONFIG", "nowhere.toml", "cannot be read"),
        ("DATABASE_URL", "sqlite::memory:", "loses every account"),
        ("DATABASE_URL", "sqlite://:memory:", "loses every account"),
        ("DATABASE_URL", "sqlite://a.db?mode=rwc", "Write the path alone"),
        ("DATABASE_URL", "sqlite://", "does not name a file"),
        ("DATABASE_URL", "sqlite://data/", "does not name a file"),
        ("DATABASE_URL", "data/bookplate.db", "Write sqlite://data/bookplate.db or postgres://"),
        ("DATABASE_URL", "mysql://u:hunter2@db/books", "mysql:// is a database Bookplate does not speak"),
        ("DATABASE_URL", "postgres://u:hun/ter2@db/books", "percent-encoded"),
        ("DATABASE_URL", "postgres:///books", "percent-encoded"),
    ]);
    let shown = refused(&[
        ("BOOKPLATE_MAIL_URL", "http://u:hunter2@m"),
        ("DATABASE_URL", "postgres://u:hunter2/@db:x"),
    ]);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn each_variable_accepts_its_forms() {
    for (value, expected) in [("60", 60), ("900s", 900), ("15m", 900), ("1h", 3600), (" 3600 ", 3600)] {
        assert_eq!(load(&[("BOOKPLATE_JWT_LIFETIME", value)]).unwrap().tokens.lifetime, expected, "{value}");
    }
    for (value, expected) in [("es256", "ES256"), ("eddsa", "EdDSA"), ("RS256", "RS256")] {
        assert_eq!(load(&[("BOOKPLATE_JWT_ALGORITHM", value)]).unwrap().tokens.algorithm.name(), expected);
    }
    for (value, expected) in
        [("true", true), ("1", true), ("On", true), ("yes", true), ("false", false), ("", false)]
    {
        let config =
            load(&[("BOOKPLATE_BEARER_SESSIONS", value), ("BOOKPLATE_REFERENCE_HABITS", value)]).unwrap();
        assert_eq!((config.bearer_sessions, config.reference_habits), (expected, expected), "{value}");
    }
    for (value, expected) in
        [("0.0.0.0", "0.0.0.0"), ("localhost", "127.0.0.1"), ("[::1]", "::1"), ("::", "::")]
    {
        assert_eq!(load(&[("HOST", value)]).unwrap().host.to_string(), expected);
    }
    for (value, expected) in [("DEBUG", "debug"), ("warn,bookplate=trace", "warn,bookplate=trace")] {
        assert_eq!(load(&[("BOOKPLATE_LOG", value)]).unwrap().log_level, expected);
    }
    let config = load(&[("BOOKPLATE_TRUSTED_PROXIES", "127.0.0.1, 10.1.2.3/8,::1,")]).unwrap();
    let proxies: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
    assert_eq!(load(&[("PORT", "8080")]).unwrap().origin.as_str(), "http://localhost:8080");
}

#[test]
fn a_path_starts_from_the_working_directory() {
    let folder = Folder::new();
    let config =
        folder.load(&[("DATABASE_URL", "sqlite://here.db"), ("BOOKPLATE_OUTBOX", "mail.jsonl")]).unwrap();
    assert_eq!(config.database_url, format!("sqlite://{}", folder.path("here.db").display()));
    assert_eq!(config.mail.outbox, Some(folder.path("mail.jsonl")));
    let absolute = folder.path("there.db").display().to_string();
    let config = folder.load(&[("DATABASE_URL", &format!("sqlite://{absolute}"))]).unwrap();
    assert_eq!(config.database_url, format!("sqlite://{absolute}"));
}

#[test]
fn the_process_wins_over_the_file_and_an_empty_variable_hides_it() {
    let folder =
        Folder::with(&[(".env", "PORT=4001\nHOST=0.0.0.0\nBOOKPLATE_LOG=debug\nBOOKPLATE_DATABASE_POOL=\n")]);
    let config = folder.load(&[("PORT", "4002"), ("BOOKPLATE_LOG", " ")]).unwrap();
    assert_eq!((config.port, config.host.to_string().as_str()), (4002, "0.0.0.0"));
    assert_eq!((config.log_level.as_str(), config.database_connections), ("info", 20));
}

#[test]
fn a_named_file_is_read_instead_of_dot_env_and_may_serve_others_too() {
    let folder = Folder::with(&[
        (".env", "PORT=4001"),
        ("all.env", "export PORT='4003'\nOPENAI_API_KEY=x y\nNODE_ENV\n"),
    ]);
    let config = Config::load(&folder.sources(&[], Some("all.env")), &Counting::default()).unwrap();
    assert_eq!(config.port, 4003);
    assert_eq!(config.warnings.len(), 1, "the secret alone: {:?}", config.warnings);
    let missing =
        Config::load(&folder.sources(&[], Some("none.env")), &Counting::default()).unwrap_err().to_string();
    assert!(missing.contains("none.env: cannot be read") && missing.contains("--env-file"), "{missing}");
}

#[test]
fn values_that_are_not_utf_8_are_refused_for_our_variables_alone() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let folder = Folder::new();
    let bytes = || OsString::from_vec(vec![0xff]);
    let process = [("HOST".into(), bytes()), ("LANG".into(), bytes()), (bytes(), "x".into())];
    let error =
        Config::load(&Sources::gather(process, folder.0.clone(), None), &Counting::default()).unwrap_err();
    assert_eq!(error.to_string(), "HOST: the value is not UTF-8. Give a value in UTF-8.");
}

#[test]
fn old_names_are_read_with_one_warning_each() {
    let config = load(&[
        ("BETTER_AUTH_URL", "https://accounts.example.org"),
        ("BETTER_AUTH_SECRET", SECRET),
        (
            "NEON_DATABASE_URL",
            "postgresql://reader:pw@ep-1.neon.tech/books?sslmode=require&channel_binding=require",
        ),
        ("CORS_ORIGINS", "https://book.example.org"),
        ("JWT_SECRET", OTHER),
        ("BOOKPLATE_SMTP_URL", "smtps://mail.example.org"),
    ])
    .unwrap();
    assert_eq!(config.origin.as_str(), "https://accounts.example.org");
    assert!(config.database_url.starts_with("postgresql://"));
    assert_eq!(config.trusted_origins[1], "https://book.example.org");
    assert!(config.mail.is_sent());
    for old in [
        "BETTER_AUTH_URL",
        "BETTER_AUTH_SECRET",
        "NEON_DATABASE_URL",
        "CORS_ORIGINS",
        "JWT_SECRET",
        "BOOKPLATE_SMTP_URL",
    ] {
        let count = config.warnings.iter().filter(|warning| warning.starts_with(&format!("{old} "))).count();
        assert_eq!(count, 1, "{old}: {:?}", config.warnings);
    }
    assert_eq!(config.warnings.len(), 6);
}

#[test]
fn an_old_name_with_another_value_is_refused_and_one_with_the_same_is_not() {
    for (old, name, values) in [
        ("BETTER_AUTH_URL", "BOOKPLATE_URL", ["http://localhost:1", "http://localhost:2"]),
        ("BETTER_AUTH_SECRET", "BOOKPLATE_SECRET", [SECRET, OTHER]),
        ("NEON_DATABASE_URL", "DATABASE_URL", ["sqlite://a.db", "sqlite://b.db"]),
        ("CORS_ORIGINS", "BOOKPLATE_TRUSTED_ORIGINS", ["https://a.org", "https://b.org"]),
        ("JWT_SECRET", "BOOKPLATE_AUDIENCE_DEFAULT_SECRET", [SECRET, OTHER]),
    ] {
        let error = refused(&[(old, values[0]), (name, values[1])]);
        let expected = format!("{name}: {name} and its old name {old} hold different values. Keep {name}");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains(SECRET) && !error.contains(OTHER), "{error}");
        let config = load(&[(old, values[0]), (name, values[0])]).unwrap();
        assert!(config.warnings.iter().any(|warning| warning.starts_with(old)), "{:?}", config.warnings);
    }
    let error = refused(&[("BETTER_AUTH_SECRET", "short")]);
    assert!(
        error.starts_with("BETTER_AUTH_SECRET: the secret is 5 characters long"),
        "names what was written: {error}"
    );
}

#[test]
fn a_misspelt_name_is_refused_and_an_unknown_one_logged() {
    for (slip, meant) in [
        ("BOOKPLATE_SECERT", "BOOKPLATE_SECRET"),
        ("BOOKPLATE_TRUSTED_ORIGIN", "BOOKPLATE_TRUSTED_ORIGINS"),
        ("BOOKPLATE_URI", "BOOKPLATE_URL"),
    ] {
        assert_refused(&[(slip, "x", &format!("is not known. Write {meant}"))]);
    }
    let unknown =
        load(&[("BOOKPLATE_ISSUER_OF_TOKENS", "x"), ("BOOKPLATE_EMPTY", ""), ("BOOKPLATE_BIN", "x")])
            .unwrap();
    let mentioned: Vec<&String> =
        unknown.warnings.iter().filter(|warning| warning.contains("not known")).collect();
    assert_eq!(mentioned.len(), 1, "{mentioned:?}");
    assert!(mentioned[0].starts_with("BOOKPLATE_ISSUER_OF_TOKENS is not known and not used; the nearest"));
    let unused = load(&[("BOOKPLATE_AUDIENCE_CHATBOT_SECRET", OTHER)]).unwrap().warnings;
    assert!(
        unused.iter().any(|warning| warning.contains("no audience of that name is declared")),
        "{unused:?}"
    );
}

#[test]
fn the_sources_of_a_process_are_its_environment_and_directory() {
    let sources = Sources::of_process(None);
    assert_eq!(sources.directory, std::env::current_dir().unwrap());
    assert!(sources.environment.contains_key("PATH"));
    let nowhere: PathBuf = fs::canonicalize("/").unwrap();
    assert!(Sources::new(BTreeMap::default(), nowhere).environment.is_empty());
}
