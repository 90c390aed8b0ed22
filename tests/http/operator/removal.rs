//! `bookplate user ban`, `unban`, `delete`.

use serde_json::json;

use super::Desk;

const ADA: &str = "ada@example.com";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.json(&["user", "create", ADA]);
    desk
}

#[test]
fn an_account_is_closed_for_good_for_days_or_until_a_moment_and_opened_again() {
    let desk = desk();
    let closed = desk.json(&["user", "ban", ADA, "--reason", "Posts advertisements"]);
    assert_eq!((&closed["banned"], &closed["banExpires"]), (&json!(true), &json!(null)));
    assert_eq!(closed["banReason"], "Posts advertisements");
    assert_eq!(closed["bannedAt"], closed["updatedAt"]);
    let text = desk.text(&["user", "show", ADA]);
    assert!(text.contains("closed for good: Posts advertisements"), "{text}");

    let opened = desk.json(&["user", "unban", ADA]);
    for (member, value) in [("banned", json!(false)), ("bannedAt", json!(null)), ("banReason", json!(null))] {
        assert_eq!(opened[member], value, "{member}");
    }
    let closed = desk.json(&["user", "ban", ADA, "--until", "2999-01-31T12:00:00+01:00"]);
    assert_eq!(closed["banExpires"], "2999-01-31T11:00:00.000Z");
    assert!(desk.text(&["user", "ban", ADA, "--until", "7d"]).contains("is closed until 20"));
    assert!(desk.text(&["user", "list"]).contains("closed"));
    assert_eq!(
        desk.refusal(&["user", "ban", ADA, "--until", "2020-01-01T00:00:00Z"]),
        "bookplate: a ban cannot end in the past\n"
    );
}

#[test]
fn an_account_is_removed_only_when_somebody_says_yes() {
    let desk = desk();
    let said = desk.refusal(&["user", "delete", ADA]);
    assert!(said.contains("--yes"), "{said}");
    let id = desk.json(&["user", "show", ADA])["id"].clone();
    let deleted = desk.json(&["user", "delete", ADA, "--yes"]);
    assert_eq!(deleted, json!({ "deleted": id, "email": ADA }));
    desk.refusal(&["user", "show", ADA]);
    desk.refusal(&["user", "delete", ADA, "--yes"]);
    assert_eq!(desk.text(&["user", "list"]), "no accounts\n");
}
