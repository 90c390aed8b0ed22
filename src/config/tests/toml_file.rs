//! `bookplate.toml` and the audiences it declares.

use contract::Questions;
use domain::{AudienceKey, ConversationsOf};

use super::*;

fn load_toml(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Folder::with(&[("bookplate.toml", text)]).load(variables)
}

fn refused_toml(text: &str, variables: &[(&str, &str)]) -> String {
    load_toml(text, variables).expect_err(&format!("refused: {text}")).to_string()
}

/// Name, `aud`, and whether it signs with a secret and a previous one.
fn audiences(config: &Config) -> Vec<(&str, Option<&str>, Option<bool>)> {
    let shown = config.tokens.audiences.iter().map(|audience| {
        let shared = match &audience.key {
            AudienceKey::Published => None,
            AudienceKey::Shared { previous, .. } => Some(previous.is_some()),
        };
        (audience.name.as_str(), audience.aud.as_deref(), shared)
    });
    shown.collect()
}

#[test]
fn the_book_is_shown_as_declared() {
    let config =
        load_toml("[book]\nname = \" Physical AI \"\nlogo = \"/logo.svg\"\naccent = \"#A1B2C3\"", &[])
            .unwrap();
    assert_eq!((config.book.name.as_str(), config.book.accent.as_str()), ("Physical AI", "#a1b2c3"));
    for logo in ["/img/logo.svg", "https://book.example.org/logo.png", "data:image/svg+xml;base64,PHN2Zz4="] {
        let config = load_toml(&format!("[book]\nlogo = \"{logo}\""), &[]).unwrap();
        assert_eq!(config.book.logo.as_deref(), Some(logo));
    }
}

#[test]
fn the_authors_pages_are_linked_in_their_order() {
    let toml = "[book]\nsupport = \"help@example.org\"\nurl = \"http://localhost:3000\"\nterms_url = \
                \"https://Book.example.org/terms\"\nprivacy_url = \"https://book.example.org/privacy?a=b\"\n\
                imprint_url = \"https://book.example.org/imprint\"";
    let config = load_toml(toml, &[]).unwrap();
    let links: Vec<_> = config.book.links.iter().map(|link| (link.label, link.url.as_str())).collect();
    let expected = [
        ("The book", "http://localhost:3000/"),
        ("Terms", "https://book.example.org/terms"),
        ("Privacy", "https://book.example.org/privacy?a=b"),
        ("Imprint", "https://book.example.org/imprint"),
        ("Support", "mailto:help@example.org"),
    ];
    assert_eq!(links, expected);
    assert_eq!(config.book.links[4].text(), "help@example.org");
    for (key, value) in [
        ("url", "http://book.example.org"),
        ("terms_url", "/terms"),
        ("privacy_url", "javascript:alert(1)"),
        ("imprint_url", "https://user:word@example.org/"),
        ("imprint_url", "https://example.org/ x"),
        ("url", "mailto:help@example.org"),
    ] {
        let error = refused_toml(&format!("[book]\n{key} = \"{value}\""), &[]);
        assert!(error.contains(&format!("line 2: book.{key} is no address of a page")), "{error}");
    }
    let error = refused_toml("[book]\nsupport = \"nobody\"", &[]);
    assert!(
        error.contains("book.support reaches nobody. Give an address such as help@example.org"),
        "{error}"
    );
}

