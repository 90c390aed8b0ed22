//! Clients of `bookplate.toml` and their secrets.

use domain::ClientKind;

use super::*;

fn load_toml(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Folder::with(&[("bookplate.toml", text)]).load(variables)
}

/// The error for a client with these lines besides its name.
fn refused_client(lines: &str, variables: &[(&str, &str)]) -> String {
    let text = format!("[[clients]]\nname = \"Book\"\n{lines}");
    load_toml(&text, variables).expect_err(&format!("refused: {lines}")).to_string()
}

fn native(redirect_uri: &str) -> String {
    format!("id = \"app\"\nredirect_uris = [{redirect_uri:?}]")
}

fn browser(origin: &str) -> String {
    format!(
        "id = \"docs\"\nredirect_uris = [\"https://docs.example.org/cb\"]\norigins = [\"https://docs.example.org\", {origin:?}]"
    )
}

const DOCS: &str = "[[audiences]]\nname = \"search\"\n[[audiences]]\nname = \"chat\"\nalgorithm = \"HS256\"\n\
                    send_aud = false\n\
                    [[clients]]\nid = \"docs\"\nname = \" Physical AI \"\n\
                    redirect_uris = [\"https://you.github.io/book/callback\", \"http://localhost:3000/callback\"]\n\
                    origins = [\"https://you.github.io\", \"http://localhost:3000\"]\n\
                    post_logout_redirect_uris = [\"https://you.github.io/book/\"]\n\
                    audiences = [\"search\", \"chat\"]\nfirst_party = true\n\
                    [[clients]]\nid = \"app\"\nname = \"App\"\n\
                    redirect_uris = [\"http://127.0.0.1/cb\", \"http://[::1]/cb\", \"org.example.app:/cb\"]\n\
                    [[clients]]\nid = \"chat-server\"\nname = \"Chat\"\nredirect_uris = [\"https://chat.example.org/cb\"]\n";

#[test]
fn the_declaration_of_a_client_says_its_kind() {
    let variables = [
        ("BOOKPLATE_AUDIENCE_CHAT_SECRET", THIRD),
        ("BOOKPLATE_CLIENT_CHAT_SERVER_SECRET", SECRET),
        ("BOOKPLATE_CLIENT_CHAT_SERVER_SECRET_PREVIOUS", OTHER),
    ];
    let config = load_toml(DOCS, &variables).unwrap();
    let [docs, app, chat] = config.clients.as_slice() else { panic!("three clients") };
    assert_eq!(
        (docs.kind(), docs.id.as_str(), docs.name.as_str()),
        (ClientKind::Browser, "docs", "Physical AI")
    );
    assert_eq!(docs.origins, ["https://you.github.io", "http://localhost:3000"]);
    assert_eq!(docs.redirect_uris, ["https://you.github.io/book/callback", "http://localhost:3000/callback"]);
    assert_eq!(docs.post_logout_redirect_uris, ["https://you.github.io/book/"]);
    assert_eq!(
        (docs.audiences.as_slice(), docs.first_party),
        (["search".into(), "chat".into()].as_slice(), true)
    );
    assert_eq!((app.kind(), app.first_party), (ClientKind::Native, false));
    assert_eq!(chat.kind(), ClientKind::Confidential);
    assert!(chat.accepts_secret(SECRET) && chat.accepts_secret(OTHER) && !chat.accepts_secret(THIRD));
    assert!(config.warnings.iter().all(|warning| !warning.contains("CLIENT")), "{:?}", config.warnings);
    let shown = format!("{config:?}");
    assert!(!shown.contains(SECRET) && !shown.contains(OTHER), "{shown}");
}

