//! Values that hold what nobody meant to write: newlines, quotes, wrong separators, files in another encoding.

use std::fs;

use super::*;

/// A secret as files, shells and forms leave it.
fn surrounded() -> [(String, &'static str); 9] {
    [
        (format!("{SECRET}\n"), "a newline"),
        (format!("{SECRET}\r\n"), "a newline"),
        (format!("{SECRET}\r"), "a carriage return"),
        (format!("{SECRET} "), "a blank"),
        (format!(" {SECRET}"), "a blank"),
        (format!("\u{feff}{SECRET}"), "an invisible character"),
        (format!("\"{SECRET}\""), "quotes"),
        (format!("'{SECRET}'"), "quotes"),
        (format!("“{SECRET}”"), "quotes"),
    ]
}

#[test]
fn a_secret_with_a_newline_or_quotes_around_it_is_refused() {
    for (value, stray) in surrounded() {
        for (name, previous) in [
            ("BOOKPLATE_SECRET", "BOOKPLATE_SECRET_PREVIOUS"),
            ("BETTER_AUTH_SECRET", "BOOKPLATE_SECRET_PREVIOUS"),
            ("JWT_SECRET", "JWT_SECRET_PREVIOUS"),
        ] {
            let error = refused(&[(name, &value)]);
            let expected = format!("{name}: the secret begins or ends with {stray}, so it is another one");
            assert!(error.starts_with(&expected), "{error}");
            assert!(error.contains(&format!("Take {stray} away; ")), "{error}");
            assert!(error.contains(&format!("give {previous} the value of today as it is")), "{error}");
            assert!(!error.contains(SECRET) && error.lines().count() == 1, "{error}");
        }
        let toml = "[[audiences]]\nname = \"bot\"\nalgorithm = \"HS256\"\n";
        let folder = Folder::with(&[("bookplate.toml", toml)]);
        let error = folder.load(&[("BOOKPLATE_AUDIENCE_BOT_SECRET", &value)]).unwrap_err().to_string();
        assert!(error.starts_with("BOOKPLATE_AUDIENCE_BOT_SECRET: the secret begins or ends"), "{error}");
        assert!(error.contains("give BOOKPLATE_AUDIENCE_BOT_SECRET_PREVIOUS the value of today"), "{error}");
    }
}

#[test]
fn the_previous_secret_takes_what_surrounds_it_to_the_letter() {
    for (value, _) in surrounded() {
        let signed = domain::Secret::new(value.clone()).sign("x");
        let config = load(&[("BOOKPLATE_SECRET", SECRET), ("BOOKPLATE_SECRET_PREVIOUS", &value)]).unwrap();
        assert!(config.secret.signed("x", &signed), "{value:?}");
        assert_eq!(config.secret.sign("x"), domain::Secret::new(SECRET.to_owned()).sign("x"));

        let config = load(&[("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", &value)]).unwrap();
        let domain::AudienceKey::Shared { previous, .. } = &config.tokens.audiences[0].key else {
            panic!("shared")
        };
        assert_eq!(previous.as_deref(), Some(&value));
    }
    let folder = Folder::with(&[(".env", &format!("BOOKPLATE_SECRET_PREVIOUS=\"{SECRET}\\n\"\n"))]);
    let config = folder.load(&[("BOOKPLATE_SECRET", OTHER)]).unwrap();
    let signed = domain::Secret::new(format!("{SECRET}\n")).sign("x");
    assert!(config.secret.signed("x", &signed), "also from a file");
}

#[test]
fn the_generated_secret_is_the_same_with_a_byte_order_mark() {
    let folder = Folder::new();
    let made = folder.load(&[]).unwrap().secret.sign("x");
    let file = folder.path("data/bookplate.secret");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("\u{feff}{}\r\n", text.trim())).unwrap();
    assert_eq!(folder.load(&[]).unwrap().secret.sign("x"), made);
}

#[test]
fn any_value_in_quotes_is_refused() {
    for (name, value) in [
        ("PORT", "\"3001\""),
        ("HOST", "'127.0.0.1'"),
        ("BOOKPLATE_URL", "\"https://accounts.example.org\""),
        ("DATABASE_URL", "'sqlite://data/book.db'"),
        ("DATABASE_URL", "\"postgres://u:hunter2@db/books\""),
        ("BOOKPLATE_TRUSTED_ORIGINS", "\"https://book.example.org\""),
        ("BOOKPLATE_SMTP_URL", "\"smtps://u:hunter2@mail.example.org\""),
        ("BOOKPLATE_OUTBOX", "'mail.jsonl'"),
        ("BOOKPLATE_LOG", "\"debug\""),
        ("BOOKPLATE_CONFIG", "\"bookplate.toml\""),
    ] {
        assert_refused(&[(name, value, "stands in quotes, which are part of it here. Remove the quotes")]);
        assert!(!refused(&[(name, value)]).contains("hunter2"));
    }
    // A shell's, Docker Compose's and our own reading of .env take them away.
    assert_eq!(Folder::with(&[(".env", "PORT=\"4001\"\n")]).load(&[]).unwrap().port, 4001);
}

