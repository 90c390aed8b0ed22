//! `/sign-up`: the form, or why there is none.

use std::sync::Arc;

use contract::{Email, LocalPath, routes, with_next};
use domain::{InternalError, SignUpMode};
use leptos::{either::Either, prelude::*};

use super::access::leave_if_signed_in;
use crate::{
    Book,
    components::{
        AcceptTerms, Card, CardLayout, ErrorNotice, FieldErrors, KeepSignedIn, PageTitle, PasswordField,
        ProblemSummary, Questionnaire, TextField, async_section,
    },
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::SignUp,
};

/// What a visitor finds.
#[derive(Debug, Clone)]
enum Access {
    /// The form.
    Form {
        /// Who can sign up, if not everybody.
        lede: Option<String>,
        /// The only address that an invitation is for.
        invited: Option<String>,
        /// Whether the link that led here is of an invitation that does not work any more.
        is_dead: bool,
    },
    /// An invitation is needed, and there is none.
    NeedsInvitation,
    /// An invitation is needed, and this one does not work any more.
    DeadInvitation,
    /// Nobody can sign up.
    Closed,
}

#[component]
pub(crate) fn SignUpPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    if leave_if_signed_in(&context) {
        return None;
    }
    let next = context.visitor.next.clone();
    let field_errors = FieldErrors::of_request();
    let title = field_errors.title("Create an account");
    let (asking, inside) = (context.clone(), context.clone());
    let look_up = move || {
        let context = asking.clone();
        async move { access(&context).await }
    };
    let page = async_section(&context, look_up, move |access| {
        let (context, next) = (inside.clone(), next.clone());
        match access {
            Access::Form { lede, invited, is_dead } => Either::Left(view! {
                <Form context next field_errors=field_errors.clone() lede invited is_dead />
            }),
            // A form that was refused meanwhile keeps what was typed.
            _ if field_errors.code().is_some() => Either::Left(view! {
                <Form context next field_errors=field_errors.clone() lede=None invited=None is_dead=false />
            }),
            none => Either::Right(view! { <NoForm access=none next /> }),
        }
    });
    Some(view! {
        <CardLayout title help="Your answers stay with this book and its services.">{page}</CardLayout>
    })
}

/// What the visitor finds, by the mode and by the invitation that led here.
async fn access(context: &RequestContext) -> Result<Access, InternalError> {
    let mode = &context.services.accounts.rules().sign_up;
    let form = |lede: Option<String>, invited, is_dead| Access::Form { lede, invited, is_dead };
    if matches!(mode, SignUpMode::Open) {
        return Ok(form(None, None, false));
    }
    let link = context.visitor.link.as_ref().filter(|_| *mode != SignUpMode::Closed);
    let invitation = match link {
        Some(link) => context.services.invitations.find(&link.0).await?,
        None => None,
    };
    Ok(match (mode, invitation) {
        (SignUpMode::Closed, _) => Access::Closed,
        (_, Some(invitation)) => {
            form(Some("You are invited to open one.".to_owned()), invitation.email, false)
        }
        (SignUpMode::Domains(domains), None) => form(Some(for_domains(domains)), None, link.is_some()),
        (_, None) if link.is_some() => Access::DeadInvitation,
        (_, None) => Access::NeedsInvitation,
    })
}

/// `Accounts here are for addresses at a.example, b.example and c.example.`
fn for_domains(domains: &[String]) -> String {
    let shown: Vec<_> = domains.iter().map(|domain| Email::display_domain(domain)).collect();
    let list = match shown.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    };
    format!("Accounts here are for addresses at {list}.")
}

#[component]
fn Form(
    context: RequestContext,
    next: Option<LocalPath>,
    field_errors: FieldErrors,
    lede: Option<String>,
    invited: Option<String>,
    is_dead: bool,
) -> impl IntoView {
    let new_min = context.services.accounts.rules().passwords.min_length;
    let action = with_next(<SignUp as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let sign_in = with_next(routes::SIGN_IN, next.as_ref());
    let questions = context.services.questions.clone();
    let terms = use_context::<Arc<Book>>().and_then(|book| book.terms.clone());
    let lede = lede.unwrap_or_else(|| match &context.visitor.return_to {
        Some(to) => format!("One account, with which you go on to {}.", to.client.name),
        None => "One account for this book and its services, on every device.".to_owned(),
    });
    let expected = context.visitor.return_to.as_ref().and_then(|to| to.login_hint.clone());
    let expected = invited.or(expected);
    view! {
        <Card heading="Create an account" lede=Some(lede)>
            {is_dead.then(|| view! { <ErrorNotice words=DEAD_INVITATION /> })}
            <ProblemSummary field_errors=field_errors.clone() questions=Some(questions.clone()) />
            <form class="form" method="post" action=action novalidate>
                <NextField next />
                <TextField
                    name="name"
                    label="Name"
                    autocomplete="name"
                    optional=true
                    state=field_errors.field("name", None)
                />
                <TextField
                    name="email"
                    label="E-mail"
                    email=true
                    autocomplete="username"
                    state=field_errors.field("email", expected.as_deref())
                />
                <PasswordField new_min state=field_errors.field("password", None) />
                <Questionnaire questions answers=None field_errors=field_errors.clone() />
                <KeepSignedIn field_errors=field_errors.clone() />
                {terms.map(|terms| view! { <AcceptTerms terms field_errors /> })}
                <SubmitButton label="Create account".to_owned() />
            </form>
            <p class="card__footer">"Have an account? "<a href=sign_in>"Sign in"</a></p>
        </Card>
    }
}

const DEAD_INVITATION: &str =
    "This invitation does not work any more: it was used or withdrawn, or is too old.";

/// Why there is no form, and what to do.
#[component]
fn NoForm(access: Access, next: Option<LocalPath>) -> impl IntoView {
    let (heading, lede) = match access {
        Access::Closed => (
            "Sign-up is closed",
            "The author of this book lets nobody open an account at the moment. If you have one, sign in.",
        ),
        Access::DeadInvitation => (
            "This invitation does not work any more",
            "It was used or withdrawn, or is too old. Ask the author of the book for a new one.",
        ),
        Access::NeedsInvitation | Access::Form { .. } => (
            "You need an invitation",
            "Accounts for this book are opened by invitation. Open the link in yours, in this browser; if you have \
             none, ask the author of the book.",
        ),
    };
    let sign_in = with_next(routes::SIGN_IN, next.as_ref());
    view! {
        <PageTitle title=heading />
        <Card heading lede=Some(lede.to_owned())>
            <div class="actions"><a class="button" href=sign_in>"Sign in"</a></div>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_listed_in_a_sentence() {
        let sentence = |domains: &[&str]| {
            for_domains(&domains.iter().map(|domain| (*domain).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(sentence(&["a.org"]), "Accounts here are for addresses at a.org.");
        assert_eq!(
            sentence(&["a.org", "b.org", "c.edu"]),
            "Accounts here are for addresses at a.org, b.org and c.edu."
        );
        assert_eq!(
            sentence(&["xn--80a1acny.xn--p1ai", "xn--pple-43d.com"]),
            "Accounts here are for addresses at почта.рф and xn--pple-43d.com.",
            "only a domain whose letters are of one script is shown in it"
        );
    }
}