#[test]
fn terms_to_accept_have_a_version_and_an_address() {
    let urls =
        "[book]\nterms_url = \"https://book.example.org/t\"\nprivacy_url = \"https://book.example.org/p\"";
    assert_eq!(load_toml(urls, &[]).unwrap().book.terms, None, "nothing is asked for");
    let terms =
        load_toml(&format!("{urls}\nterms_version = \"2026-11-30\""), &[]).unwrap().book.terms.unwrap();
    assert_eq!((terms.version.as_str(), terms.url.as_str()), ("2026-11-30", "https://book.example.org/t"));
    assert_eq!(terms.privacy_url.as_deref(), Some("https://book.example.org/p"));
    let ours = [("BOOKPLATE_URL", "https://accounts.example.org"), ("BOOKPLATE_SECRET", SECRET)];
    for (page, is_refused) in [("terms", true), ("terms/", true), ("terms?x", true), ("terms.html", false)] {
        let text =
            format!("[book]\nterms_url = \"https://accounts.example.org/{page}\"\nterms_version = \"1\"");
        let error = load_toml(&text, &ours).err().map(|error| error.to_string()).unwrap_or_default();
        let said = error.contains("book.terms_url is Bookplate's own page, which asks readers to accept");
        assert_eq!(said, is_refused, "{page}: {error}");
    }
    let error = refused_toml("[book]\nterms_version = \"1\"", &[]);
    assert!(error.contains("terms that have no address. Give terms_url, too"), "{error}");
    for version in ["", " ", "1 2", "é", &"1".repeat(41)] {
        let error = refused_toml(&format!("{urls}\nterms_version = \"{version}\""), &[]);
        assert!(error.contains("line 4: book.terms_version is no name of a version"), "{error}");
    }
}

#[test]
fn mistakes_in_the_file_are_reported_with_their_line() {
    for (text, line, words) in [
        ("[book]\n\nnaem = \"x\"", 3, "unknown field `naem`, expected one of `name`, `logo`, `accent`"),
        ("[book]\nname = 5", 2, "invalid type"),
        ("[book]\nname = \" \"", 2, "book.name cannot be shown"),
        ("[book]\nname = \"a\\nb\"", 2, "on one line"),
        ("[book]\naccent = \"red\"", 2, "Write #rrggbb"),
        ("[book]\naccent = \"#12345\"", 2, "Write #rrggbb"),
        ("[book]\naccent = \"#é1234\"", 2, "Write #rrggbb"),
        ("[book]\nlogo = \"http://book.example.org/l.png\"", 2, "an https:// URL"),
        ("[book]\nlogo = \"//evil.example/l.png\"", 2, "begins with one /"),
        ("[book]\nlogo = \"javascript:alert(1)\"", 2, "no address of an image"),
        ("[book]\nlogo = \"data:text/html,x\"", 2, "no address of an image"),
        (
            "\n[bok]\nname = \"x\"",
            2,
            "\"bok\" is not known. Only [book], [[questions]], [[audiences]] and [[clients]]",
        ),
        ("port = 3001", 1, "the rest are variables"),
        ("[book]\nname = \"x", 2, ""),
        ("[book]\nname = \"x\"\nname = \"y\"", 3, "duplicate key"),
        ("[questions]\nname = \"x\"", 1, "Begin each entry with [[questions]]"),
        (
            "[[questions]]\nname = \"x\"\nlabel = \"X\"\nkind = \"text\"\nmaximum = 3",
            5,
            "unknown field `maximum`",
        ),
        ("\n[[questions]]\nname = \"x\"\nlabel = \"X\"\nkind = \"number\"", 2, "use choice or text"),
        ("[[audiences]]\nname = \"x\"\nsecret = \"hunter2\"", 3, "Secrets never stand in this file"),
        ("[[audiences]]\naud = \"x\"", 1, "missing field `name`"),
    ] {
        let error = refused_toml(text, &[]);
        assert!(error.starts_with(&format!("bookplate.toml, line {line}: ")), "{text}\n{error}");
        assert!(error.contains(words) && !error.contains("hunter2"), "{text}\n{error}");
    }
}

#[test]
fn a_mistake_in_one_table_does_not_hide_those_in_another() {
    let text = "[book]\naccent = \"red\"\nlogo = \"x\"\n[[questions]]\nname = \"a\"\n[[questions]]\nnome = \"b\"\n\
                [[audiences]]\nname = \"é\"\n[other]\n";
    let error = refused_toml(text, &[]);
    for line in [2, 3, 4, 7, 8, 10] {
        assert!(error.contains(&format!("bookplate.toml, line {line}: ")), "{line}\n{error}");
    }
}

