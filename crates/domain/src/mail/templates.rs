//! The text of each mail. One with a link says how long it works, a notice says what to do when it was somebody else,
//! and every mail says why the reader gets it.

use contract::{Email, Timestamp, routes};

use super::{
    draft::{Block, Draft, sanitize},
    link_ttl::{self, in_words},
    message::{Link, MailBranding, MailTemplate},
};

/// The page that sends a link to who forgot the password.
const FORGOT_PASSWORD: &str = "/forgot-password";
/// The page that takes a code.
const ENTER_CODE: &str = "/verify-email?code";
/// The page that lists a reader's signed-in browsers.
const SESSIONS: &str = "/account/sessions";

/// The content of a mail.
pub(super) fn draft(branding: &MailBranding, template: &MailTemplate, at: Timestamp) -> Draft {
    match template {
        MailTemplate::VerifyEmail(link) => verify_email(branding, link),
        MailTemplate::ResetPassword(link) => reset_password(branding, link),
        MailTemplate::ConfirmEmailChange { link, new_email } => {
            confirm_email_change(branding, link, new_email)
        }
        MailTemplate::VerifyNewEmail(link) => verify_new_email(branding, link),
        MailTemplate::DeleteAccount(link) => delete_account(branding, link),
        MailTemplate::SignUpAttempt => sign_up_attempt(branding),
        MailTemplate::PasswordChanged => password_changed(branding, at),
        MailTemplate::EmailChanged { new_email } => email_changed(branding, new_email, at),
        MailTemplate::NewDevice { device, ip_address } => new_device(branding, device, ip_address, at),
        MailTemplate::AccountDeleted => account_deleted(branding, at),
        MailTemplate::IdleAccount { deleted_at } => idle_account(branding, *deleted_at),
        MailTemplate::IdleAccountDeleted => idle_account_deleted(branding),
        MailTemplate::Invitation { link, expires_at } => invitation(branding, link, *expires_at),
    }
}

fn verify_email(branding: &MailBranding, link: &Link) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Confirm your address for {book}"),
        preview: "One step, and a forgotten password can be replaced.".to_owned(),
        heading: "Confirm your address".to_owned(),
        blocks: with_code(
            branding,
            link,
            [
                Block::Text(format!(
                    "An account for {book} was opened with this address. Confirm that the address is yours, so that we \
                     can reach you when you forget your password."
                )),
                button("Confirm the address", link, link_ttl::VERIFY),
            ],
            "If this was not you, leave this letter alone: nobody can confirm the address without it.",
        ),
        reason: address_was_given(),
    }
}

fn reset_password(branding: &MailBranding, link: &Link) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Choose a new password for {book}"),
        preview: format!("The link works for {}.", in_words(link_ttl::RESET)),
        heading: "Choose a new password".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Somebody asked for a new password for your account for {book}. If that was you, choose one now."
            )),
            Block::Button {
                label: "Choose a new password",
                url: link.url.clone(),
                note: format!(
                    "The link works once and for {}; a newer letter of this kind ends it.",
                    in_words(link_ttl::RESET)
                ),
            },
            Block::Text(
                "If this was not you, leave this letter alone: your password stays as it is.".to_owned(),
            ),
        ],
        reason: has_account(),
    }
}

fn confirm_email_change(branding: &MailBranding, link: &Link, new_email: &str) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Confirm a change of address for {book}"),
        preview: "Your account is to move to another address.".to_owned(),
        heading: "Confirm the change of address".to_owned(),
        blocks: vec![
            Block::Text(format!("You asked that your account for {book} move from this address to another:")),
            Block::Facts(vec![("New address", sanitize(&Email::display(new_email)))]),
            button("Confirm the change", link, link_ttl::VERIFY),
            Block::Text(
                "A second letter then goes to the new address; until its link is opened, nothing changes."
                    .into(),
            ),
            page_link(
                branding,
                "If this was not you, do not open the link. Somebody else is signed in to your account; choose a new \
                 password, which signs them out:",
                FORGOT_PASSWORD,
            ),
        ],
        reason: has_account(),
    }
}

