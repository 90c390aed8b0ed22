//! `bookplate user create`, `list`, `show`, `reset-link`.

use std::fs;

use serde_json::json;

use super::CommandLine;

const ADA: &str = "ada@example.com";

#[test]
fn an_account_is_created_with_a_password_link() {
    let cli = CommandLine::new();
    let made = cli.json(&["user", "create", "Ada@Example.com", "--name", "Ada L.", "--verified"]);
    assert_eq!(made["email"], ADA);
    assert_eq!(made["name"], "Ada L.");
    assert_eq!(made["emailVerified"], true);
    assert_eq!(made["banned"], false);
    let link = made["resetLink"].as_str().unwrap();
    let token = link.strip_prefix("http://localhost:3001/reset-password?token=").unwrap();
    assert!(token.len() >= 22, "{token}");
    assert_eq!(cli.json(&["user", "show", ADA])["signInMethods"], json!([]));
    assert_eq!(
        cli.refusal(&["user", "create", ADA]),
        "bookplate: ada@example.com: this address has an account already\n"
    );
}

#[test]
fn security_08_the_password_of_a_new_account_comes_from_standard_input_and_is_checked() {
    let cli = CommandLine::new();
    let arguments = ["user", "create", ADA, "--password-stdin"];
    for (input, why) in [
        ("", "Enter a password"),
        ("short\n", "at least 8 characters"),
        ("password123\n", "tried first"),
        ("ada@example.com\n", "soon be guessed"),
    ] {
        let output = cli.run_with(&arguments, input);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{input:?}");
        assert!(output.stderr.contains(why), "{input:?}: {}", output.stderr);
    }
    let output = cli.run_with(&arguments, "quiet paper and ink\r\nanother line\n");
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.starts_with("made ada@example.com with id "), "{output:?}");
    assert!(!output.stdout.contains("reset-password"), "{output:?}");
    assert_eq!(cli.json(&["user", "show", ADA])["signInMethods"], json!(["credential"]));
}