#[test]
fn a_mistake_in_one_key_does_not_hide_those_in_another_of_its_table() {
    let text = "[book]\nname = 5\naccent = \"red\"\nlogo = false\nnaem = \"x\"\n\
                [[audiences]]\nalgorithm = 1\nsend_aud = \"no\"\n\
                [[questions]]\nlabel = 1\noptions = [\"a\", 2]\nmax = \"x\"\nask_when = { question = \"a\" }\nx = 1\n\
                [[questions]]\nname = 7\n";
    let error = refused_toml(text, &[]);
    let mut lines: Vec<(usize, &str)> = error
        .lines()
        .map(|line| {
            let (place, problem) =
                line.strip_prefix("bookplate.toml, line ").unwrap().split_once(": ").unwrap();
            (place.parse().unwrap(), problem.split(['.', ',']).next().unwrap())
        })
        .collect();
    lines.sort_unstable();
    let expected = [
        (2, "invalid type: integer `5`"),
        (3, "book"),
        (4, "invalid type: boolean `false`"),
        (5, "unknown field `naem`"),
        (6, "missing field `name`"),
        (7, "invalid type: integer `1`"),
        (8, "invalid type: string \"no\""),
        (9, "missing field `kind`"),
        (9, "missing field `name`"),
        (10, "invalid type: integer `1`"),
        (11, "this is written in none of the forms it can have"),
        (12, "invalid type: string \"x\""),
        (13, "missing field `is`"),
        (14, "unknown field `x`"),
        (15, "missing field `kind`"),
        (15, "missing field `label`"),
        (16, "invalid type: integer `7`"),
    ];
    assert_eq!(lines, expected, "{error}");
}

#[test]
fn a_refused_key_causes_no_further_mistakes_in_its_table() {
    for (text, words) in [
        ("[[audiences]]\nname = \"a\"\nalgorithm = 5", "invalid type"),
        ("[[audiences]]\nname = \"a\"\naud = 5\nsend_aud = false", "invalid type"),
        ("[[questions]]\nname = \"a\"\nlabel = \"A\"\nkind = \"choice\"\noptions = 5", "invalid type"),
        ("[[questions]]\nname = \"a\"\nlabel = \"A\"\noptions = [\"x\"]", "missing field `kind`"),
        ("[[questions]]\nname = \"a\"\nlabel = \"A\"\nkind = 5", "invalid type"),
    ] {
        let error = refused_toml(text, &[]);
        assert!(error.contains(words) && error.lines().count() == 1, "{text}\n{error}");
    }
}

#[test]
fn questions_are_the_declared_the_default_ones_or_none() {
    assert_eq!(load_toml("", &[]).unwrap().questions, Questions::default());
    assert_eq!(load_toml("questions = []", &[]).unwrap().questions.iter().count(), 0);
    let text = "[[questions]]\nname = \"level\"\nlabel = \"Level\"\nkind = \"choice\"\noptions = [\"a\", \"b\"]\n\
                [[questions]]\nname = \"why\"\nlabel = \"Why\"\nkind = \"text\"\nmax = 50\n\
                ask_when = { question = \"level\", is = \"a\" }";
    let config = load_toml(text, &[]).unwrap();
    assert_eq!(config.questions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["level", "why"]);
    let twice = "[[questions]]\nname = \"email\"\nlabel = \"\"\nkind = \"text\"";
    let error = refused_toml(twice, &[]);
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(error.contains("choose another") && error.contains("give it a label"), "{error}");
}

#[test]
fn a_named_file_must_exist() {
    let folder = Folder::with(&[("my.toml", "[book]\nname = \"Mine\"")]);
    assert_eq!(folder.load(&[]).unwrap().book.name, "Bookplate");
    assert_eq!(folder.load(&[("BOOKPLATE_CONFIG", "my.toml")]).unwrap().book.name, "Mine");
    let error = folder.load(&[("BOOKPLATE_CONFIG", "bookplate.toml")]).unwrap_err().to_string();
    assert!(error.starts_with("BOOKPLATE_CONFIG: \"bookplate.toml\" cannot be read"), "{error}");
}

