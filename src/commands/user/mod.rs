//! `bookplate user`: accounts.

mod show;

use std::{
    borrow::Cow,
    io::{BufRead, IsTerminal, Read, Write},
};

use clap::{Args, Subcommand};
use contract::{Email, NewPassword, PersonName, routes, sentence};
use domain::{NewUser, User, link_ttl};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{AdminContext, CommandError, Output, columns, expiry::Expiry, put};

/// Make, find, close and remove accounts.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct UserArguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: UserAction,
}

/// What to do with accounts.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserAction {
    /// Make an account. Without a password, prints a link with which the reader sets one.
    Create(CreateArguments),
    /// List accounts by address.
    List(ListArguments),
    /// Show an account: profile, answers, ways to sign in, signed-in browsers.
    Show(UserSelector),
    /// Close an account. Its sessions end at once.
    Ban(BanArguments),
    /// Open a closed account again.
    Unban(UserSelector),
    /// Remove an account with everything about its reader. It cannot be brought back.
    Delete {
        /// Which account.
        #[command(flatten)]
        selector: UserSelector,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Print a link with which the reader sets a new password; links from before end.
    ResetLink(UserSelector),
}

/// Which account.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct UserSelector {
    /// The reader's address or id.
    #[arg(value_name = "EMAIL|ID")]
    pub user: String,
}

/// The account to make.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CreateArguments {
    /// The reader's address.
    #[arg(value_parser = email_argument)]
    pub email: Email,
    /// What the reader is called.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = line_argument)]
    pub name: PersonName,
    /// Count the address as confirmed.
    #[arg(long)]
    pub verified: bool,
    /// Read the password from standard input, where it is the first line.
    #[arg(long)]
    pub password_stdin: bool,
}

/// Which accounts to list.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ListArguments {
    /// Those whose address or name holds this.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub search: String,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Go on after this address.
    #[arg(long, value_name = "EMAIL", default_value = "", hide_default_value = true)]
    pub after: String,
}

/// How to close an account.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BanArguments {
    /// Which account.
    #[command(flatten)]
    pub selector: UserSelector,
    /// Why, for you and those after you.
    #[arg(long, value_name = "TEXT", value_parser = line_argument)]
    pub reason: Option<PersonName>,
    /// Until when: days (7d) or a moment (2027-01-31T12:00:00Z). Without it, for good.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Expiry>,
}

fn email_argument(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|problem| sentence(&problem))
}

/// A line of text; a reason follows the rule of names.
fn line_argument(text: &str) -> Result<PersonName, String> {
    PersonName::parse(text).map_err(|problem| sentence(&problem))
}

/// The most bytes read from standard input; more than any password has.
const MAX_INPUT: u64 = 4096;

pub(super) async fn run(context: &AdminContext, action: UserAction) -> Result<Output, CommandError> {
    match action {
        UserAction::Create(arguments) => create(context, arguments).await,
        UserAction::List(arguments) => list(context, arguments).await,
        UserAction::Show(selector) => show::show(context, &find(context, &selector.user).await?).await,
        UserAction::Ban(arguments) => ban(context, arguments).await,
        UserAction::Unban(selector) => unban(context, &find(context, &selector.user).await?).await,
        UserAction::Delete { selector, yes } => {
            delete(context, &find(context, &selector.user).await?, yes).await
        }
        UserAction::ResetLink(selector) => reset_link(context, &find(context, &selector.user).await?).await,
    }
}

pub(super) async fn find(context: &AdminContext, email_or_id: &str) -> Result<User, CommandError> {
    context.services.admin.find(email_or_id).await.map_err(|error| format!("{email_or_id}: {error}").into())
}

/// The address as it is shown to people.
fn shown(user: &User) -> Cow<'_, str> {
    Email::display(&user.email)
}

async fn create(context: &AdminContext, arguments: CreateArguments) -> Result<Output, CommandError> {
    let CreateArguments { email, name, verified, password_stdin } = arguments;
    let password = if password_stdin { Some(password(context, &email, name.as_str())?) } else { None };
    let has_password = password.is_some();
    let new = NewUser { email: email.clone(), name, password, email_verified: verified };
    let created = context.services.admin.create(new).await;
    let user = created.map_err(|error| format!("{}: {error}", email.as_str()))?;
    let mut output = Output {
        text: format!("made {} with id {}", shown(&user), user.id),
        json: show::body(context, &user),
    };
    if !has_password {
        let link = link(context, &user).await?;
        output.text = format!("{}\n{}\n{link}", output.text, works_for("The reader sets a password here"));
        put(&mut output.json, "resetLink", link.into());
    }
    Ok(output)
}

/// The first line of standard input, if it is a password that a reader could have chosen.
fn password(context: &AdminContext, email: &Email, name: &str) -> Result<NewPassword, CommandError> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MAX_INPUT).read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let refused = |problem| format!("the password is not accepted. {}", sentence(&problem));
    let rules = context.services.accounts.rules();
    let password =
        NewPassword::not_empty(line).and_then(|line| rules.passwords.parse(line)).map_err(refused)?;
    rules
        .passwords
        .check_strength(&password, "password", &[email.as_str(), name, &rules.book])
        .map_err(refused)?;
    Ok(password)
}

