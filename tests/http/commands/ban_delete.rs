//! `bookplate user ban`, `unban`, `delete`.

use serde_json::json;

use super::CommandLine;

const ADA: &str = "ada@example.com";

fn cli() -> CommandLine {
    let cli = CommandLine::new();
    cli.json(&["user", "create", ADA]);
    cli
}

#[test]
fn an_account_is_banned_permanently_for_days_or_until_a_time_and_unbanned() {
    let cli = cli();
    let closed = cli.json(&["user", "ban", ADA, "--reason", "Posts advertisements"]);
    assert_eq!((&closed["banned"], &closed["banExpires"]), (&json!(true), &json!(null)));
    assert_eq!(closed["banReason"], "Posts advertisements");
    assert_eq!(closed["bannedAt"], closed["updatedAt"]);
    let text = cli.text(&["user", "show", ADA]);
    assert!(text.contains("closed for good: Posts advertisements"), "{text}");

    let opened = cli.json(&["user", "unban", ADA]);
    for (member, value) in [("banned", json!(false)), ("bannedAt", json!(null)), ("banReason", json!(null))] {
        assert_eq!(opened[member], value, "{member}");
    }
    let closed = cli.json(&["user", "ban", ADA, "--until", "2999-01-31T12:00:00+01:00"]);
    assert_eq!(closed["banExpires"], "2999-01-31T11:00:00.000Z");
    assert!(cli.text(&["user", "ban", ADA, "--until", "7d"]).contains("is closed until 20"));
    assert!(cli.text(&["user", "list"]).contains("closed"));
    assert_eq!(
        cli.refusal(&["user", "ban", ADA, "--until", "2020-01-01T00:00:00Z"]),
        "bookplate: a ban cannot end in the past\n"
    );
}

#[test]
fn an_account_is_deleted_only_after_confirmation() {
    let cli = cli();
    let said = cli.refusal(&["user", "delete", ADA]);
    assert!(said.contains("--yes"), "{said}");
    let id = cli.json(&["user", "show", ADA])["id"].clone();
    let deleted = cli.json(&["user", "delete", ADA, "--yes"]);
    assert_eq!(deleted, json!({ "deleted": id, "email": ADA }));
    cli.refusal(&["user", "show", ADA]);
    cli.refusal(&["user", "delete", ADA, "--yes"]);
    assert_eq!(cli.text(&["user", "list"]), "no accounts\n");
}