#[test]
fn an_audience_uses_the_published_keys_or_a_secret_of_its_own() {
    let text = "[[audiences]]\nname = \"search\"\n[[audiences]]\nname = \"a\"\naud = \"https://a.example.org\"\n\
                [[audiences]]\nname = \"chat.bot-1\"\nalgorithm = \"HS256\"\n\
                [[audiences]]\nname = \"old\"\nalgorithm = \"HS256\"\nsend_aud = false";
    let variables = [
        ("BOOKPLATE_AUDIENCE_CHAT_BOT_1_SECRET", SECRET),
        ("BOOKPLATE_AUDIENCE_CHAT_BOT_1_SECRET_PREVIOUS", THIRD),
        ("BOOKPLATE_AUDIENCE_OLD_SECRET", OTHER),
    ];
    let config = load_toml(text, &variables).unwrap();
    let expected = [
        ("search", Some("search"), None),
        ("a", Some("https://a.example.org"), None),
        ("chat.bot-1", Some("chat.bot-1"), Some(true)),
        ("old", None, Some(false)),
    ];
    assert_eq!(audiences(&config), expected);
    let AudienceKey::Shared { secret, .. } = &config.tokens.audiences[3].key else { panic!("shared") };
    assert_eq!(secret.as_str(), OTHER);
}

#[test]
fn an_audience_opens_the_conversations_that_its_entry_says() {
    let text = "[[audiences]]\nname = \"none\"\n[[audiences]]\nname = \"reads\"\nconversations = \"read\"\n\
                [[audiences]]\nname = \"writes\"\nalgorithm = \"HS256\"\nconversations = \"write\"";
    let variables = [("BOOKPLATE_AUDIENCE_WRITES_SECRET", SECRET), ("JWT_SECRET", OTHER)];
    let config = load_toml(text, &variables).unwrap();
    let opened: Vec<_> =
        config.tokens.audiences.iter().map(|it| (it.name.as_str(), it.conversations.scope())).collect();
    let expected = [
        ("none", None),
        ("reads", Some("conversations:read")),
        ("writes", Some("conversations:read conversations:write")),
        ("default", None),
    ];
    assert_eq!(opened, expected);
}

#[test]
fn a_clients_tokens_open_its_own_conversations_unless_the_entry_of_their_audience_says_all() {
    let text = "[[audiences]]\nname = \"own\"\nconversations = \"read\"\n\
                [[audiences]]\nname = \"said\"\nconversations = \"read\"\nconversations_of = \"client\"\n\
                [[audiences]]\nname = \"every\"\nconversations = \"write\"\nconversations_of = \"all\"";
    let config = load_toml(text, &[]).unwrap();
    let opened: Vec<_> = config.tokens.audiences.iter().map(|it| it.conversations_of).collect();
    assert_eq!(opened, [ConversationsOf::Client, ConversationsOf::Client, ConversationsOf::All]);
}

#[test]
fn unusable_audiences_are_refused() {
    for (text, words) in [
        ("name = \"a\"\nconversations_of = \"all\"", "Add conversations = \"read\" or \"write\", or remove"),
        (
            "name = \"a\"\nconversations = \"read\"\nconversations_of = \"ALL\"",
            "Write conversations_of = \"all\", or leave it out",
        ),
        ("name = \"a b\"", "Use letters, digits, -, _ and ."),
        ("name = \"\"", "Use letters"),
        ("name = \"a\"\n[[audiences]]\nname = \"a\"\naud = \"b\"", "declared twice"),
        ("name = \"a-b\"\n[[audiences]]\nname = \"A_b\"", "differs in a letter or digit"),
        ("name = \"a\"\nalgorithm = \"RS256\"", "Write HS256, or leave it out"),
        ("name = \"a\"\nsend_aud = false", "Add algorithm = \"HS256\""),
        ("name = \"a\"\nalgorithm = \"HS256\"\nsend_aud = false\naud = \"x\"", "Remove aud or send_aud"),
        ("name = \"a\"\nconversations = \"all\"", "Write conversations = \"read\" or \"write\""),
        ("name = \"a\"\nconversations = \"\"", "Write conversations = \"read\" or \"write\""),
        ("name = \"a\"\nconversations = \"Read\"", "Write conversations = \"read\" or \"write\""),
        ("name = \"a\"\nconversations = true", "invalid type"),
        ("name = \"a\"\naud = \" \"", "aud cannot be used"),
        ("name = \"a\"\naud = \"http://localhost:3001\"", "Give each an aud of its own"),
        ("name = \"a\"\n[[audiences]]\nname = \"b\"\naud = \"a\"", "Give each an aud of its own"),
    ] {
        let error = refused_toml(&format!("[[audiences]]\n{text}"), &[]);
        assert!(error.starts_with("bookplate.toml, line ") && error.contains(words), "{text}\n{error}");
    }
}

