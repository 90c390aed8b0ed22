//! `bookplate keys`: the keys that sign tokens.

use clap::{Args, Subcommand};
use domain::{KeyInfo, KeyState, PUBLISHED_AHEAD};
use serde_json::{Value, json};

use super::{AdminContext, CommandError, Output, columns};

/// See and change the keys that sign tokens.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeysArguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysAction {
    /// List the published keys and what each does.
    List,
    /// Add a key. It is published at once and signs ten minutes later, so that services know it by then.
    Rotate {
        /// Let it sign at once, although services may not know it yet.
        #[arg(long)]
        now: bool,
    },
}

pub(super) async fn run(context: &AdminContext, action: KeysAction) -> Result<Output, CommandError> {
    match action {
        KeysAction::List => list(context).await,
        KeysAction::Rotate { now } => rotate(context, now).await,
    }
}

async fn list(context: &AdminContext) -> Result<Output, CommandError> {
    let keys = context.services.tokens.keys().await?;
    let head = ["kid", "algorithm", "state", "made", "signs from"].map(str::to_owned).to_vec();
    let row = |key: &KeyInfo| {
        let (made, from) = (key.created_at.iso(), key.signs_from.iso());
        vec![key.kid.clone(), key.algorithm.clone(), word(key.state).to_owned(), made, from]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(keys.iter().map(row)).collect();
    let json = json!({ "keys": keys.iter().map(body).collect::<Vec<_>>() });
    Ok(Output { text: columns(&rows), json })
}

async fn rotate(context: &AdminContext, at_once: bool) -> Result<Output, CommandError> {
    let ahead = if at_once { 0 } else { PUBLISHED_AHEAD };
    let before = context.services.tokens.keys().await?;
    let added = context.services.tokens.rotate(ahead).await?;
    let after = context.services.tokens.keys().await?;
    if !added {
        let waiting = after.iter().find(|key| key.state == KeyState::Waiting);
        let waiting = waiting.map(|key| format!("{} signs from {}", key.kid, key.signs_from.iso()));
        let waiting = waiting.unwrap_or("another process has just added it".to_owned());
        return Err(format!("a new key is waiting already, so none was added: {waiting}").into());
    }
    let new = after.iter().find(|key| !before.iter().any(|old| old.kid == key.kid));
    let new = new.ok_or("the new key is gone again")?;
    let text = match new.state {
        KeyState::Waiting => format!("{} is published and signs from {}", new.kid, new.signs_from.iso()),
        _ => format!("{} signs; running servers use it within a minute", new.kid),
    };
    Ok(Output { text, json: json!({ "key": body(new) }) })
}

fn body(key: &KeyInfo) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": word(key.state),
        "createdAt": key.created_at,
        "signsFrom": key.signs_from,
    })
}

const fn word(state: KeyState) -> &'static str {
    match state {
        KeyState::Waiting => "waiting",
        KeyState::Signing => "signing",
        KeyState::Retiring => "retiring",
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{AdminCommand, tests::admin_command},
        *,
    };

    #[test]
    fn a_key_signs_at_once_only_when_asked_to() {
        for (words, now) in [(&["keys", "rotate"][..], false), (&["keys", "rotate", "--now", "--json"], true)]
        {
            let AdminCommand::Keys(arguments) = admin_command(words) else { panic!("{words:?}") };
            assert_eq!(arguments, KeysArguments { json: now, action: KeysAction::Rotate { now } });
        }
    }
}
