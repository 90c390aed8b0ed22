//! `bookplate client`.

use std::fs;

use super::CommandLine;

const DOCS: [&str; 7] = [
    "client",
    "add",
    "docs",
    "--name=The docs",
    "--redirect-uri=https://you.github.io/cb",
    "--origin=https://you.github.io",
    "--first-party",
];
const CHAT: [&str; 6] =
    ["client", "add", "chat", "--name=Chat", "--redirect-uri=https://chat.example.org/cb", "--secret"];

#[test]
fn a_client_is_registered_shown_and_removed() {
    let cli = CommandLine::new();
    assert_eq!(cli.text(&["client", "list"]), "no clients\n");
    let added = cli.json(&DOCS);
    assert_eq!((added["kind"].as_str(), added["firstParty"].as_bool()), (Some("browser"), Some(true)));
    assert!(added.get("secret").is_none() && added["createdAt"].is_string(), "{added}");
    let native = ["client", "add", "app", "--name=App", "--redirect-uri=org.example.app:/cb"];
    assert_eq!(cli.text(&native), "app is registered as a native client\n");

    let listed = cli.json(&["client", "list"]);
    let ids: Vec<&str> =
        listed["clients"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["docs", "app"]);
    let text = cli.text(&["client", "list"]);
    assert!(text.lines().next().unwrap().starts_with("id "), "{text}");
    assert!(text.contains("browser") && text.contains("native") && text.contains("command"), "{text}");
    let shown = cli.text(&["client", "show", "docs"]);
    for words in ["The docs", "https://you.github.io/cb", "first-party"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }

    assert!(cli.text(&["client", "remove", "docs"]).starts_with("docs is removed"));
    assert_eq!(cli.refusal(&["client", "show", "docs"]), "bookplate: docs: no client has this id\n");
    assert_eq!(cli.refusal(&["client", "remove", "docs"]), "bookplate: docs: no client has this id\n");
}

#[test]
fn a_secret_is_printed_once_and_changed_in_two_steps() {
    let cli = CommandLine::new();
    let text = cli.text(&CHAT);
    let secret = text.lines().last().unwrap();
    assert!(secret.len() == 43 && text.starts_with("chat is registered as a confidential client"), "{text}");
    let shown = cli.json(&["client", "show", "chat"]);
    assert_eq!(
        (shown["kind"].as_str(), shown["hasPreviousSecret"].as_bool()),
        (Some("confidential"), Some(false))
    );
    let new = cli.json(&["client", "secret", "chat"])["secret"].as_str().unwrap().to_owned();
    assert!(new != secret && new.len() == 43);
    assert_eq!(cli.json(&["client", "show", "chat"])["hasPreviousSecret"], true);
    cli.text(&["client", "secret", "chat", "--forget-previous"]);
    assert_eq!(cli.json(&["client", "show", "chat"])["hasPreviousSecret"], false);
    let again = cli.refusal(&["client", "secret", "chat", "--forget-previous"]);
    assert_eq!(again, "bookplate: chat: the client has no previous secret\n");
    cli.text(&DOCS);
    let public = cli.refusal(&["client", "secret", "docs"]);
    assert!(public.contains("remove it and add it again with --secret"), "{public}");
}

#[test]
fn the_command_and_the_file_refuse_a_client_with_the_same_sentences() {
    let cli = CommandLine::new();
    let said = cli.refusal(&[
        "client",
        "add",
        "Docs",
        "--name=Docs",
        "--redirect-uri=https://github.io/cb",
        "--redirect-uri=http://book.example.org/cb#a",
        "--origin=https://*.vercel.app",
        "--origin=http://localhost:3001",
        "--audience=search",
    ]);
    let file = "[[clients]]\nid = \"Docs\"\nname = \"Docs\"\n\
                redirect_uris = [\"https://github.io/cb\", \"http://book.example.org/cb#a\"]\n\
                origins = [\"https://*.vercel.app\", \"http://localhost:3001\"]\naudiences = [\"search\"]\n";
    fs::write(cli.folder.join("bookplate.toml"), file).unwrap();
    let refused = cli.refusal(&["client", "list"]);
    let of_file: Vec<&str> =
        refused.lines().skip(1).map(|line| line.split_once("line 1: ").unwrap().1).collect();
    let of_command: Vec<&str> = said.trim_start_matches("bookplate: ").lines().collect();
    assert_eq!(of_command, of_file);
    assert_eq!(of_command.len(), 6, "{said}");
}

#[test]
fn an_id_in_both_places_keeps_the_server_from_starting_and_nothing_else() {
    let cli = CommandLine::new();
    cli.text(&DOCS);
    assert!(cli.refusal(&DOCS).contains("declared twice"));
    let file =
        "[[clients]]\nid = \"docs\"\nname = \"Docs\"\nredirect_uris = [\"https://docs.example.org/cb\"]\n";
    fs::write(cli.folder.join("bookplate.toml"), file).unwrap();
    let served = cli.run(&["serve"]);
    let said = served.stderr;
    assert_eq!(served.code, Some(1), "{said}");
    assert!(
        said.contains("\"docs\" is declared in bookplate.toml and registered by command as well"),
        "{said}"
    );
    assert!(said.contains("bookplate client remove docs"), "{said}");
    assert_eq!(cli.json(&["client", "show", "docs"])["from"], "bookplate.toml");
    cli.text(&["client", "remove", "docs"]);
    let declared = cli.refusal(&["client", "remove", "docs"]);
    assert!(declared.contains("declared in bookplate.toml; change it there"), "{declared}");
    // One with the origin of a declared client that is trusted otherwise is refused, too.
    let other = [
        "client",
        "add",
        "other",
        "--name=O",
        "--redirect-uri=https://you.github.io/o",
        "--origin=https://you.github.io",
    ];
    let file = format!(
        "{file}[[clients]]\nid = \"own\"\nname = \"Own\"\nfirst_party = true\n\
                        redirect_uris = [\"https://you.github.io/cb\"]\norigins = [\"https://you.github.io\"]\n"
    );
    fs::write(cli.folder.join("bookplate.toml"), file).unwrap();
    assert!(cli.refusal(&other).contains("is an origin of the client \"own\" too"));
}