#[test]
fn secrets_of_audiences_are_required_long_and_different() {
    let text = "[[audiences]]\nname = \"a\"\nalgorithm = \"HS256\"\n[[audiences]]\nname = \"b\"\nalgorithm = \"HS256\"\n\
                [[audiences]]\nname = \"c\"";
    let (a, b, c) =
        ("BOOKPLATE_AUDIENCE_A_SECRET", "BOOKPLATE_AUDIENCE_B_SECRET", "BOOKPLATE_AUDIENCE_C_SECRET");
    let previous = "BOOKPLATE_AUDIENCE_B_SECRET_PREVIOUS";
    for (variables, words) in [
        (
            vec![],
            vec![format!("{a}: the audience \"a\" has no secret. Make one"), format!("{b}: the audience")],
        ),
        (vec![(a, SECRET), (b, "short")], vec![format!("{b}: the secret is 5 bytes long")]),
        (vec![(a, SECRET), (b, SECRET)], vec![format!("{b}: this is the secret that {a} holds")]),
        (
            vec![(a, SECRET), (b, OTHER), (previous, SECRET)],
            vec![format!("{previous}: this is the secret that {a}")],
        ),
        (
            vec![(a, SECRET), (b, OTHER), (previous, OTHER)],
            vec![format!("{previous}: this is the secret that {b}")],
        ),
        (
            vec![(a, SECRET), (b, OTHER), (c, "x")],
            vec![format!("{c}: the audience \"c\" is signed for with the pub")],
        ),
        (
            vec![(a, SECRET), (b, "change-me-please-change-me-please")],
            vec![format!("{b}: this is an example")],
        ),
    ] {
        let error = refused_toml(text, &variables);
        assert_eq!(error.lines().count(), words.len(), "{error}");
        for words in words {
            assert!(error.contains(&words), "{words}\n{error}");
        }
        assert!(!error.contains(SECRET) && !error.contains(OTHER), "{error}");
    }
}

#[test]
fn jwt_secret_declares_the_audience_default_without_aud() {
    let config = load(&[("JWT_SECRET", SECRET), ("JWT_SECRET_PREVIOUS", OTHER)]).unwrap();
    assert_eq!(audiences(&config), [("default", None, Some(true))]);
    assert!(
        config.warnings.iter().any(|warning| warning.starts_with("JWT_SECRET_PREVIOUS ")),
        "{:?}",
        config.warnings
    );
    let error = refused(&[("JWT_SECRET", "short")]);
    assert!(error.starts_with("JWT_SECRET: the secret is 5 bytes long"), "{error}");
    let error = refused(&[("JWT_SECRET_PREVIOUS", SECRET)]);
    assert!(error.starts_with("JWT_SECRET_PREVIOUS: there is no JWT_SECRET"), "{error}");

    let declared = "[[audiences]]\nname = \"default\"\nalgorithm = \"HS256\"\naud = \"x\"";
    let config = load_toml(declared, &[("JWT_SECRET", SECRET)]).unwrap();
    assert_eq!(audiences(&config), [("default", Some("x"), Some(false))], "the declaration settles the rest");
    let error = refused_toml("[[audiences]]\nname = \"default\"", &[("JWT_SECRET", SECRET)]);
    assert!(
        error.starts_with("JWT_SECRET: the audience \"default\" is signed for with the published"),
        "{error}"
    );
}
