//! `bookplate user create`, `list`, `show`, `reset-link`.

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