async fn list(context: &AdminContext, arguments: ListArguments) -> Result<Output, CommandError> {
    let ListArguments { search, limit, after } = arguments;
    let after = Email::parse(&after).map_or_else(|_| after.to_lowercase(), |email| email.as_str().to_owned());
    // One more than is shown tells whether there are more.
    let mut users = context.services.admin.list(&after, &search, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit)?;
    let more = users.len() > limit;
    users.truncate(limit);
    let last = users.last().filter(|_| more).map(|user| user.email.clone());
    let now = context.services.cleanup.now();
    let head = ["address", "name", "state", "since", "id"].map(str::to_owned).to_vec();
    let row = |user: &User| {
        let state = show::state(user, now).to_owned();
        let address = shown(user).into_owned();
        vec![address, user.name.clone(), state, user.created_at.day(), user.id.clone()]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(users.iter().map(row)).collect();
    let text = match &last {
        _ if users.is_empty() => "no accounts".to_owned(),
        Some(last) => format!("{}\nmore: --after {last}", columns(&rows)),
        None => columns(&rows),
    };
    let users: Vec<Value> = users.iter().map(|user| show::body(context, user)).collect();
    Ok(Output { text, json: json!({ "users": users, "after": last }) })
}

async fn ban(context: &AdminContext, arguments: BanArguments) -> Result<Output, CommandError> {
    let now = context.services.cleanup.now();
    let until = arguments.until.map(|until| until.after(now));
    if until.is_some_and(|until| until <= now) {
        return Err("a ban cannot end in the past".into());
    }
    let user = find(context, &arguments.selector.user).await?;
    let reason = arguments.reason.map(|reason| reason.as_str().to_owned());
    context.services.admin.ban(&user, reason, until).await?;
    let end = until.map_or("for good".to_owned(), |until| format!("until {}", until.iso()));
    with_current_state(context, &user, format!("{} is closed {end}; its sessions have ended", shown(&user)))
        .await
}

async fn unban(context: &AdminContext, user: &User) -> Result<Output, CommandError> {
    context.services.admin.unban(user).await?;
    with_current_state(context, user, format!("{} is open", shown(user))).await
}

async fn with_current_state(
    context: &AdminContext,
    user: &User,
    text: String,
) -> Result<Output, CommandError> {
    let user = find(context, &user.id).await?;
    Ok(Output { text, json: show::body(context, &user) })
}

async fn delete(context: &AdminContext, user: &User, yes: bool) -> Result<Output, CommandError> {
    if !yes && !ask_to_delete(user)? {
        return Err(format!("{} was left as it is", shown(user)).into());
    }
    context.services.admin.delete(user).await?;
    let text = format!("{} and everything about this reader is gone", shown(user));
    Ok(Output { text, json: json!({ "deleted": user.id, "email": user.email }) })
}

/// Asks for confirmation at the terminal.
fn ask_to_delete(user: &User) -> Result<bool, CommandError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err("nobody can be asked here: to remove the account, add --yes".into());
    }
    write!(std::io::stderr(), "Remove {} and everything about this reader? Type yes: ", shown(user))?;
    let mut line = String::new();
    stdin.lock().take(MAX_INPUT).read_line(&mut line)?;
    Ok(line.trim() == "yes")
}

async fn reset_link(context: &AdminContext, user: &User) -> Result<Output, CommandError> {
    let link = link(context, user).await?;
    let text = format!("{}\n{link}", works_for(&format!("{} sets a new password here", shown(user))));
    Ok(Output { text, json: json!({ "id": user.id, "email": user.email, "resetLink": link }) })
}

async fn link(context: &AdminContext, user: &User) -> Result<String, CommandError> {
    let token = context.services.admin.reset_token(user).await?;
    Ok(format!("{}{}?token={token}", context.origin.as_str(), routes::RESET_PASSWORD))
}

fn works_for(what: &str) -> String {
    format!("{what}, once and within {} minutes:", link_ttl::RESET / 60)
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

    fn action(arguments: &[&str]) -> UserAction {
        let words: Vec<&str> = std::iter::once("user").chain(arguments.iter().copied()).collect();
        match admin_command(&words) {
            AdminCommand::User(arguments) => arguments.action,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_may_stand_before_the_action_or_after_it() {
        for words in [&["user", "--json", "list"], &["user", "list", "--json"]] {
            assert!(
                matches!(admin_command(words), AdminCommand::User(UserArguments { json: true, .. })),
                "{words:?}"
            );
        }
    }

    #[test]
    fn an_account_is_made_from_an_address_that_can_be_used() {
        let UserAction::Create(arguments) = action(&["create", "Ada@Example.com", "--verified"]) else {
            panic!("create")
        };
        assert_eq!((arguments.email.as_str(), arguments.name.as_str()), ("ada@example.com", ""));
        assert!(arguments.verified && !arguments.password_stdin);
        for wrong in [&["user", "create"][..], &["user", "create", "ada"]] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn a_password_cannot_be_an_argument() {
        assert!(parse(&["user", "create", "ada@example.com", "--password", "secret"]).is_err());
        assert!(parse(&["user", "create", "ada@example.com", "--password-stdin=secret"]).is_err());
    }

    #[test]
    fn a_list_has_a_limit() {
        let UserAction::List(arguments) = action(&["list"]) else { panic!("list") };
        assert_eq!(arguments, ListArguments { search: String::new(), limit: 50, after: String::new() });
        assert!(parse(&["user", "list", "--limit", "0"]).is_err());
    }

    #[test]
    fn a_reason_is_one_line() {
        let UserAction::Ban(arguments) = action(&["ban", "u1", "--reason", "spam", "--until", "7d"]) else {
            panic!("ban")
        };
        assert_eq!((arguments.selector.user.as_str(), arguments.until), ("u1", Some(Expiry::Days(7))));
        assert!(parse(&["user", "ban", "u1", "--reason", "two\nlines"]).is_err());
        assert!(parse(&["user", "ban", "u1", "--until", "soon"]).is_err());
    }
}
