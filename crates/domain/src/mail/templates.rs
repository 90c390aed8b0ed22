//! What each letter says. A letter with a link says how long it works, a notice says what to do when it was somebody
//! else, and every letter says why it came.

use contract::{Timestamp, routes};

use super::{
    draft::{Block, Draft, quoted},
    link_ttl::{self, in_words},
    message::{Link, MailBranding, MailTemplate},
};

/// The page that sends a link to who forgot the password.
const FORGOT_PASSWORD: &str = "/forgot-password";
/// The page that lists a reader's signed-in browsers.
const SESSIONS: &str = "/account/sessions";

/// What is said on an occasion.
pub(super) fn draft(head: &MailBranding, occasion: &MailTemplate, at: Timestamp) -> Draft {
    match occasion {
        MailTemplate::VerifyEmail(link) => verify_email(head, link),
        MailTemplate::ResetPassword(link) => reset_password(head, link),
        MailTemplate::ConfirmEmailChange { link, new_email } => confirm_email_change(head, link, new_email),
        MailTemplate::VerifyNewEmail(link) => verify_new_email(head, link),
        MailTemplate::DeleteAccount(link) => delete_account(head, link),
        MailTemplate::SignUpAttempt => sign_up_attempt(head),
        MailTemplate::PasswordChanged => password_changed(head, at),
        MailTemplate::EmailChanged { new_email } => email_changed(head, new_email, at),
        MailTemplate::NewDevice { device, ip_address } => new_device(head, device, ip_address, at),
        MailTemplate::AccountDeleted => account_deleted(head, at),
    }
}

fn verify_email(head: &MailBranding, link: &Link) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Confirm your address for {book}"),
        preview: "One step, and a forgotten password can be replaced.".to_owned(),
        heading: "Confirm your address".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "An account for {book} was opened with this address. Confirm that the address is yours, so that we \
                 can reach you when you forget your password."
            )),
            act("Confirm the address", link, link_ttl::VERIFY),
            Block::Say(
                "If this was not you, leave this letter alone: nobody can confirm the address without it."
                    .into(),
            ),
        ],
        why: given(),
    }
}

fn reset_password(head: &MailBranding, link: &Link) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Choose a new password for {book}"),
        preview: format!("The link works for {}.", in_words(link_ttl::RESET)),
        heading: "Choose a new password".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "Somebody asked for a new password for your account for {book}. If that was you, choose one now."
            )),
            Block::Act {
                label: "Choose a new password",
                url: link.url.clone(),
                lasts: format!(
                    "The link works once and for {}; a newer letter of this kind ends it.",
                    in_words(link_ttl::RESET)
                ),
            },
            Block::Say(
                "If this was not you, leave this letter alone: your password stays as it is.".to_owned(),
            ),
        ],
        why: has_account(),
    }
}

fn confirm_email_change(head: &MailBranding, link: &Link, new_email: &str) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Confirm a change of address for {book}"),
        preview: "Your account is to move to another address.".to_owned(),
        heading: "Confirm the change of address".to_owned(),
        blocks: vec![
            Block::Say(format!("You asked that your account for {book} move from this address to another:")),
            Block::Facts(vec![("New address", quoted(new_email))]),
            act("Confirm the change", link, link_ttl::VERIFY),
            Block::Say(
                "A second letter then goes to the new address; until its link is opened, nothing changes."
                    .into(),
            ),
            otherwise(
                head,
                "If this was not you, do not open the link. Somebody else is signed in to your account; choose a new \
                 password, which signs them out:",
                FORGOT_PASSWORD,
            ),
        ],
        why: has_account(),
    }
}

fn verify_new_email(head: &MailBranding, link: &Link) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Confirm your new address for {book}"),
        preview: "From then on you sign in with this address.".to_owned(),
        heading: "Confirm your new address".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "You asked that your account for {book} move to this address. Confirm that it is yours; from then on \
                 you sign in with it."
            )),
            act("Confirm the new address", link, link_ttl::VERIFY),
            Block::Say(
                "If this was not you, leave this letter alone: nothing changes without it.".to_owned(),
            ),
        ],
        why: given(),
    }
}

fn delete_account(head: &MailBranding, link: &Link) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Delete your account for {book}?"),
        preview: "Nothing is deleted before you open the link.".to_owned(),
        heading: "Delete your account?".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "You asked that your account for {book} be deleted. With it goes everything that is stored about you, \
                 at once and for good."
            )),
            act("Delete the account", link, link_ttl::DELETE),
            otherwise(
                head,
                "If this was not you, do not open the link: the account stays. Somebody else is signed in to it; \
                 choose a new password, which signs them out:",
                FORGOT_PASSWORD,
            ),
        ],
        why: has_account(),
    }
}

