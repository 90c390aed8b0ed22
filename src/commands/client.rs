//! `bookplate client`: clients of OAuth 2.0 that are registered while the server runs.

use clap::{Args, Subcommand};
use domain::{Client, ClientKind, ClientSource, RegisteredClient};
use serde_json::{Value, json};

use super::{AdminContext, CommandError, Output, columns, put};

/// Register the books and programs that sign readers in here, see, change and remove them.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ClientArguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: ClientAction,
}

/// What to do with clients.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ClientAction {
    /// Register a client. Running servers know it at once.
    #[command(next_line_help = true)]
    Add(AddArguments),
    /// List the clients, those of bookplate.toml too.
    List,
    /// Show everything about one client but its secret.
    Show {
        /// The id, as in the list.
        id: String,
    },
    /// Remove a client with everything readers have granted it.
    Remove {
        /// The id, as in the list.
        id: String,
    },
    /// Give a client a new secret, printed once; the one before is accepted until it is forgotten.
    Secret {
        /// The id, as in the list.
        id: String,
        /// Make no new secret, but stop accepting the previous one.
        #[arg(long)]
        forget_previous: bool,
    },
}

/// A client to register; the options are the keys of [[clients]] in bookplate.toml.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AddArguments {
    /// The id: a to z, 0 to 9 and -, at most 32 characters.
    id: String,
    /// What readers are shown.
    #[arg(long)]
    name: String,
    /// Where readers are sent back to; once for each address.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// The origin of its pages; once for each.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Where readers may be sent after signing out; once for each address.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// An audience that it may have tokens for; once for each.
    #[arg(long = "audience", value_name = "NAME")]
    audiences: Vec<String>,
    /// It is your own: no consent is asked for, and its origins are trusted.
    #[arg(long)]
    first_party: bool,
    /// It keeps a secret on a server of its own; the secret is printed once.
    #[arg(long)]
    secret: bool,
}

pub(super) async fn run(context: &AdminContext, action: ClientAction) -> Result<Output, CommandError> {
    match action {
        ClientAction::Add(arguments) => add(context, arguments).await,
        ClientAction::List => Ok(list(context)),
        ClientAction::Show { id } => show(context, &id),
        ClientAction::Remove { id } => remove(context, &id).await,
        ClientAction::Secret { id, forget_previous: false } => new_secret(context, &id).await,
        ClientAction::Secret { id, forget_previous: true } => forget_previous_secret(context, &id).await,
    }
}

async fn add(context: &AdminContext, arguments: AddArguments) -> Result<Output, CommandError> {
    let client = Client {
        id: arguments.id,
        name: arguments.name.trim().to_owned(),
        redirect_uris: arguments.redirect_uris,
        origins: arguments.origins,
        post_logout_redirect_uris: arguments.post_logout_redirect_uris,
        audiences: arguments.audiences,
        first_party: arguments.first_party,
        secrets: Vec::new(),
    };
    let clients = &context.services.clients;
    let others: Vec<Client> = clients.known().iter().map(|it| (*it.client).clone()).collect();
    let mistakes = context.registration(&others).mistakes(&client, arguments.secret);
    if !mistakes.is_empty() {
        let lines: Vec<String> =
            mistakes.iter().map(|(problem, remedy)| format!("{problem}. {remedy}.")).collect();
        return Err(lines.join("\n").into());
    }
    let registered = clients.register(&client, arguments.secret).await;
    let secret = registered.map_err(|error| format!("{}: {error}", client.id))?;
    let known = find(context, &client.id)?;
    let mut json = body(&known);
    let text = match &secret {
        None => format!("{} is registered as a {} client", client.id, kind(client.kind())),
        Some(secret) => {
            put(&mut json, "secret", secret.as_str().into());
            format!(
                "{} is registered as a {} client; its secret cannot be shown again:\n{}",
                client.id,
                kind(ClientKind::Confidential),
                secret.as_str()
            )
        }
    };
    Ok(Output { text, json })
}

