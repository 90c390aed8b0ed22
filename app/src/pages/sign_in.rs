//! `/sign-in`.

use contract::{Code, LocalPath, Problem, routes, sentence, with_next};
use leptos::prelude::*;

use super::{access::leave_if_signed_in, query::query_parameter, verify_email::AGAIN};
use crate::{
    components::{
        Card, CardLayout, FieldErrors, KeepSignedIn, PasswordField, ProblemSummary, SuccessNotice, TextField,
    },
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::SignIn,
};

#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    if leave_if_signed_in(&context) {
        return None;
    }
    let next = context.visitor.next.clone();
    let field_errors = FieldErrors::of_request();
    let action = with_next(<SignIn as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let forgot = with_next(routes::FORGOT_PASSWORD, next.as_ref());
    let forgot = context.services.mail.is_enabled().then(|| {
        view! { <p class="field__link"><a href=forgot>"Forgot your password?"</a></p> }
    });
    let is_reset = query_parameter("reset").is_some() && field_errors.code().is_none();
    let was_sent_here =
        !is_reset && field_errors.code().is_none() && next.as_ref().is_some_and(needs_session);
    let lede = match &context.visitor.return_to {
        Some(to) if to.has_to_sign_in => Some(format!("{} asks you to sign in once more.", to.client.name)),
        Some(to) => Some(format!("To go on to {}.", to.client.name)),
        None => was_sent_here.then(|| sentence(&Problem::new(Code::Unauthorized))),
    };
    let expected = context.visitor.return_to.as_ref().and_then(|to| to.login_hint.clone());
    let unproved = field_errors.code() == Some(Code::EmailNotVerified) && context.services.mail.is_enabled();
    let again = with_next(AGAIN, next.as_ref());
    let can_sign_up = context.services.accounts.rules().sign_up.check_enabled().is_ok();
    let sign_up = with_next(routes::SIGN_UP, next.as_ref());
    Some(view! {
        <CardLayout title=field_errors.title("Sign in") help="Your account belongs to this book alone.">
            <Card heading="Sign in" lede>
                {is_reset.then(|| view! { <SuccessNotice words="Your password is set. Sign in with it." /> })}
                <ProblemSummary field_errors=field_errors.clone() />
                {unproved.then(|| view! { <p class="alert__action"><a href=again.clone()>"Ask for another link"</a></p> })}
                <form class="form" method="post" action=action novalidate>
                    <NextField next />
                    <TextField
                        name="email"
                        label="E-mail"
                        email=true
                        autocomplete="username"
                        state=field_errors.field("email", expected.as_deref())
                    />
                    <PasswordField state=field_errors.field("password", None) />
                    {forgot}
                    <KeepSignedIn field_errors />
                    <SubmitButton label="Sign in".to_owned() />
                </form>
                {can_sign_up.then(|| view! {
                    <p class="card__footer">"New here? "<a href=sign_up>"Create an account"</a></p>
                })}
            </Card>
        </CardLayout>
    })
}

/// Whether a page requires a session: a visitor on the way to it has been signed out, or has yet to sign in.
fn needs_session(page: &LocalPath) -> bool {
    let below = |page: &str, above: &str| {
        page.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    [routes::ACCOUNT, routes::CONVERSATIONS].iter().any(|above| below(page.as_str(), above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_way_to_a_readers_own_pages_says_that_one_is_signed_out() {
        let sent_from = |page: &str| LocalPath::parse(page).as_ref().is_some_and(needs_session);
        assert!(["/account", "/account/security", "/account?x"].into_iter().all(sent_from));
        assert!(!["/", "/accountants", "/book/account"].into_iter().any(sent_from));
    }
}