#[test]
fn security_29_a_redirect_uri_is_written_as_a_browser_writes_it() {
    for uri in [
        "https://book.example.org/callback?book=1",
        "https://xn--bcher-kva.example/cb",
        "https://you.vercel.app/",
        "https://intranet/cb",
        "https://192.0.2.1/cb",
        "http://book.localhost:3000/cb",
        "http://127.9.9.9/cb",
        "com.example.app:/cb",
        "com.example.app://host/cb",
    ] {
        let text = format!("[[clients]]\nname = \"App\"\n{}", native(uri));
        load_toml(&text, &[]).unwrap_or_else(|error| panic!("{uri}: {error}"));
    }
    for (uri, words) in [
        ("https://book.example.org", "Write https://book.example.org/"),
        ("https://Book.example.org/cb", "Write https://book.example.org/cb"),
        ("HTTPS://book.example.org/cb", "Write https://book.example.org/cb"),
        ("https://book.example.org:443/cb", "Write https://book.example.org/cb"),
        ("https://book.example.org/a/../cb", "Write https://book.example.org/cb"),
        ("https://book.example.org/a/%2e%2E/cb", "Write https://book.example.org/cb"),
        ("https://book.example.org\\cb", "Write https://book.example.org/cb"),
        ("https:book.example.org/cb", "Write https://book.example.org/cb"),
        ("https:///book.example.org/cb", "Write https://book.example.org/cb"),
        (" https://book.example.org/cb", "Write https://book.example.org/cb"),
        ("https://book.example.org/c\tb", "Write https://book.example.org/cb"),
        ("https://book.example.org/cb\n", "Write https://book.example.org/cb"),
        ("https://book.example.org/ü", "Write https://book.example.org/%C3%BC"),
        ("https://bücher.example/cb", "Write https://xn--bcher-kva.example/cb"),
        ("http://127.1/cb", "Write http://127.0.0.1/cb"),
        ("http://2130706433/cb", "Write http://127.0.0.1/cb"),
        ("http://[0:0:0:0:0:0:0:1]/cb", "Write http://[::1]/cb"),
        ("com.example.App:/cb", "Write com.example.app:/cb"),
        ("https://book.example.org/cb#", "Leave out # and what follows it"),
        ("https://book.example.org/cb#a", "Leave out # and what follows it"),
        ("https://ada@book.example.org/cb", "Leave them out"),
        ("https://ada:word@book.example.org/cb", "Leave them out"),
        ("https://@book.example.org/cb", "Write https://book.example.org/cb"),
        ("https://*.example.org/cb", "List each by its full name"),
        ("https://book.example.org/*", "List each by its full name"),
        ("https://github.io/cb", "Name the full host, such as book.github.io"),
        ("https://vercel.app/cb", "Name the full host, such as book.vercel.app"),
        ("https://co.uk/cb", "Name the full host, such as book.co.uk"),
        ("https://github.io./cb", "Leave the dot out"),
        ("https://book.example.org./cb", "Leave the dot out"),
        ("http://book.example.org/cb", "Write https://; plain http is for this machine alone"),
        ("http://0.0.0.0/cb", "Write https://; plain http is for this machine alone"),
        ("http://192.168.0.1/cb", "Write https://; plain http is for this machine alone"),
        ("http://localhost.example.org/cb", "Write https://; plain http is for this machine alone"),
        ("https://book,example.org/cb", "Write it with its scheme"),
        ("book.example.org/cb", "Write it with its scheme"),
        ("/cb", "Write it with its scheme"),
        ("", "Write it with its scheme"),
        ("https://", "Write it with its scheme"),
        ("https://book.example.org:99999/cb", "Write it with its scheme"),
        ("javascript:alert(1)", "Use a domain of yours in reverse"),
        ("data:text/html,x", "Use a domain of yours in reverse"),
        ("app:/cb", "Use a domain of yours in reverse"),
        ("file:///cb", "Use a domain of yours in reverse"),
        ("com.example.app:cb", "Write com.example.app:/ and the path"),
        ("https://book.example.org/cb?code=1", "Leave code out"),
        ("https://book.example.org/cb?a=b&st%61te=", "Leave state out"),
    ] {
        let error = refused_client(&native(uri), &[]);
        assert!(
            error.starts_with("bookplate.toml, line 1: client \"app\": redirect URI: "),
            "{uri}\n{error}"
        );
        assert!(error.contains(words) && error.lines().count() == 1, "{uri}\n{error}");
    }
    let long = format!("https://book.example.org/{}", "a".repeat(500));
    assert!(refused_client(&native(&long), &[]).contains("Give at most 512"));
}