fn verify_new_email(branding: &MailBranding, link: &Link) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Confirm your new address for {book}"),
        preview: "From then on you sign in with this address.".to_owned(),
        heading: "Confirm your new address".to_owned(),
        blocks: with_code(
            branding,
            link,
            [
                Block::Text(format!(
                    "You asked that your account for {book} move to this address. Confirm that it is yours; from then on \
                     you sign in with it."
                )),
                button("Confirm the new address", link, link_ttl::VERIFY),
            ],
            "If this was not you, leave this letter alone: nothing changes without it.",
        ),
        reason: address_was_given(),
    }
}

fn delete_account(branding: &MailBranding, link: &Link) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Delete your account for {book}?"),
        preview: "Nothing is deleted before you open the link.".to_owned(),
        heading: "Delete your account?".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "You asked that your account for {book} be deleted. With it goes everything that is stored about you, \
                 at once and for good."
            )),
            button("Delete the account", link, link_ttl::DELETE),
            page_link(
                branding,
                "If this was not you, do not open the link: the account stays. Somebody else is signed in to it; \
                 choose a new password, which signs them out:",
                FORGOT_PASSWORD,
            ),
        ],
        reason: has_account(),
    }
}

fn sign_up_attempt(branding: &MailBranding) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("You already have an account for {book}"),
        preview: "Somebody tried to open another with your address.".to_owned(),
        heading: "You already have an account".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Somebody, perhaps you, tried to open an account for {book} with this address. It has one already, so \
                 nothing was changed."
            )),
            page_link(branding, "If it was you, sign in:", routes::SIGN_IN),
            page_link(branding, "If you have forgotten the password, choose a new one:", FORGOT_PASSWORD),
            Block::Text(
                "If it was not you, there is nothing to do: they were not told of your account.".to_owned(),
            ),
        ],
        reason: has_account(),
    }
}

fn password_changed(branding: &MailBranding, at: Timestamp) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Your password for {book} was changed"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "Your password was changed".to_owned(),
        blocks: vec![
            Block::Text(format!("Your account for {book} has a new password.")),
            Block::Facts(vec![("When", moment(at))]),
            Block::Text("If it was you, there is nothing to do.".to_owned()),
            page_link(branding, "If it was not you, choose another password now:", FORGOT_PASSWORD),
        ],
        reason: has_account(),
    }
}

fn email_changed(branding: &MailBranding, new_email: &str, at: Timestamp) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Your address for {book} was changed"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "Your address was changed".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Your account for {book} has another address, and letters no longer come here."
            )),
            Block::Facts(vec![("New address", sanitize(&Email::display(new_email))), ("When", moment(at))]),
            Block::Text("If it was you, there is nothing to do.".to_owned()),
            // A link for a forgotten password now goes to the new address, so offering one would help nobody here.
            page_link(
                branding,
                "If it was not you, somebody else may hold your account and read your mail. Change the password of \
                 this mailbox, then write to whoever keeps the book; their page is here:",
                routes::HOME,
            ),
        ],
        reason: had_account(),
    }
}

fn new_device(branding: &MailBranding, device: &str, ip_address: &str, at: Timestamp) -> Draft {
    let book = &branding.book;
    let mut facts = vec![("Device", sanitize(device))];
    if !ip_address.is_empty() {
        facts.push(("Network address", sanitize(ip_address)));
    }
    facts.push(("When", moment(at)));
    Draft {
        subject: format!("A new device signed in to {book}"),
        preview: "If it was you, there is nothing to do.".to_owned(),
        heading: "A new device signed in".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Somebody signed in to your account for {book} with a device that was not seen there before."
            )),
            Block::Facts(facts),
            Block::Text("If it was you, there is nothing to do.".to_owned()),
            page_link(branding, "If it was not you, choose a new password now:", FORGOT_PASSWORD),
            page_link(branding, "Every device that is signed in, each with a way to end it:", SESSIONS),
        ],
        reason: has_account(),
    }
}