#[test]
fn a_list_with_other_separators_than_commas_is_refused_with_the_line_to_write() {
    let name = "BOOKPLATE_TRUSTED_ORIGINS";
    let meant = "https://a.example.org,https://b.example.org";
    for (value, separator) in [
        ("https://a.example.org;https://b.example.org", "a semicolon"),
        ("https://a.example.org; https://b.example.org", "a semicolon"),
        ("https://a.example.org https://b.example.org", "a blank"),
        ("https://a.example.org\nhttps://b.example.org", "a newline"),
        ("https://a.example.org|https://b.example.org", "a |"),
        ("https://a.example.org/docs\thttps://b.example.org", "a blank"),
        ("[\"https://a.example.org;https://b.example.org\"]", "a semicolon"),
        ("[\"https://a.example.org https://b.example.org\"]", "a blank"),
    ] {
        let error = refused(&public(&[(name, value)]));
        assert!(error.contains(&format!("holds {separator}, where only a comma")), "{value:?}: {error}");
        let meant = meant.replace("org,", if value.contains("/docs") { "org/docs," } else { "org," });
        assert!(error.contains(&format!("Write {name}={meant}.")), "{value:?}: {error}");
        assert_eq!(error.lines().count(), 1);
    }
    for value in ["['https://a.example.org']", "[\"https://a.example.org\"", "[\"https://a.example.org\", 1]"]
    {
        let error = refused(&public(&[("CORS_ORIGINS", value)]));
        assert!(error.starts_with("CORS_ORIGINS: the list in brackets is no JSON list"), "{error}");
        assert!(
            error.contains("Write CORS_ORIGINS=https://book.example.org,https://chat.example.org"),
            "{error}"
        );
    }
    let error = refused(&public(&[(name, "https://u:hunter2@a.example.org;https://b.example.org")]));
    assert!(!error.contains("hunter2") && error.contains("Separate the values with commas"), "{error}");
    let list = "\n[ \"https://a.example.org/\" ,\n \"https://b.example.org/docs\" ]\n";
    let trusted = load(&public(&[(name, list)])).unwrap().trusted_origins;
    assert_eq!(trusted[1..].join(","), meant);
    assert!(load(&public(&[(name, "[]")])).unwrap().trusted_origins.len() == 1);
}

#[test]
fn every_list_and_every_address_knows_separators() {
    assert_refused(&[
        (
            "BOOKPLATE_TRUSTED_PROXIES",
            "10.0.0.5;10.0.0.6",
            "Write BOOKPLATE_TRUSTED_PROXIES=10.0.0.5,10.0.0.6",
        ),
        (
            "BOOKPLATE_TRUSTED_PROXIES",
            "10.0.0.5 10.0.0.6",
            "Write BOOKPLATE_TRUSTED_PROXIES=10.0.0.5,10.0.0.6",
        ),
        ("BOOKPLATE_LOG", "info;bookplate=debug", "or a filter such as info,bookplate=debug"),
        ("BOOKPLATE_LOG", "info bookplate=debug", "or a filter such as info,bookplate=debug"),
        ("BOOKPLATE_LOG", "info,bookplate=debug;hyper=trace", "or a filter such as"),
        ("BOOKPLATE_URL", "https://a.example.org;https://b.example.org", "is no web address"),
        ("BOOKPLATE_URL", "https://a.example.org,https://b.example.org", "is no web address"),
        ("BOOKPLATE_URL", "https://a.example.org;", "is no web address"),
    ]);
    let proxies = load(&[("BOOKPLATE_TRUSTED_PROXIES", "[\"10.0.0.5\", \"::1\"]")]).unwrap().trusted_proxies;
    assert_eq!(proxies.len(), 2, "a JSON list, as for origins");
}

fn utf_16(text: &str, mark: &[u8], bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
}

