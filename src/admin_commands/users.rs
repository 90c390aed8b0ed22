//! `bookplate user`.

use std::io::{BufRead, IsTerminal, Read, Write};

use contract::{Email, NewPassword, routes, sentence};
use domain::{NewUser, User, link_ttl};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{AdminContext, Answer, Refusal, columns, show};
use crate::commands::{BanArguments, CreateArguments, ListArguments, UserAction};

/// More than any password has, in bytes: what is read of standard input.
const LONGEST_INPUT: u64 = 4096;

pub(super) async fn act(context: &AdminContext, action: UserAction) -> Result<Answer, Refusal> {
    match action {
        UserAction::Create(arguments) => create(context, arguments).await,
        UserAction::List(arguments) => list(context, arguments).await,
        UserAction::Show(whom) => show::show(context, &find(context, &whom.whom).await?).await,
        UserAction::Ban(arguments) => ban(context, arguments).await,
        UserAction::Unban(whom) => unban(context, &find(context, &whom.whom).await?).await,
        UserAction::Delete { whom, yes } => delete(context, &find(context, &whom.whom).await?, yes).await,
        UserAction::ResetLink(whom) => reset_link(context, &find(context, &whom.whom).await?).await,
    }
}

async fn find(context: &AdminContext, whom: &str) -> Result<User, Refusal> {
    context.services.admin.find(whom).await.map_err(|error| format!("{whom}: {error}").into())
}

async fn create(context: &AdminContext, arguments: CreateArguments) -> Result<Answer, Refusal> {
    let CreateArguments { email, name, verified, password_stdin } = arguments;
    let password = if password_stdin { Some(password(context, &email, name.as_str())?) } else { None };
    let has_password = password.is_some();
    let new = NewUser { email: email.clone(), name, password, email_verified: verified };
    let made = context.services.admin.create(new).await;
    let user = made.map_err(|error| format!("{}: {error}", email.as_str()))?;
    let mut answer =
        Answer { text: format!("made {} with id {}", user.email, user.id), json: show::body(context, &user) };
    if !has_password {
        let link = link(context, &user).await?;
        answer.text = format!("{}\n{}\n{link}", answer.text, works_for("The reader sets a password here"));
        put(&mut answer.json, "resetLink", link.into());
    }
    Ok(answer)
}

/// The first line of standard input, if it is a password that a reader could have chosen.
fn password(context: &AdminContext, email: &Email, name: &str) -> Result<NewPassword, Refusal> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().take(LONGEST_INPUT).read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let refused = |problem| format!("the password is not accepted. {}", sentence(&problem));
    let password = NewPassword::not_empty(line).and_then(NewPassword::parse).map_err(refused)?;
    let rules = context.services.accounts.rules();
    rules
        .passwords
        .check_strength(&password, "password", &[email.as_str(), name, &rules.book])
        .map_err(refused)?;
    Ok(password)
}

async fn list(context: &AdminContext, arguments: ListArguments) -> Result<Answer, Refusal> {
    let ListArguments { search, limit, after } = arguments;
    let after = after.to_lowercase();
    // One more than is shown tells whether there are more.
    let mut users = context.services.admin.list(&after, &search, limit.saturating_add(1)).await?;
    let shown = usize::try_from(limit)?;
    let more = users.len() > shown;
    users.truncate(shown);
    let last = users.last().filter(|_| more).map(|user| user.email.clone());
    let now = context.services.cleanup.now();
    let head = ["address", "name", "state", "since", "id"].map(str::to_owned).to_vec();
    let row = |user: &User| {
        let state = show::state(user, now).to_owned();
        vec![user.email.clone(), user.name.clone(), state, user.created_at.day(), user.id.clone()]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(users.iter().map(row)).collect();
    let text = match &last {
        _ if users.is_empty() => "no accounts".to_owned(),
        Some(last) => format!("{}\nmore: --after {last}", columns(&rows)),
        None => columns(&rows),
    };
    let users: Vec<Value> = users.iter().map(|user| show::body(context, user)).collect();
    Ok(Answer { text, json: json!({ "users": users, "after": last }) })
}

async fn ban(context: &AdminContext, arguments: BanArguments) -> Result<Answer, Refusal> {
    let now = context.services.cleanup.now();
    let until = arguments.until.map(|until| until.after(now));
    if until.is_some_and(|until| until <= now) {
        return Err("a ban cannot end in the past".into());
    }
    let user = find(context, &arguments.whom.whom).await?;
    let reason = arguments.reason.map(|reason| reason.as_str().to_owned());
    context.services.admin.ban(&user, reason, until).await?;
    let end = until.map_or("for good".to_owned(), |until| format!("until {}", until.iso()));
    again(context, &user, format!("{} is closed {end}; its sessions have ended", user.email)).await
}

async fn unban(context: &AdminContext, user: &User) -> Result<Answer, Refusal> {
    context.services.admin.unban(user).await?;
    again(context, user, format!("{} is open", user.email)).await
}

/// The account as it is now.
async fn again(context: &AdminContext, user: &User, text: String) -> Result<Answer, Refusal> {
    let user = find(context, &user.id).await?;
    Ok(Answer { text, json: show::body(context, &user) })
}

async fn delete(context: &AdminContext, user: &User, yes: bool) -> Result<Answer, Refusal> {
    if !yes && !confirmed(user)? {
        return Err(format!("{} was left as it is", user.email).into());
    }
    context.services.admin.delete(user).await?;
    let text = format!("{} and everything about this reader is gone", user.email);
    Ok(Answer { text, json: json!({ "deleted": user.id, "email": user.email }) })
}

/// Asks who sits at the terminal.
fn confirmed(user: &User) -> Result<bool, Refusal> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err("nobody can be asked here: to remove the account, add --yes".into());
    }
    write!(std::io::stderr(), "Remove {} and everything about this reader? Type yes: ", user.email)?;
    let mut said = String::new();
    stdin.lock().take(LONGEST_INPUT).read_line(&mut said)?;
    Ok(said.trim() == "yes")
}

async fn reset_link(context: &AdminContext, user: &User) -> Result<Answer, Refusal> {
    let link = link(context, user).await?;
    let text = format!("{}\n{link}", works_for(&format!("{} sets a new password here", user.email)));
    Ok(Answer { text, json: json!({ "id": user.id, "email": user.email, "resetLink": link }) })
}

async fn link(context: &AdminContext, user: &User) -> Result<String, Refusal> {
    let token = context.services.admin.reset_token(user).await?;
    Ok(format!("{}{}?token={token}", context.origin, routes::RESET_PASSWORD))
}

fn works_for(what: &str) -> String {
    format!("{what}, once and within {} minutes:", link_ttl::RESET / 60)
}

/// Adds a member to a JSON object.
pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
