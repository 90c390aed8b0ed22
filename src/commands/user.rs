//! `bookplate user`.

use clap::{Args, Subcommand};
use contract::{Email, PersonName, sentence};

use super::Until;

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
        whom: UserSelector,
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
    pub whom: String,
}

/// The account to make.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CreateArguments {
    /// The reader's address.
    #[arg(value_parser = email)]
    pub email: Email,
    /// What the reader is called.
    #[arg(long, default_value = "", hide_default_value = true, value_parser = name)]
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
    pub whom: UserSelector,
    /// Why, for you and those after you.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    pub reason: Option<PersonName>,
    /// Until when: days (7d) or a moment (2027-01-31T12:00:00Z). Without it, for good.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Until>,
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|problem| sentence(&problem))
}

/// A line of text as a name may be: a reason keeps the same rule.
fn name(text: &str) -> Result<PersonName, String> {
    PersonName::parse(text).map_err(|problem| sentence(&problem))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Task,
            tests::{parse, task},
        },
        *,
    };

    fn action(arguments: &[&str]) -> UserAction {
        let words: Vec<&str> = std::iter::once("user").chain(arguments.iter().copied()).collect();
        match task(&words) {
            Task::User(arguments) => arguments.action,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_may_stand_before_the_action_or_after_it() {
        for words in [&["user", "--json", "list"], &["user", "list", "--json"]] {
            assert!(matches!(task(words), Task::User(UserArguments { json: true, .. })), "{words:?}");
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
        assert_eq!((arguments.whom.whom.as_str(), arguments.until), ("u1", Some(Until::Days(7))));
        assert!(parse(&["user", "ban", "u1", "--reason", "two\nlines"]).is_err());
        assert!(parse(&["user", "ban", "u1", "--until", "soon"]).is_err());
    }
}
