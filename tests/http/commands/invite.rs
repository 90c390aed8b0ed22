//! `bookplate invite`.

use std::fs;

use super::CommandLine;

fn cli(variables: &str) -> CommandLine {
    let cli = CommandLine::new();
    fs::write(cli.folder.join(".env"), variables).unwrap();
    cli
}

#[test]
fn an_invitation_is_printed_mailed_listed_and_withdrawn() {
    let cli = cli("BOOKPLATE_SIGN_UP=invite\nBOOKPLATE_OUTBOX=outbox.jsonl\n");
    let made = cli.json(&["invite", "Ada@Example.com"]);
    assert_eq!((made["email"].as_str(), made["usesLeft"].as_i64()), (Some("ada@example.com"), Some(1)));
    assert_eq!(made["mailed"], true);
    let link = made["link"].as_str().unwrap();
    let token = link.strip_prefix("http://localhost:3001/sign-up?token=").unwrap();
    assert!(token.len() >= 32, "{token}");
    let text = cli.text(&["invite", "--any", "--uses", "60", "--expires", "2d"]);
    assert!(
        text.starts_with("whoever has this link opens an account with it, 60 in all and until 20"),
        "{text}"
    );
    assert_eq!(cli.json(&["invite", "grace@example.com", "--no-mail"])["mailed"], false);

    let listed = cli.json(&["invite", "list"]);
    let listed = listed["invitations"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|invitation| invitation.get("link").is_none()));
    let id = listed[1]["id"].as_str().unwrap();
    let text = cli.text(&["invite", "list"]);
    assert!(text.contains("anybody") && text.contains("ada@example.com") && !text.contains(token), "{text}");
    assert_eq!(cli.json(&["invite", "revoke", id])["revoked"], id);
    cli.json(&["invite", "revoke", "ada@example.com"]);
    assert_eq!(
        cli.refusal(&["invite", "revoke", "ada@example.com"]),
        "bookplate: ada@example.com: no invitation has this address or id\n"
    );
    assert_eq!(
        cli.refusal(&["invite", "--any", "--expires", "2020-01-01T00:00:00Z"]),
        "bookplate: an invitation cannot end in the past\n"
    );
}

#[test]
fn nobody_is_invited_where_everybody_or_nobody_can_sign_up() {
    let said = cli("").refusal(&["invite", "--any"]);
    assert!(said.contains("BOOKPLATE_SIGN_UP=invite"), "{said}");
    let said = cli("BOOKPLATE_SIGN_UP=closed\n").refusal(&["invite", "--any"]);
    assert!(said.contains("BOOKPLATE_SIGN_UP=invite"), "{said}");
}

#[test]
fn the_operator_makes_accounts_in_every_mode() {
    for mode in ["closed", "invite"] {
        let cli = cli(&format!("BOOKPLATE_SIGN_UP={mode}\n"));
        assert_eq!(cli.json(&["user", "create", "ada@example.com"])["email"], "ada@example.com", "{mode}");
    }
}
