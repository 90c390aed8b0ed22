//! `/account/security`: password, address, and the account's audit log.

use contract::{Email, routes};
use domain::{AuditEvent, User};
use leptos::{either::Either, prelude::*};

use super::access::{has_password, signed_in_or_leave};
use crate::{
    components::{
        AuditLog, Choice, Entry, FieldErrors, PageLayout, PasswordField, Section, TextField, async_section,
    },
    context::RequestContext,
    islands::SubmitButton,
    server::{ChangeEmail, ChangePassword},
};

#[component]
pub(crate) fn SecurityPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let signed_in = signed_in_or_leave(&context, routes::SECURITY)?;
    let field_errors = FieldErrors::of_request();
    let rules = context.services.accounts.rules();
    let (user, leaves_others) = (signed_in.user.clone(), rules.reference_habits);
    let new_min = rules.passwords.min_length;
    let sends_mail = context.services.mail.is_enabled();
    let (asking, inside) = (context.clone(), field_errors.clone());
    let look_up = move || {
        let (context, signed_in) = (asking.clone(), signed_in.clone());
        async move {
            let events = context.services.accounts.events(&signed_in.user).await?;
            Ok((has_password(&context, &signed_in).await?, events))
        }
    };
    let parts = async_section(&context, look_up, move |(has_password, events): (bool, Vec<AuditEvent>)| {
        let user = user.clone();
        let password = inside.of_form("newPassword");
        let email = inside.of_form("newEmail");
        let address = Email::display(&user.email).into_owned();
        let password = if has_password {
            Either::Left(view! { <NewPassword email=address leaves_others new_min field_errors=password /> })
        } else {
            Either::Right(view! { <NoPassword sends_mail /> })
        };
        view! {
            <Section heading="Password">{password}</Section>
            <Section heading="E-mail address">
                <NewEmail user sends_mail field_errors=email />
            </Section>
            <Section heading="What happened lately">
                <AuditLog events />
            </Section>
        }
    });
    Some(view! {
        <PageLayout
            heading="Security"
            at=Entry::Security
            field_errors
            context
            help="Something here that was not you? Change your password and sign out everywhere else."
        >
            {parts}
        </PageLayout>
    })
}

#[component]
fn NewPassword(
    /// The reader's address, for password managers.
    email: String,
    /// Whether other browsers stay signed in by default.
    leaves_others: bool,
    /// The minimum length of the new password.
    new_min: usize,
    field_errors: FieldErrors,
) -> impl IntoView {
    let action = <ChangePassword as leptos::server_fn::ServerFn>::PATH;
    view! {
        <form class="form" method="post" action=action novalidate>
            <label hidden>
                "E-mail"
                <input
                    type="text"
                    id="username"
                    name="username"
                    autocomplete="username"
                    value=email
                    readonly
                />
            </label>
            <PasswordField
                name="currentPassword"
                label="Current password"
                state=field_errors.field("currentPassword", None)
            />
            <PasswordField
                name="newPassword"
                label="New password"
                new_min
                state=field_errors.field("newPassword", None)
            />
            <Choice
                name="revokeOtherSessions"
                label="Sign out everywhere else"
                hint="Whoever knows the old password is out then."
                ticked=field_errors.ticked("revokeOtherSessions", !leaves_others)
            />
            <SubmitButton label="Change the password".to_owned() />
        </form>
    }
}

#[component]
fn NoPassword(sends_mail: bool) -> impl IntoView {
    if sends_mail {
        Either::Left(view! {
            <p>"Your account has no password yet. We mail you a link with which you set one."</p>
            <div class="actions actions--start">
                <a class="button" href=routes::FORGOT_PASSWORD>"Set a password"</a>
            </div>
        })
    } else {
        Either::Right(view! {
            <p>"Your account has no password yet, and this book sends no mail. Write to its author to get one."</p>
        })
    }
}

#[component]
fn NewEmail(user: User, sends_mail: bool, field_errors: FieldErrors) -> impl IntoView {
    let (confirmed, way) = if user.email_verified {
        (
            "confirmed",
            "First we ask at your present address, then at the new one. Each mail has a link to open.",
        )
    } else {
        ("not confirmed", "We mail a link to the new address. Your address changes when you open it.")
    };
    let now = view! { <p>"Now: "{Email::display(&user.email).into_owned()}" "<span class="tag">{confirmed}</span></p> };
    if !sends_mail {
        return Either::Left(view! {
            {now}
            <p>"This book sends no mail, so the address cannot be changed here. Write to its author."</p>
        });
    }
    let action = <ChangeEmail as leptos::server_fn::ServerFn>::PATH;
    Either::Right(view! {
        {now}
        <form class="form" method="post" action=action novalidate>
            <TextField
                name="newEmail"
                label="New e-mail"
                email=true
                autocomplete="email"
                hint=Some(way.to_owned())
                state=field_errors.field("newEmail", None)
            />
            <SubmitButton label="Change the address".to_owned() />
        </form>
    })
}