#[test]
fn an_origin_is_written_as_a_browser_writes_it() {
    for (origin, words) in [
        ("https://book.example.org/", "Write https://book.example.org."),
        ("https://book.example.org/book", "Write https://book.example.org."),
        ("https://Book.example.org", "Write https://book.example.org."),
        ("https://book.example.org:443", "Write https://book.example.org."),
        ("https://book.example.org#a", "Write https://book.example.org."),
        ("https://*.vercel.app", "List each by its full name"),
        ("https://vercel.app", "Name the full host, such as book.vercel.app"),
        ("https://github.io", "Name the full host, such as book.github.io"),
        ("https://pages.dev", "Name the full host, such as book.pages.dev"),
        ("http://book.example.org", "Write https://"),
        ("https://ada@book.example.org", "Leave them out"),
        ("https://book.example.org.", "Leave the dot out"),
        ("null", "Write it with its scheme"),
        ("book.example.org", "Write it with its scheme"),
        ("com.example.app:/", "Write it with its scheme"),
        ("http://localhost:3001", "http://localhost:3001 is Bookplate's own"),
        ("https://docs.example.org", "is given twice"),
    ] {
        let error = refused_client(&browser(origin), &[]);
        assert!(error.contains(words) && error.lines().count() == 1, "{origin}\n{error}");
    }
    for origin in ["https://you.github.io", "https://intranet", "http://localhost:3000", "http://[::1]:8080"]
    {
        load_toml(&format!("[[clients]]\nname = \"Book\"\n{}", browser(origin)), &[]).unwrap();
    }
}

#[test]
fn unusable_clients_are_refused() {
    let uri = "redirect_uris = [\"https://docs.example.org/cb\"]";
    let long_id = format!("id = \"{}\"\n{uri}", "a".repeat(33));
    let many: Vec<String> = (0..21).map(|it| format!("\"https://docs.example.org/{it}\"")).collect();
    let many = format!("id = \"a\"\nredirect_uris = [{}]", many.join(","));
    for (lines, words) in [
        (format!("id = \"Docs\"\n{uri}"), "Use a to z, 0 to 9 and -"),
        (format!("id = \"a_b\"\n{uri}"), "Use a to z, 0 to 9 and -"),
        (format!("id = \"\"\n{uri}"), "Use a to z, 0 to 9 and -"),
        (long_id, "at most 32"),
        ("id = \"a\"".to_owned(), "Give redirect_uris, such as"),
        ("id = \"a\"\nredirect_uris = []".to_owned(), "Give redirect_uris, such as"),
        (many, "Give at most 20"),
        (format!("id = \"a\"\n{uri}\naudiences = [\"serach\"]"), "the audience \"serach\" is not declared"),
        (
            "id = \"a\"\nredirect_uris = [\"https://a.example.org/cb\", \"https://a.example.org/cb\"]"
                .to_owned(),
            "is given twice",
        ),
        (
            format!("id = \"a\"\n{uri}\norigins = [\"https://a.example.org\"]"),
            "Add https://docs.example.org to its origins",
        ),
        (
            "id = \"a\"\nredirect_uris = [\"https://a.example.org/cb\", \"com.example.app:/cb\"]\n\
             origins = [\"https://a.example.org\"]"
                .to_owned(),
            "other schemes are for clients without origins and secret",
        ),
        (format!("id = \"a\"\n{uri}\npost_logout_redirect_uris = [\"/\"]"), "post-logout redirect URI: "),
        (format!("id = \"a\"\n{uri}\nfirst_party = \"yes\""), "invalid type"),
        (format!("id = \"a\"\n{uri}\nsecret = \"hunter2\""), "Secrets never stand in this file"),
        (format!("id = \"a\"\n{uri}\nredirect_uri = \"x\""), "unknown field `redirect_uri`"),
    ] {
        let error = refused_client(&lines, &[]);
        assert!(error.starts_with("bookplate.toml, line ") && error.contains(words), "{lines}\n{error}");
        assert!(error.lines().count() == 1 && !error.contains("hunter2"), "{lines}\n{error}");
    }
    let nameless =
        load_toml(&format!("[[clients]]\nid = \"a\"\nname = \" \"\n{uri}"), &[]).unwrap_err().to_string();
    assert!(nameless.contains("on one line, at most 120 characters"), "{nameless}");
    let client = format!("[[clients]]\nid = \"a\"\nname = \"A\"\n{uri}\n");
    let error = load_toml(&client.repeat(2), &[]).unwrap_err().to_string();
    assert!(error.starts_with("bookplate.toml, line 5: client \"a\": declared twice"), "{error}");
}