fn account_deleted(branding: &MailBranding, at: Timestamp) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Your account for {book} is deleted"),
        preview: "This is the last letter.".to_owned(),
        heading: "Your account is deleted".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Your account for {book} and everything that was stored about you is gone. This is the last letter."
            )),
            Block::Facts(vec![("When", moment(at))]),
            Block::Text(
                "If it was not you, somebody knows your password or reads your mail: change the password of this \
                 mailbox, and that password wherever else you use it. What was deleted cannot be brought back."
                    .to_owned(),
            ),
            page_link(branding, "You can open a new account at any time:", routes::SIGN_UP),
        ],
        reason: had_account(),
    }
}

fn idle_account(branding: &MailBranding, deleted_at: Timestamp) -> Draft {
    let book = &branding.book;
    let day = deleted_at.day();
    Draft {
        subject: format!("Your account for {book} will be deleted"),
        preview: format!("Sign in before {day} to keep it."),
        heading: "Sign in to keep your account".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Nobody has signed in to your account for {book} for a long time. On {day} it is deleted, with \
                 everything that is stored about you and your conversations."
            )),
            page_link(branding, "To keep it, sign in once before that day:", routes::SIGN_IN),
            page_link(branding, "If you have forgotten the password, choose a new one:", FORGOT_PASSWORD),
            Block::Text("If you do not need it any more, there is nothing to do.".to_owned()),
        ],
        reason: has_account(),
    }
}

fn idle_account_deleted(branding: &MailBranding) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("Your account for {book} is deleted"),
        preview: "Nobody had used it for a long time.".to_owned(),
        heading: "Your account is deleted".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "Nobody had used your account for {book} for a long time, as we wrote a month ago. It and everything \
                 that was stored about you is gone. This is the last letter."
            )),
            page_link(branding, "You can open a new account at any time:", routes::SIGN_UP),
        ],
        reason: had_account(),
    }
}

fn invitation(branding: &MailBranding, link: &Link, expires_at: Timestamp) -> Draft {
    let book = &branding.book;
    Draft {
        subject: format!("You are invited to {book}"),
        preview: "Open an account with this address.".to_owned(),
        heading: "You are invited".to_owned(),
        blocks: vec![
            Block::Text(format!(
                "The author of {book} invites you to open an account with this address. With it the book and its \
                 services know you on every device."
            )),
            Block::Button {
                label: "Open an account",
                url: link.url.clone(),
                note: format!("The link works once, with this address, until {}.", moment(expires_at)),
            },
            Block::Text(
                "If you do not want one, leave this letter alone: nothing is opened without you.".into(),
            ),
        ],
        reason: address_was_given(),
    }
}

fn button(label: &'static str, link: &Link, seconds: i64) -> Block {
    Block::Button { label, url: link.url.clone(), note: format!("The link works for {}.", in_words(seconds)) }
}

/// The blocks of a letter that confirms an address: the code, where there is one, stands between the link and the doubt.
fn with_code(branding: &MailBranding, link: &Link, before: [Block; 2], doubt: &'static str) -> Vec<Block> {
    let code = link.code.as_ref().map(|code| Block::Code {
        sentence: "Or enter this code in the browser that waits for it:",
        code: code.clone(),
        note: format!(
            "It works for {}, and only there. If the page is closed, open it again in that browser:",
            in_words(link_ttl::CODE)
        ),
        url: format!("{}{ENTER_CODE}", branding.origin),
    });
    let doubt = match code {
        Some(_) => format!("{doubt} Never give the code to anybody who asks for it."),
        None => doubt.to_owned(),
    };
    before.into_iter().chain(code).chain([Block::Text(doubt)]).collect()
}

/// A page that needs no token.
fn page_link(branding: &MailBranding, sentence: &str, path: &str) -> Block {
    Block::Link { sentence: sentence.to_owned(), url: format!("{}{path}", branding.origin) }
}

fn has_account() -> String {
    "You get this letter because this address has an account here:".to_owned()
}

fn had_account() -> String {
    "You get this letter because this address had an account here:".to_owned()
}

fn address_was_given() -> String {
    "You get this letter because this address was given here:".to_owned()
}

/// `20 November 2026, 23:05 UTC`: a mail does not know the reader's own time.
fn moment(at: Timestamp) -> String {
    let iso = at.iso();
    format!("{}, {} UTC", at.day(), iso.get(11..16).unwrap_or_default())
}