#[test]
fn accounts_are_listed_searched_and_paginated() {
    let cli = CommandLine::new();
    assert_eq!(cli.text(&["user", "list"]), "no accounts\n");
    for name in ["cleo", "ada", "bob"] {
        cli.json(&["user", "create", &format!("{name}@example.com"), "--name", &name.to_uppercase()]);
    }
    let addresses = |arguments: &[&str]| {
        let list = cli.json(&[&["user", "list"], arguments].concat());
        let users: Vec<String> = list["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["email"].as_str().unwrap().replace("@example.com", ""))
            .collect();
        (users.join(" "), list["after"].clone())
    };
    assert_eq!(addresses(&[]), ("ada bob cleo".into(), json!(null)));
    assert_eq!(addresses(&["--limit", "2"]), ("ada bob".into(), json!("bob@example.com")));
    assert_eq!(addresses(&["--limit", "2", "--after", "bob@example.com"]), ("cleo".into(), json!(null)));
    assert_eq!(addresses(&["--search", "bob@"]), ("bob".into(), json!(null)));
    assert_eq!(addresses(&["--search", "CLEO"]), ("cleo".into(), json!(null)));
    assert_eq!(addresses(&["--search", "%"]), (String::new(), json!(null)));
    let text = cli.text(&["user", "list", "--limit", "1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("address          name  state        since"), "{text}");
    assert!(lines[1].starts_with("ada@example.com  ADA   unconfirmed"), "{text}");
    assert_eq!(lines[2], "more: --after ada@example.com");
}

#[test]
fn an_account_is_shown_by_address_or_id() {
    let cli = CommandLine::new();
    let made = cli.json(&["user", "create", ADA, "--name", "Ada"]);
    let id = made["id"].as_str().unwrap();
    let shown = cli.json(&["user", "show", "ADA@example.com"]);
    assert_eq!(shown, cli.json(&["user", "show", id]));
    assert_eq!(shown["sessions"], json!([]));
    assert_eq!(shown["experienceLevel"], json!(null));
    let text = cli.text(&["user", "show", id]);
    for line in ["address           ada@example.com", "confirmed         no", "state             open"] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(text.contains("signs in with     nothing yet"), "{text}");
    assert!(text.contains("conversations     0 of 67108864 bytes"), "{text}");
    assert_eq!((&shown["storedBytes"], &shown["maxStoredBytes"]), (&json!(0), &json!(64 << 20)));
}

#[test]
fn the_operator_sees_which_terms_an_account_has_accepted() {
    let cli = CommandLine::new();
    let book = |version: &str| {
        format!("[book]\nterms_url = \"https://book.example.org/terms\"\nterms_version = \"{version}\"\n")
    };
    fs::write(cli.folder.join("bookplate.toml"), book("2026-11")).unwrap();
    let made = cli.json(&["user", "create", ADA, "--verified"]);
    let shown = cli.json(&["user", "show", ADA]);
    assert_eq!(shown["acceptedTerms"], json!([]), "an operator accepts nothing for a reader");
    let has_line = |line: &str| {
        let text = cli.text(&["user", "show", ADA]);
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    };
    has_line("terms             version 2026-11 not accepted yet");
    let id = made["id"].as_str().unwrap();
    cli.arrange(&format!("insert into bookplate_accepted_terms values ('{id}', '2026-11', 1795215905131)"));
    let accepted = json!([{ "version": "2026-11", "acceptedAt": "2026-11-20T23:05:05.131Z" }]);
    assert_eq!(cli.json(&["user", "show", ADA])["acceptedTerms"], accepted);
    has_line("terms             version 2026-11 accepted at 2026-11-20T23:05:05.131Z");
    fs::write(cli.folder.join("bookplate.toml"), book("2027-01")).unwrap();
    has_line("terms             version 2026-11 accepted at 2026-11-20T23:05:05.131Z");
    has_line("terms             version 2027-01 not accepted yet");
}

#[test]
fn accounts_are_found_and_listed_by_a_domain_in_its_own_script() {
    let cli = CommandLine::new();
    cli.json(&["user", "create", "name@почта.рф", "--name", "Имя"]);
    cli.json(&["user", "create", "zoe@example.com"]);
    for search in ["почта", "ПОЧТА.рф", "xn--80a1acny", "имя"] {
        let text = cli.text(&["user", "list", "--search", search]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 2 && lines[1].starts_with("name@почта.рф"), "{search}: {text}");
        let found = cli.json(&["user", "list", "--search", search]);
        assert_eq!(found["users"][0]["email"], "name@xn--80a1acny.xn--p1ai", "{search}");
    }
    for after in ["name@почта.рф", "name@xn--80a1acny.xn--p1ai"] {
        let rest = cli.json(&["user", "list", "--after", after]);
        assert_eq!(rest["users"][0]["email"], "zoe@example.com", "{after}");
    }
    assert_eq!(cli.text(&["user", "list", "--search", "ящик"]), "no accounts\n");
}

#[test]
fn an_internationalised_address_is_stored_in_ascii_and_found_in_its_own_script() {
    let cli = CommandLine::new();
    let made = cli.json(&["user", "create", "Name@почта.рф"]);
    assert_eq!(made["email"], "name@xn--80a1acny.xn--p1ai");
    for spelling in ["name@почта.рф", "name@xn--80a1acny.xn--p1ai"] {
        assert_eq!(cli.json(&["user", "show", spelling])["id"], made["id"], "{spelling}");
        let text = cli.text(&["user", "show", spelling]);
        let line = "address           name@почта.рф (name@xn--80a1acny.xn--p1ai)";
        assert!(text.lines().any(|it| it == line), "{text}");
    }
    assert!(cli.refusal(&["user", "create", "name@ПОЧТА.рф"]).contains("has an account already"));
}

#[test]
fn each_password_link_is_different() {
    let cli = CommandLine::new();
    let first = cli.json(&["user", "create", ADA]);
    let second = cli.json(&["user", "reset-link", ADA]);
    assert_ne!(first["resetLink"], second["resetLink"]);
    let text = cli.text(&["user", "reset-link", ADA]);
    let link = text.lines().last().unwrap();
    assert!(link.starts_with("http://localhost:3001/reset-password?token="), "{text}");
    assert!(text.contains("within 60 minutes"), "{text}");
}
