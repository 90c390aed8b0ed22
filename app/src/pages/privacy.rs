//! `/account/data`: export of everything stored, and deletion of the account.

use contract::routes;
use domain::{Retention, SignedIn};
use leptos::{either::EitherOf3, prelude::*};

use super::access::{has_password, signed_in_or_leave};
use crate::{
    components::{Entry, FieldErrors, PageLayout, PasswordField, Section, async_section},
    context::RequestContext,
    server::DeleteAccount,
};

#[component]
pub(crate) fn DataPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let signed_in = signed_in_or_leave(&context, routes::DATA)?;
    let field_errors = FieldErrors::of_request();
    let usage = storage_used(&context, &signed_in);
    let by_mail =
        context.services.accounts.rules().require_verified_email && context.services.mail.is_enabled();
    let is_fresh = context.services.sessions.is_fresh(&signed_in.session);
    let retention = context.services.cleanup.retention();
    let (asking, inside) = (context.clone(), field_errors.clone());
    let look_up = move || {
        let (context, signed_in) = (asking.clone(), signed_in.clone());
        async move { has_password(&context, &signed_in).await }
    };
    let delete = async_section(&context, look_up, move |has_password| {
        let field_errors = inside.clone();
        let proof = match (has_password, by_mail || is_fresh) {
            (true, _) => EitherOf3::A(view! { <PasswordField state=field_errors.field("password", None) /> }),
            (false, true) => EitherOf3::B(()),
            (false, false) => EitherOf3::C(view! {
                <p>"It has been a while since you signed in. To delete your account, sign out and in again first."</p>
            }),
        };
        let label = if by_mail { "Mail me the link" } else { "Delete my account for good" };
        let action = <DeleteAccount as leptos::server_fn::ServerFn>::PATH;
        view! {
            <form class="form" method="post" action=action novalidate>
                {proof}
                <button class="button button--danger" type="submit">{label}</button>
            </form>
        }
    });
    Some(view! {
        <PageLayout
            heading="Your data"
            at=Entry::Data
            field_errors
            context
            help="What is kept about you is yours to take and yours to have removed."
        >
            <Section heading="Take everything with you">
                <p>
                    "A ZIP file with all that is stored about you: your profile and answers, your conversations, where you
                    are signed in, and what happened to your account. One copy to read, and one for programs."
                </p>
                <form class="actions actions--start" method="post" action=routes::EXPORT>
                    <button class="button" type="submit">"Download everything"</button>
                </form>
            </Section>
            <Section heading="How long it is kept"><Kept retention=retention /></Section>
            <Section heading="The room your conversations take up">{usage}</Section>
            <Section heading="Delete your account">
                <WhatGoes by_mail />
                {delete}
            </Section>
        </PageLayout>
    })
}

/// How long what is stored is kept.
#[component]
fn Kept(retention: Retention) -> impl IntoView {
    let account = match retention.idle_account_days {
        Some(days) => format!(
            "Your account is kept while you use it. When you have not signed in for {days} days it is deleted, with \
             everything in it. Thirty days before, you get a mail; signing in keeps it."
        ),
        None => "Your account is kept until you delete it.".to_owned(),
    };
    let conversations = match retention.conversation_days {
        Some(days) => format!("A conversation is deleted {} after its last message.", in_days(days)),
        None => "A conversation is kept until you delete it.".to_owned(),
    };
    let events = format!(
        "What happened to your account, such as a sign-in, is kept for {}.",
        in_days(retention.events_days)
    );
    view! { <div class="prose"><ul><li>{account}</li><li>{conversations}</li><li>{events}</li></ul></div> }
}

fn in_days(days: u32) -> String {
    if days == 1 { "a day".to_owned() } else { format!("{days} days") }
}

/// What the conversations take up, and what they may.
fn storage_used(context: &RequestContext, signed_in: &SignedIn) -> impl IntoView + use<> {
    let most = context.services.conversations.limits().reader_bytes;
    let (asking, user_id) = (context.clone(), signed_in.user.id.clone());
    let look_up = move || {
        let (context, user_id) = (asking.clone(), user_id.clone());
        async move { context.services.conversations.stored_bytes(&user_id).await }
    };
    async_section(context, look_up, move |used| {
        let (used, most) = (size(used), size(u64::try_from(most).unwrap_or(u64::MAX)));
        view! {
            <p>
                {format!("Your conversations take up {used} of the {most} that there are for you. ")}
                "What you delete makes room ten minutes later, when it can no longer be brought back."
            </p>
        }
    })
}

/// A number of bytes in a unit that suits it.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| bytes.saturating_mul(10).div_ceil(unit);
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KB", bytes.div_ceil(1_024)),
        _ if tenths(1_048_576).is_multiple_of(10) => format!("{} MB", tenths(1_048_576) / 10),
        _ => format!("{}.{} MB", tenths(1_048_576) / 10, tenths(1_048_576) % 10),
    }
}

/// What deletion does, said beforehand: afterwards there is no account to show it to.
#[component]
fn WhatGoes(
    /// Whether a mailed link has to be opened first.
    by_mail: bool,
) -> impl IntoView {
    let when = if by_mail {
        "We mail you a link. When you open it in this browser, all of it is deleted at once and for good."
    } else {
        "It happens at once and for good: nobody can bring any of it back, not even the author of the book."
    };
    view! {
        <p>
            "Your name, address, password, answers and conversations are deleted, every device is signed out, and what
            is recorded of you loses all that points to you."
        </p>
        <p><strong>{when}</strong></p>
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_rounded_up_in_a_unit_that_suits_it() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KB"),
            (1025, "2 KB"),
            ((1 << 20) - 1, "1024 KB"),
            (1 << 20, "1 MB"),
            ((1 << 20) + 1, "1.1 MB"),
            (64 << 20, "64 MB"),
            (1 << 40, "1048576 MB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
