use domain::{Authorized, Refusal};
use testkit::databases::Kind;
use url::Url;

use super::{CALLBACK, answered, request};
use crate::fixtures::book::{Book, ISSUER};

async fn book() -> Book {
    Book::with_clients(Kind::Sqlite.migrated().await).await
}

#[tokio::test]
async fn a_signed_in_reader_is_sent_back_with_a_code_state_and_issuer() {
    let book = book().await;
    let ada = book.reader("ada").await;
    let authorized = book.authorize(&request(&[]), Some(&ada)).await;
    assert_eq!(answered(&authorized, "state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(answered(&authorized, "iss").as_deref(), Some(ISSUER));
    assert_eq!(answered(&authorized, "code").unwrap().len(), 43);
    let Authorized::Respond(address) = authorized else { panic!() };
    assert!(address.starts_with(&format!("{CALLBACK}?code=")), "{address}");
    // The query of a registered address stays as it is.
    let with_query = request(&[("redirect_uri", "https://pages.example/callback?of=book"), ("state", "")]);
    let Authorized::Respond(address) = book.authorize(&with_query, Some(&ada)).await else { panic!() };
    assert!(address.starts_with("https://pages.example/callback?of=book&code="), "{address}");
    assert!(!address.contains("state="), "{address}");
}

#[tokio::test]
async fn security_29_a_redirect_uri_that_is_not_registered_to_the_letter_is_redirected_to_nowhere() {
    let book = book().await;
    let ada = book.reader("ada").await;
    for uri in HOSTILE {
        let outcome = book.services.oidc.authorize(&request(&[("redirect_uri", uri)]), Some(&ada)).await;
        let refused = matches!(
            &outcome,
            Err(Refusal::UnknownRedirectUri { .. }
                | Refusal::NoRedirectUri { .. }
                | Refusal::Malformed(_)
                | Refusal::TooLong)
        );
        assert!(refused, "{uri:?}: {outcome:?}");
    }
    assert_eq!(book.count("bookplate_authorization_codes").await, 0);
}

#[tokio::test]
async fn an_error_before_client_and_redirect_uri_are_verified_is_shown_here() {
    let book = book().await;
    let refusal = async |query: &str| match book.services.oidc.authorize(query, None).await {
        Err(refusal) => refusal,
        other => panic!("{query}: {other:?}"),
    };
    assert_eq!(refusal("").await, Refusal::NoClient);
    let unknown = refusal(&request(&[("client_id", "stranger")])).await;
    assert_eq!(unknown, Refusal::UnknownClient { client_id: "stranger".into() });
    assert!(matches!(refusal(&request(&[("redirect_uri", "")])).await, Refusal::NoRedirectUri { .. }));
    assert!(matches!(refusal(&format!("{}&client_id=pages", request(&[]))).await, Refusal::Malformed(_)));
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fpages.example%2Fcallback", request(&[]));
    assert!(matches!(refusal(&twice).await, Refusal::Malformed(_)));
    assert_eq!(refusal(&request(&[("state", &"s".repeat(3072))])).await, Refusal::TooLong);
}

#[tokio::test]
async fn every_other_error_goes_to_the_client_with_state_and_issuer() {
    let book = book().await;
    let ada = book.reader("ada").await;
    let short = "a".repeat(42);
    let long = "a".repeat(129);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", &short)], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "everything")], "invalid_scope"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "surprise")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("request", "eyJ")], "request_not_supported"),
        (&[("request_uri", "https://pages.example/request")], "request_uri_not_supported"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("resource", "https://nobody.example")], "invalid_target"),
        (&[("resource", "https://other.example")], "invalid_target"),
        (&[("audience", "other")], "invalid_target"),
        (&[("audience", "chatbot"), ("resource", "https://chatbot.example")], "invalid_target"),
        (&[("nonce", "a\u{7}b")], "invalid_request"),
    ];
    for (changes, error) in cases {
        let authorized = book.authorize(&request(changes), Some(&ada)).await;
        assert_eq!(answered(&authorized, "error").as_deref(), Some(*error), "{changes:?}");
        assert_eq!(answered(&authorized, "state").as_deref(), Some("af0ifjsldkj"), "{changes:?}");
        assert_eq!(answered(&authorized, "iss").as_deref(), Some(ISSUER), "{changes:?}");
        assert!(answered(&authorized, "code").is_none(), "{changes:?}");
    }
    let twice = format!("{}&scope=openid", request(&[]));
    let authorized = book.authorize(&twice, Some(&ada)).await;
    assert_eq!(answered(&authorized, "error").as_deref(), Some("invalid_request"));
    let two_resources =
        format!("{}&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example", request(&[]));
    let authorized = book.authorize(&two_resources, Some(&ada)).await;
    assert_eq!(answered(&authorized, "error").as_deref(), Some("invalid_target"));
    assert_eq!(book.count("bookplate_authorization_codes").await, 0);
}

#[tokio::test]
async fn unknown_parameters_and_locales_are_ignored() {
    let book = book().await;
    let ada = book.reader("ada").await;
    let changes =
        [("ui_locales", "de fr"), ("claims_locales", "de"), ("display", "popup"), ("utm_source", "x")];
    let authorized = book.authorize(&request(&changes), Some(&ada)).await;
    assert!(answered(&authorized, "code").is_some(), "{authorized:?}");
}