#[test]
fn no_origin_is_both_trusted_and_asked_for_consent() {
    let client = |id: &str, first_party: bool| {
        format!(
            "[[clients]]\nid = \"{id}\"\nname = \"Book\"\nredirect_uris = [\"https://you.github.io/{id}\"]\n\
             origins = [\"https://you.github.io\"]\nfirst_party = {first_party}\n"
        )
    };
    for (one, other) in [(true, false), (false, true)] {
        let error = load_toml(&(client("one", one) + &client("other", other)), &[]).unwrap_err().to_string();
        assert!(
            error.contains(
                "client \"other\": origin: https://you.github.io is an origin of the client \"one\""
            ),
            "{error}"
        );
    }
    for both in [true, false] {
        let config = load_toml(&(client("one", both) + &client("other", both)), &[]).unwrap();
        assert_eq!(config.clients.len(), 2, "two books may share a host");
    }
    let listed = [("BOOKPLATE_TRUSTED_ORIGINS", "https://you.github.io")];
    let error = load_toml(&client("one", false), &listed).unwrap_err().to_string();
    assert!(error.contains("Remove it there, or write first_party = true"), "{error}");
    assert!(load_toml(&client("one", true), &listed).is_ok());
}

#[test]
fn secrets_of_clients_are_long_and_different_from_all_others() {
    let text = "[[audiences]]\nname = \"s\"\nalgorithm = \"HS256\"\n\
                [[clients]]\nid = \"a-b\"\nname = \"A\"\nredirect_uris = [\"https://a.example.org/cb\"]\n";
    let (audience, own) = ("BOOKPLATE_AUDIENCE_S_SECRET", "BOOKPLATE_CLIENT_A_B_SECRET");
    let previous = "BOOKPLATE_CLIENT_A_B_SECRET_PREVIOUS";
    let quoted = format!("\"{OTHER}\"");
    for (variables, words) in [
        (vec![(own, "short")], format!("{own}: the secret is 5 bytes long; at least 32")),
        (vec![(own, SECRET)], format!("{own}: this is the secret that {audience} holds")),
        (vec![(own, OTHER), (previous, OTHER)], format!("{previous}: this is the secret that {own} holds")),
        (vec![(previous, OTHER)], format!("{previous}: there is no {own} that follows it")),
        (vec![(own, "change-me-please-change-me-please")], format!("{own}: this is an example")),
        (vec![(own, &quoted)], format!("{own}: the secret begins or ends with quotes")),
        (
            vec![(own, OTHER), ("BOOKPLATE_SECRET_PREVIOUS", OTHER)],
            format!("{own}: this is the secret that BOOK"),
        ),
    ] {
        let error =
            load_toml(text, &[&variables[..], &[(audience, SECRET)]].concat()).unwrap_err().to_string();
        assert!(error.starts_with(&words) && error.lines().count() == 1, "{words}\n{error}");
        assert!(!error.contains(SECRET) && !error.contains(OTHER), "{error}");
    }
    let public = public(&[(own, SECRET), (audience, OTHER)]);
    let error = load_toml(text, &public).unwrap_err().to_string();
    assert!(error.contains("whoever is given it could sign in here as any reader"), "{error}");
}

#[test]
fn the_secret_of_no_client_is_not_used() {
    let config = load(&[("BOOKPLATE_CLIENT_DOCS_SECRET", SECRET)]).unwrap();
    let expected =
        "BOOKPLATE_CLIENT_DOCS_SECRET is not used: no client of that id is declared in bookplate.toml.";
    assert!(config.warnings.iter().any(|warning| warning == expected), "{:?}", config.warnings);
    assert!(config.clients.is_empty());
}