#[test]
fn a_file_in_another_encoding_than_utf_8_is_named() {
    let env = "PORT=4001\nBOOKPLATE_LOG=debug\n";
    let toml = "[book]\nname = \"Tea\"\n";
    for (file, text) in [(".env", env), ("bookplate.toml", toml), ("data/bookplate.secret", SECRET)] {
        let folder = Folder::with(&[]);
        fs::create_dir_all(folder.path("data")).unwrap();
        let path = folder.path(file);
        for bytes in [
            utf_16(text, &[0xff, 0xfe], u16::to_le_bytes),
            utf_16(text, &[0xfe, 0xff], u16::to_be_bytes),
            utf_16(text, &[], u16::to_le_bytes),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = folder.load(&[]).unwrap_err().to_string();
            assert!(error.contains("is text in UTF-16") && error.contains("Save it as UTF-8."), "{error}");
            assert!(error.contains(file) && error.lines().count() == 1, "{error}");
        }
        fs::write(&path, [text.as_bytes(), b"\n# caf\xe9\n"].concat()).unwrap();
        let error = folder.load(&[]).unwrap_err().to_string();
        assert!(
            error.contains("is not text in UTF-8 (line ") && error.contains("Save it as UTF-8."),
            "{error}"
        );
        fs::write(&path, format!("\u{feff}{text}")).unwrap();
        assert!(folder.load(&[]).is_ok(), "{file} with a byte order mark");
    }
    let with_mark =
        Folder::with(&[(".env", &format!("\u{feff}{env}")), ("bookplate.toml", &format!("\u{feff}{toml}"))]);
    let config = with_mark.load(&[]).unwrap();
    assert_eq!((config.port, config.book.name.as_str()), (4001, "Tea"));
}

#[test]
fn a_host_that_another_program_set_is_explained() {
    for target in ["x86_64-conda-linux-gnu", "x86_64-conda_cos6-linux-gnu", "arm64-apple-darwin20.0.0"] {
        assert_refused(&[(
            "HOST",
            target,
            "as conda sets it in its environments. Write BOOKPLATE_HOST=127.0.0.1",
        )]);
    }
    assert_refused(&[
        ("HOST", "ada-laptop", "Give an IP address"),
        ("HOST", "ada-laptop", "write BOOKPLATE_HOST=127.0.0.1, which is read first"),
        ("BOOKPLATE_HOST", "ada-laptop", "Give an IP address"),
    ]);
}

#[test]
fn bookplate_host_is_read_before_host() {
    for host in ["x86_64-conda-linux-gnu", "0.0.0.0", "ada-laptop"] {
        let config = load(&[("HOST", host), ("BOOKPLATE_HOST", "127.0.0.2")]).unwrap();
        assert_eq!(config.host.to_string(), "127.0.0.2");
        assert!(!config.warnings.iter().any(|warning| warning.contains("HOST")), "{:?}", config.warnings);
    }
    assert_eq!(load(&[("HOST", "::1"), ("BOOKPLATE_HOST", " ")]).unwrap().host.to_string(), "::1");
    let folder = Folder::with(&[(".env", "BOOKPLATE_HOST=0.0.0.0\n")]);
    assert_eq!(folder.load(&[("HOST", "x86_64-conda-linux-gnu")]).unwrap().host.to_string(), "0.0.0.0");
}

#[test]
fn a_name_with_a_prefix_that_it_does_not_have_is_refused() {
    for name in ["PORT", "DATABASE_URL", "DATABASE_DIRECT_URL"] {
        assert_refused(&[(&format!("BOOKPLATE_{name}"), "x", &format!("is not known. Write {name}, or"))]);
    }
}

#[test]
fn one_secret_for_cookies_and_tokens_is_a_notice_on_this_machine_and_refused_elsewhere() {
    for (own, other) in [
        ("BETTER_AUTH_SECRET", "JWT_SECRET"),
        ("BOOKPLATE_SECRET", "JWT_SECRET"),
        ("BOOKPLATE_SECRET", "BOOKPLATE_AUDIENCE_BOT_SECRET"),
    ] {
        let toml = "[[audiences]]\nname = \"bot\"\nalgorithm = \"HS256\"\n";
        let folder =
            if other == "JWT_SECRET" { Folder::new() } else { Folder::with(&[("bookplate.toml", toml)]) };
        let both = [(own, SECRET), (other, SECRET)];
        let warnings = folder.load(&both).unwrap().warnings;
        let notice = format!(
            "{other} holds the same secret as {own}: whoever is given it can sign in here as any reader."
        );
        assert!(warnings.iter().any(|warning| warning.starts_with(&notice)), "{warnings:?}");
        assert!(!format!("{warnings:?}").contains(SECRET));

        let public = [both[0], both[1], ("BOOKPLATE_URL", "https://accounts.example.org")];
        let error = folder.load(&public).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{other}: this is the secret that {own} holds: ")), "{error}");
        assert!(error.contains(&format!("Write two lines: {own}=... with a new secret")), "{error}");
        assert!(error.contains(&format!("and {other}=... with the one of today")), "{error}");
        assert!(!error.contains(SECRET) && error.lines().count() == 1, "{error}");
    }
}
