//! `bookplate invite`: invitations to sign up.

use clap::{Args, Subcommand};
use contract::{Email, sentence};
use domain::{Invitation, NewInvitation};
use serde_json::{Value, json};

use super::{AdminContext, CommandError, Output, columns, expiry::Expiry, put};

/// Invite people to sign up, see and withdraw invitations.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(subcommand_negates_reqs = true)]
pub struct InviteArguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do with invitations; without it, make one.
    #[command(subcommand)]
    action: Option<InviteAction>,
    /// The invitation to make.
    #[command(flatten)]
    create: CreateArguments,
}

/// What to do with invitations.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum InviteAction {
    /// List the invitations that can still be used. Their links cannot be shown again.
    List,
    /// Withdraw an invitation: its link stops working.
    Revoke {
        /// The address it is for, or the beginning of its id.
        #[arg(value_name = "EMAIL|ID")]
        invitation: String,
    },
}

/// An invitation to make.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
struct CreateArguments {
    /// The address to invite. The link is for it alone, and is mailed to it where mail is configured.
    #[arg(value_parser = email_argument, required_unless_present = "any", conflicts_with_all = ["any", "uses"])]
    email: Option<Email>,
    /// Invite whoever has the link.
    #[arg(long)]
    any: bool,
    /// How many accounts the link of --any opens.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    uses: u32,
    /// Until when: days (7d) or a moment (2027-01-31T12:00:00Z).
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    expires: Expiry,
    /// Send no mail; hand the link over yourself.
    #[arg(long)]
    no_mail: bool,
}

fn email_argument(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|problem| sentence(&problem))
}

/// The characters of an id that a list shows, which is enough to tell invitations apart.
const SHOWN_ID: usize = 12;

pub(super) async fn run(context: &AdminContext, arguments: InviteArguments) -> Result<Output, CommandError> {
    let is_new = arguments.create.email.is_some() || arguments.create.any;
    match arguments.action {
        Some(_) if is_new => Err("make an invitation, or list or revoke them: not both at once".into()),
        None => create(context, arguments.create).await,
        Some(InviteAction::List) => list(context).await,
        Some(InviteAction::Revoke { invitation }) => revoke(context, &invitation).await,
    }
}

async fn create(context: &AdminContext, arguments: CreateArguments) -> Result<Output, CommandError> {
    let CreateArguments { email, uses, expires, no_mail, .. } = arguments;
    let expires_at = expires.after(context.services.cleanup.now());
    let new = NewInvitation { email, uses, expires_at, by_mail: !no_mail };
    let invited = context.services.invitations.create(new).await?;
    let invitation = &invited.invitation;
    let end = invitation.expires_at.iso();
    let what = match (&invitation.email, invitation.uses_left) {
        (Some(email), _) => format!("{} opens an account here, until {end}:", Email::display(email)),
        (None, 1) => format!("whoever has this link opens an account with it, once and until {end}:"),
        (None, uses) => {
            format!("whoever has this link opens an account with it, {uses} in all and until {end}:")
        }
    };
    let mailed = if invited.is_mailed { "\nthe link goes to this address by mail, too" } else { "" };
    let mut json = body(invitation);
    put(&mut json, "link", invited.link.url.as_str().into());
    put(&mut json, "mailed", invited.is_mailed.into());
    Ok(Output { text: format!("{what}\n{}{mailed}", invited.link.url), json })
}

async fn list(context: &AdminContext) -> Result<Output, CommandError> {
    let invitations = context.services.invitations.list().await?;
    let head = ["id", "for", "accounts left", "made", "until"].map(str::to_owned).to_vec();
    let row = |invitation: &Invitation| {
        let whom = invitation.email.as_deref().map_or("anybody".into(), Email::display).into_owned();
        let (made, until) = (invitation.created_at.iso(), invitation.expires_at.iso());
        vec![short_id(invitation), whom, invitation.uses_left.to_string(), made, until]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(invitations.iter().map(row)).collect();
    let text = if invitations.is_empty() { "no invitations".to_owned() } else { columns(&rows) };
    Ok(Output { text, json: json!({ "invitations": invitations.iter().map(body).collect::<Vec<_>>() }) })
}

async fn revoke(context: &AdminContext, address_or_id: &str) -> Result<Output, CommandError> {
    let revoked = context.services.invitations.revoke(address_or_id).await;
    let invitation = revoked.map_err(|error| format!("{address_or_id}: {error}"))?;
    let text =
        format!("the invitation {} is withdrawn; its link does not work any more", short_id(&invitation));
    Ok(Output { text, json: json!({ "revoked": short_id(&invitation), "email": invitation.email }) })
}

fn short_id(invitation: &Invitation) -> String {
    invitation.id.chars().take(SHOWN_ID).collect()
}

fn body(invitation: &Invitation) -> Value {
    json!({
        "id": short_id(invitation),
        "email": invitation.email,
        "usesLeft": invitation.uses_left,
        "createdAt": invitation.created_at,
        "expiresAt": invitation.expires_at,
    })
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

    fn arguments(words: &[&str]) -> InviteArguments {
        let words: Vec<&str> = std::iter::once("invite").chain(words.iter().copied()).collect();
        match admin_command(&words) {
            AdminCommand::Invite(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_invitation_is_for_an_address_or_for_anybody() {
        let one = arguments(&["Ada@Example.com"]).create;
        assert_eq!(one.email.unwrap().as_str(), "ada@example.com");
        assert_eq!((one.any, one.uses, one.expires, one.no_mail), (false, 1, Expiry::Days(7), false));
        let many = arguments(&["--any", "--uses", "60", "--expires", "2d", "--json"]);
        assert!(many.json && many.action.is_none());
        assert_eq!((many.create.any, many.create.uses, many.create.expires), (true, 60, Expiry::Days(2)));
        for wrong in [
            &["invite"][..],
            &["invite", "ada"],
            &["invite", "ada@example.com", "--any"],
            &["invite", "ada@example.com", "--uses", "2"],
            &["invite", "--any", "--uses", "0"],
            &["invite", "--any", "--expires", "soon"],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn invitations_are_listed_and_withdrawn() {
        for words in [&["list", "--json"], &["--json", "list"]] {
            let listed = arguments(words);
            assert!(listed.json && listed.action == Some(InviteAction::List), "{words:?}");
        }
        let InviteAction::Revoke { invitation } = arguments(&["revoke", "0a1b2c3d"]).action.unwrap() else {
            panic!("revoke")
        };
        assert_eq!(invitation, "0a1b2c3d");
    }
}