#[tokio::test]
async fn a_signed_out_reader_is_led_to_sign_in_and_back_to_the_same_request() {
    let book = book().await;
    let Authorized::SignIn(next) = book.authorize(&request(&[]), None).await else { panic!() };
    let ada = book.reader("ada").await;
    let query = super::query_of(&next);
    let to = book.services.oidc.return_to(&next, Some(&ada)).unwrap();
    assert_eq!((to.client.name.as_str(), to.form_action.as_str()), ("The Pages", "https://pages.example"));
    assert!(!to.has_to_sign_in);
    let authorized = book.authorize(query, Some(&ada)).await;
    assert!(answered(&authorized, "code").is_some(), "{authorized:?}");
    assert_eq!(answered(&authorized, "state").as_deref(), Some("af0ifjsldkj"));
    let create = book.authorize(&request(&[("prompt", "create")]), None).await;
    assert!(matches!(create, Authorized::SignUp(_)), "{create:?}");
}

#[tokio::test]
async fn security_32_without_a_session_prompt_none_answers_an_error_and_shows_no_page() {
    let book = book().await;
    let authorized = book.authorize(&request(&[("prompt", "none")]), None).await;
    assert_eq!(answered(&authorized, "error").as_deref(), Some("login_required"));
    let ada = book.reader("ada").await;
    let authorized = book.authorize(&request(&[("prompt", "none")]), Some(&ada)).await;
    assert!(answered(&authorized, "code").is_some());
}

#[tokio::test]
async fn a_request_of_full_length_finds_its_way_through_sign_in() {
    let book = book().await;
    let room = 3072 - request(&[("state", "s")]).len();
    let state = format!("s{}", "/".repeat(room / 3));
    let query = request(&[("state", &state)]);
    assert!(query.len() > 3060 && query.len() <= 3072, "{}", query.len());
    let Authorized::SignIn(next) = book.authorize(&query, None).await else { panic!() };
    let ada = book.reader("ada").await;
    let authorized = book.authorize(super::query_of(&next), Some(&ada)).await;
    assert_eq!(answered(&authorized, "state"), Some(state));
}

#[tokio::test]
async fn what_would_break_a_header_or_a_path_is_carried_or_refused_but_never_changes_where_it_leads() {
    let book = book().await;
    let ada = book.reader("ada").await;
    for state in
        ["a b+c%20", "\u{1F600}", "<script>", "https://evil.example/?a=b#c", "&interaction=1.x", "\"'`{}|^"]
    {
        let authorized = book.authorize(&request(&[("state", state)]), Some(&ada)).await;
        assert_eq!(answered(&authorized, "state").as_deref(), Some(state));
        let Authorized::Respond(address) = authorized else { panic!() };
        assert_eq!(Url::parse(&address).unwrap().host_str(), Some("pages.example"));
    }
}

/// Forms of addresses that parsers, browsers and prefix checks take for the registered one.
const HOSTILE: &[&str] = &[
    "",
    "https://pages.example",
    "https://pages.example/",
    "https://pages.example/callback/",
    "https://pages.example/callback?",
    "https://pages.example/callback#",
    "https://pages.example/callback#fragment",
    "https://pages.example/callback?next=https://evil.example",
    "https://pages.example/callback?of=other",
    "https://pages.example/callback?of=book&x=y",
    "https://pages.example/callback?of=book#",
    "https://pages.example/callback/../callback",
    "https://pages.example/./callback",
    "https://pages.example//callback",
    "https://pages.example/callback;jsessionid=1",
    "https://pages.example/callback%2F",
    "https://pages.example/callback%00",
    "https://pages.example/callback%0d%0aLocation:x",
    "https://pages.example/%63allback",
    "https://pages.example/CALLBACK",
    "https://PAGES.example/callback",
    "HTTPS://pages.example/callback",
    "http://pages.example/callback",
    "https:pages.example/callback",
    "https:/pages.example/callback",
    "https:///pages.example/callback",
    "//pages.example/callback",
    "pages.example/callback",
    "/callback",
    "https://pages.example:443/callback",
    "https://pages.example:8443/callback",
    "https://pages.example:/callback",
    "https://pages.example./callback",
    "https://www.pages.example/callback",
    "https://sub.pages.example/callback",
    "https://pages.example.evil.example/callback",
    "https://evil.example/https://pages.example/callback",
    "https://evil.example/callback",
    "https://evilpages.example/callback",
    "https://pages.example@evil.example/callback",
    "https://pages.example%40evil.example/callback",
    "https://user:pass@pages.example/callback",
    "https://user@pages.example/callback",
    "https://@pages.example/callback",
    "https://evil.example#@pages.example/callback",
    "https://evil.example?@pages.example/callback",
    "https://evil.example\\@pages.example/callback",
    "https://evil.example\\.pages.example/callback",
    "https:\\\\pages.example\\callback",
    "https://pages\u{3002}example/callback",
    "https://p\u{430}ges.example/callback",
    "https://xn--pges-6na.example/callback",
    "https://pages.example\u{ff0f}callback",
    " https://pages.example/callback",
    "https://pages.example/callback ",
    "https://pages.example/\tcallback",
    "https://pages.example/callback\n",
    "https://pages.example/callback\u{0}",
    "https://pages.example/callback\u{200b}",
    "https://*.example/callback",
    "https://pages.example/*",
    "javascript:alert(1)//https://pages.example/callback",
    "data:text/html,https://pages.example/callback",
    "vbscript:x",
    "file:///callback",
    "blob:https://pages.example/callback",
    "about:blank",
    "https://127.0.0.1/callback",
    "https://[::1]/callback",
    "https://service.example/callback",
    "null",
];