fn sign_up_attempt(head: &MailBranding) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("You already have an account for {book}"),
        preview: "Somebody tried to open another with your address.".to_owned(),
        heading: "You already have an account".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "Somebody, perhaps you, tried to open an account for {book} with this address. It has one already, so \
                 nothing was changed."
            )),
            otherwise(head, "If it was you, sign in:", routes::SIGN_IN),
            otherwise(head, "If you have forgotten the password, choose a new one:", FORGOT_PASSWORD),
            Block::Say(
                "If it was not you, there is nothing to do: they were not told of your account.".to_owned(),
            ),
        ],
        why: has_account(),
    }
}

fn password_changed(head: &MailBranding, at: Timestamp) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Your password for {book} was changed"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "Your password was changed".to_owned(),
        blocks: vec![
            Block::Say(format!("Your account for {book} has a new password.")),
            Block::Facts(vec![("When", moment(at))]),
            Block::Say("If it was you, there is nothing to do.".to_owned()),
            otherwise(head, "If it was not you, choose another password now:", FORGOT_PASSWORD),
        ],
        why: has_account(),
    }
}

fn email_changed(head: &MailBranding, new_email: &str, at: Timestamp) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Your address for {book} was changed"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "Your address was changed".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "Your account for {book} has another address, and letters no longer come here."
            )),
            Block::Facts(vec![("New address", quoted(new_email)), ("When", moment(at))]),
            Block::Say("If it was you, there is nothing to do.".to_owned()),
            // A link for a forgotten password now goes to the new address, so offering one would help nobody here.
            otherwise(
                head,
                "If it was not you, somebody else may hold your account and read your mail. Change the password of \
                 this mailbox, then write to whoever keeps the book; their page is here:",
                routes::HOME,
            ),
        ],
        why: had_account(),
    }
}

fn new_device(head: &MailBranding, device: &str, ip_address: &str, at: Timestamp) -> Draft {
    let book = &head.book;
    let mut facts = vec![("Device", quoted(device))];
    if !ip_address.is_empty() {
        facts.push(("Network address", quoted(ip_address)));
    }
    facts.push(("When", moment(at)));
    Draft {
        subject: format!("A new device signed in to {book}"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "A new device signed in".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "Somebody signed in to your account for {book} with a device that was not seen there before."
            )),
            Block::Facts(facts),
            Block::Say("If it was you, there is nothing to do.".to_owned()),
            otherwise(head, "If it was not you, choose a new password now:", FORGOT_PASSWORD),
            otherwise(head, "Every device that is signed in, each with a way to end it:", SESSIONS),
        ],
        why: has_account(),
    }
}

fn account_deleted(head: &MailBranding, at: Timestamp) -> Draft {
    let book = &head.book;
    Draft {
        subject: format!("Your account for {book} is deleted"),
        preview: "This is the last letter.".to_owned(),
        heading: "Your account is deleted".to_owned(),
        blocks: vec![
            Block::Say(format!(
                "Your account for {book} and everything that was stored about you is gone. This is the last letter."
            )),
            Block::Facts(vec![("When", moment(at))]),
            Block::Say(
                "If it was not you, somebody knows your password or reads your mail: change the password of this \
                 mailbox, and that password wherever else you use it. What was deleted cannot be brought back."
                    .to_owned(),
            ),
            otherwise(head, "You can open a new account at any time:", routes::SIGN_UP),
        ],
        why: had_account(),
    }
}

fn act(label: &'static str, link: &Link, seconds: i64) -> Block {
    Block::Act { label, url: link.url.clone(), lasts: format!("The link works for {}.", in_words(seconds)) }
}

/// A page of ours that needs no token.
fn otherwise(head: &MailBranding, sentence: &str, path: &str) -> Block {
    Block::Go { sentence: sentence.to_owned(), url: format!("{}{path}", head.origin) }
}

fn has_account() -> String {
    "You get this letter because this address has an account here:".to_owned()
}

fn had_account() -> String {
    "You get this letter because this address had an account here:".to_owned()
}

fn given() -> String {
    "You get this letter because this address was given here:".to_owned()
}

/// `20 November 2026, 23:05 UTC`: a letter does not know the reader's own time.
fn moment(at: Timestamp) -> String {
    let iso = at.iso();
    format!("{}, {} UTC", at.day(), iso.get(11..16).unwrap_or_default())
}