fn list(context: &AdminContext) -> Output {
    let known = context.services.clients.known();
    let head = ["id", "name", "kind", "first-party", "from"].map(str::to_owned).to_vec();
    let row = |it: &RegisteredClient| {
        let first_party = if it.client.first_party { "yes" } else { "no" };
        let cells = [&it.client.id, &it.client.name, kind(it.client.kind()), first_party, source(it.source)];
        cells.map(str::to_owned).to_vec()
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(known.iter().map(row)).collect();
    let text = if known.is_empty() { "no clients".to_owned() } else { columns(&rows) };
    Output { text, json: json!({ "clients": known.iter().map(body).collect::<Vec<_>>() }) }
}

fn show(context: &AdminContext, id: &str) -> Result<Output, CommandError> {
    let it = find(context, id)?;
    let client = &it.client;
    let mut rows = vec![
        vec!["id".to_owned(), client.id.clone()],
        vec!["name".to_owned(), client.name.clone()],
        vec!["kind".to_owned(), kind(client.kind()).to_owned()],
        vec!["first-party".to_owned(), if client.first_party { "yes" } else { "no" }.to_owned()],
        vec!["from".to_owned(), source(it.source).to_owned()],
    ];
    for (name, values) in [
        ("redirect URI", &client.redirect_uris),
        ("origin", &client.origins),
        ("post-logout redirect URI", &client.post_logout_redirect_uris),
        ("audience", &client.audiences),
    ] {
        rows.extend(values.iter().map(|value| vec![name.to_owned(), value.clone()]));
    }
    if client.secrets.len() > 1 {
        rows.push(vec!["previous secret".to_owned(), "accepted".to_owned()]);
    }
    if let ClientSource::Command { created_at, updated_at } = it.source {
        rows.push(vec!["registered".to_owned(), created_at.iso()]);
        rows.push(vec!["changed".to_owned(), updated_at.iso()]);
    }
    Ok(Output { text: columns(&rows), json: body(&it) })
}

async fn remove(context: &AdminContext, id: &str) -> Result<Output, CommandError> {
    context.services.clients.remove(id).await.map_err(|error| format!("{id}: {error}"))?;
    let text = format!(
        "{id} is removed, and what readers have granted it; running servers know it within 75 seconds"
    );
    Ok(Output { text, json: json!({ "removed": id }) })
}

async fn new_secret(context: &AdminContext, id: &str) -> Result<Output, CommandError> {
    let rotated = context.services.clients.rotate_secret(id).await;
    let secret = rotated.map_err(|error| format!("{id}: {error}"))?;
    let text = format!(
        "{id} has a new secret, which cannot be shown again; running servers accept it within 75 seconds, and the one \
         before until `bookplate client secret {id} --forget-previous`:\n{}",
        secret.as_str()
    );
    Ok(Output { text, json: json!({ "id": id, "secret": secret.as_str() }) })
}

async fn forget_previous_secret(context: &AdminContext, id: &str) -> Result<Output, CommandError> {
    let forgotten = context.services.clients.forget_previous_secret(id).await;
    forgotten.map_err(|error| format!("{id}: {error}"))?;
    let text =
        format!("the previous secret of {id} is forgotten; running servers refuse it within 75 seconds");
    Ok(Output { text, json: json!({ "id": id, "hasPreviousSecret": false }) })
}

fn find(context: &AdminContext, id: &str) -> Result<RegisteredClient, CommandError> {
    let known = context.services.clients.known();
    let found = known.iter().find(|it| it.client.id == id).cloned();
    found.ok_or_else(|| format!("{id}: no client has this id").into())
}

const fn kind(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Confidential => "confidential",
        ClientKind::Browser => "browser",
        ClientKind::Native => "native",
    }
}

const fn source(source: ClientSource) -> &'static str {
    match source {
        ClientSource::Configuration => "bookplate.toml",
        ClientSource::Command { .. } => "command",
    }
}

fn body(it: &RegisteredClient) -> Value {
    let client = &it.client;
    let mut body = json!({
        "id": client.id,
        "name": client.name,
        "kind": kind(client.kind()),
        "redirectUris": client.redirect_uris,
        "origins": client.origins,
        "postLogoutRedirectUris": client.post_logout_redirect_uris,
        "audiences": client.audiences,
        "firstParty": client.first_party,
        "hasPreviousSecret": client.secrets.len() > 1,
        "from": source(it.source),
    });
    if let ClientSource::Command { created_at, updated_at } = it.source {
        put(&mut body, "createdAt", json!(created_at));
        put(&mut body, "updatedAt", json!(updated_at));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            AdminCommand,
            tests::{admin_command, parse},
        },
        *,
    };

    fn action(words: &[&str]) -> ClientAction {
        let words: Vec<&str> = std::iter::once("client").chain(words.iter().copied()).collect();
        match admin_command(&words) {
            AdminCommand::Client(arguments) => arguments.action,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_are_given_by_repeating_an_option() {
        let words =
            ["add", "docs", "--name", "Docs", "--redirect-uri", "a", "--redirect-uri", "b", "--origin", "c"];
        let ClientAction::Add(added) = action(&words) else { panic!("add") };
        assert_eq!((added.redirect_uris, added.origins), (vec!["a".into(), "b".into()], vec!["c".into()]));
        assert!(!added.first_party && !added.secret && added.audiences.is_empty());
        for wrong in [&["client", "add", "docs"][..], &["client", "secret"], &["client", "show"]] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn a_secret_is_made_anew_or_the_previous_one_forgotten() {
        for (words, expected) in
            [(&["secret", "a"][..], false), (&["secret", "a", "--forget-previous"], true)]
        {
            assert_eq!(action(words), ClientAction::Secret { id: "a".into(), forget_previous: expected });
        }
    }
}
