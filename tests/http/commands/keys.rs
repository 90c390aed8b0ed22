//! `bookplate keys`.

use serde_json::Value;

use super::CommandLine;

fn states(cli: &CommandLine) -> Vec<String> {
    let list = cli.json(&["keys", "list"]);
    let keys = list["keys"].as_array().unwrap();
    keys.iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

fn moment(key: &Value, name: &str) -> String {
    key[name].as_str().unwrap().to_owned()
}

#[test]
fn a_new_key_waits_before_it_signs_and_only_one_can_wait() {
    let cli = CommandLine::new();
    assert_eq!(states(&cli), ["signing"]);
    let key = cli.json(&["keys", "rotate"])["key"].clone();
    assert_eq!(key["state"], "waiting");
    assert!(moment(&key, "signsFrom") > moment(&key, "createdAt"));
    assert_eq!(states(&cli), ["waiting", "signing"]);
    let said = cli.refusal(&["keys", "rotate"]);
    let waiting = format!("{} signs from {}", moment(&key, "kid"), moment(&key, "signsFrom"));
    assert!(said.contains(&waiting), "{said}");
    assert_eq!(states(&cli), ["waiting", "signing"]);
}

#[test]
fn with_now_a_key_signs_at_once_and_the_previous_one_stays_published() {
    let cli = CommandLine::new();
    let before = cli.json(&["keys", "list"])["keys"][0].clone();
    let key = cli.json(&["keys", "rotate", "--now"])["key"].clone();
    assert_eq!(key["state"], "signing");
    assert!(moment(&key, "signsFrom") <= moment(&key, "createdAt"));
    assert_eq!(states(&cli), ["signing", "retiring"]);
    let text = cli.text(&["keys", "list"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("kid"), "{text}");
    assert!(lines[1].starts_with(&moment(&key, "kid")) && lines[1].contains("ES256"), "{text}");
    assert!(lines[2].starts_with(&moment(&before, "kid")) && lines[2].contains("retiring"), "{text}");
}
