use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Audience, AudienceKey, ConversationAccess, OAuthErrorCode, Parameters, Settings, TokenSettings,
    VerifyError,
};
use serde_json::{Value, json};
use testkit::{FixedClock, databases::Kind};

use super::{CLIENT_SECRET, claims, parameters, with_clients};
use crate::fixtures::book::{Book, ISSUER};

#[tokio::test]
async fn an_id_token_says_who_signed_in_when_and_for_whom() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    book.ports.clock.advance_seconds(100);
    let issued = book.tokens(&ada).await;
    let token = claims(&issued.id_token.unwrap());
    let opened = FixedClock::START.seconds();
    for (name, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!("pages")),
        ("sub", json!(ada.user.id)),
        ("sid", json!(ada.session.id)),
        ("auth_time", json!(opened)),
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("email", json!("ada@example.com")),
        ("exp", json!(opened + 100 - 5 + 900)),
    ] {
        assert_eq!(token.get(name), Some(&value), "{name}");
    }
    let bare = book.code(&[("scope", "openid"), ("nonce", "")], &ada).await;
    let token = claims(&book.exchange(&bare).await.unwrap().id_token.unwrap());
    assert!(["nonce", "email", "name"].iter().all(|name| !token.contains_key(*name)), "{token:?}");
    let none = book.code(&[("scope", "profile")], &ada).await;
    assert!(book.exchange(&none).await.unwrap().id_token.is_none());
}

#[tokio::test]
async fn an_access_token_is_for_its_resource_with_the_scopes_that_both_allow() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let all = "openid conversations:read conversations:write";
    let cases = [
        (vec![("scope", all)], ISSUER, all),
        (vec![("scope", all), ("resource", ISSUER)], ISSUER, all),
        (vec![("scope", all), ("resource", "https://chatbot.example")], "https://chatbot.example", all),
        (vec![("scope", all), ("audience", "chatbot")], "https://chatbot.example", all),
        (vec![("scope", all), ("audience", "reader")], "https://reader.example", "openid conversations:read"),
    ];
    for (changes, aud, scope) in cases {
        let code = book.code(&changes, &ada).await;
        let issued = book.exchange(&code).await.unwrap();
        let token = claims(&issued.access_token.token);
        assert_eq!(token.get("aud").and_then(Value::as_str), Some(aud), "{changes:?}");
        assert_eq!(token.get("scope").and_then(Value::as_str), Some(scope), "{changes:?}");
        assert_eq!(token.get("client_id").and_then(Value::as_str), Some("pages"));
        assert_eq!(issued.access_token.scopes.to_string(), scope);
        assert_eq!(issued.access_token.expires_in, 895);
    }
}

#[tokio::test]
async fn the_scopes_of_a_token_for_bookplate_decide_what_it_opens() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let tokens = &book.services.tokens;
    let with = async |scope: &str| {
        let code = book.code(&[("scope", scope)], &ada).await;
        book.exchange(&code).await.unwrap().access_token.token
    };
    let none = with("openid").await;
    let access = tokens.verify_for_conversations(&none).await.unwrap();
    assert_eq!(access.conversations, ConversationAccess::NONE);
    assert!(matches!(tokens.verify(&none).await, Err(VerifyError::NeedsScope(_))));
    assert!(matches!(tokens.verify_for_profile(&none).await, Err(VerifyError::NeedsScope(_))));
    let read = with("openid profile email conversations:read").await;
    let access = tokens.verify_for_conversations(&read).await.unwrap();
    assert_eq!(access.conversations, ConversationAccess::READ);
    assert_eq!(access.client_id.as_deref(), Some("pages"));
    assert!(tokens.verify(&read).await.is_ok() && tokens.verify_for_profile(&read).await.is_ok());
}

#[tokio::test]
async fn security_20_an_id_token_is_no_access_token_and_the_other_way_round() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let issued = book.tokens(&ada).await;
    let id_token = issued.id_token.unwrap();
    assert!(book.services.tokens.verify_for_conversations(&id_token).await.is_err());
    assert_eq!(book.services.oidc.userinfo(&id_token).await.unwrap_err().code, OAuthErrorCode::InvalidToken);
    let hint = super::request(&[("id_token_hint", &issued.access_token.token), ("prompt", "none")]);
    let authorized = book.authorize(&hint, Some(&ada)).await;
    assert!(super::answered(&authorized, "code").is_some(), "what is no ID token hints at nothing");
}

#[tokio::test]
async fn userinfo_says_what_the_scopes_open() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let oidc = &book.services.oidc;
    let with = async |changes: &[(&str, &str)]| {
        let code = book.code(changes, &ada).await;
        book.exchange(&code).await.unwrap().access_token.token
    };
    let bare = oidc.userinfo(&with(&[("scope", "openid")]).await).await.unwrap();
    assert_eq!(Value::Object(bare), json!({ "sub": ada.user.id }));
    let whole = oidc.userinfo(&with(&[]).await).await.unwrap();
    assert_eq!(whole["email"], "ada@example.com");
    assert_eq!(whole["email_verified"], false);
    let other = with(&[("resource", "https://chatbot.example")]).await;
    assert_eq!(oidc.userinfo(&other).await.unwrap_err().code, OAuthErrorCode::InvalidToken);
    let unnamed = with(&[("scope", "profile")]).await;
    assert_eq!(oidc.userinfo(&unnamed).await.unwrap_err().code, OAuthErrorCode::InsufficientScope);
    // What `GET /api/auth/token` issues was granted to no client.
    let plain = book.services.tokens.issue(&ada, None).unwrap();
    assert_eq!(oidc.userinfo(&plain).await.unwrap_err().code, OAuthErrorCode::InsufficientScope);
}

#[tokio::test]
async fn security_33_introspection_authenticates_and_tells_a_client_of_its_own_tokens_and_audiences() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let oidc = &book.services.oidc;
    let introspect = async |header: Option<&str>, sent: &Parameters| {
        let client = oidc.authenticate_client(header, sent)?;
        oidc.introspect(&client, sent).await
    };
    let basic = format!("Basic {}", STANDARD.encode(format!("service:{CLIENT_SECRET}")));
    let active = async |token: &str| {
        let answer = introspect(Some(&basic), &parameters(&[("token", token)])).await.unwrap();
        answer["active"].as_bool().unwrap()
    };
    let code = book.code(&[("audience", "reader"), ("scope", "conversations:read")], &ada).await;
    let for_its_audience = book.exchange(&code).await.unwrap();
    let told =
        introspect(Some(&basic), &parameters(&[("token", &for_its_audience.access_token.token)])).await;
    let told = told.unwrap();
    assert_eq!(told["sub"], json!(ada.user.id));
    assert_eq!((told["token_type"].as_str(), told["client_id"].as_str()), (Some("Bearer"), Some("pages")));
    let foreign = book.tokens(&ada).await;
    for token in
        [&foreign.access_token.token, &foreign.refresh_token.unwrap(), &foreign.id_token.unwrap(), "made-up"]
    {
        assert!(!active(token).await, "{token}");
    }
    let token = [("token", for_its_audience.access_token.token.as_str())];
    for (header, sent) in [
        (None, parameters(&token)),
        (None, parameters(&[token[0], ("client_id", "pages")])),
        (None, parameters(&[token[0], ("client_id", "service"), ("client_secret", "wrong")])),
        (Some("Basic bm9ib2R5OngK"), parameters(&token)),
    ] {
        let refused = introspect(header, &sent).await.unwrap_err();
        assert_eq!(refused.code, OAuthErrorCode::InvalidClient);
    }
    book.signs_out(&ada).await;
    assert!(!active(&for_its_audience.access_token.token).await);
}

#[tokio::test]
async fn revoking_a_token_ends_its_grant_and_no_other_clients() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let oidc = &book.services.oidc;
    let (one, other) = (book.tokens(&ada).await, book.tokens(&ada).await);
    let refused = oidc.revoke(&super::service(), &one.access_token.token).await.unwrap_err();
    assert_eq!(refused.code, OAuthErrorCode::InvalidGrant);
    oidc.revoke(&super::pages(), &one.access_token.token).await.unwrap();
    assert!(book.refresh(&one.refresh_token.unwrap()).await.is_err());
    oidc.revoke(&super::pages(), &other.refresh_token.unwrap()).await.unwrap();
    assert!(book.services.tokens.verify_for_conversations(&other.access_token.token).await.is_err());
    oidc.revoke(&super::pages(), "made-up").await.unwrap();
    assert_eq!(book.grants().await, 0);
}

#[tokio::test]
async fn an_audience_with_a_shared_secret_gets_its_own_signature() {
    let secret = "a shared secret of at least thirty-two bytes".to_owned();
    let shared = Audience {
        conversations_of: domain::ConversationsOf::Client,
        name: "chatbot".into(),
        aud: None,
        key: AudienceKey::Shared { secret: secret.into(), previous: None },
        conversations: ConversationAccess::WRITE,
    };
    let defaults = with_clients();
    let tokens = TokenSettings { audiences: vec![shared], ..defaults.tokens };
    let book = Book::with(Kind::Sqlite.migrated().await, Settings { tokens, ..with_clients() }).await;
    let ada = book.reader("ada").await;
    let code = book
        .code(&[("audience", "chatbot"), ("scope", "openid conversations:read conversations:write")], &ada)
        .await;
    let issued = book.exchange(&code).await.unwrap();
    let header = issued.access_token.token.split('.').next().unwrap().to_owned();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("HS256"), Some("at+jwt")));
    let verified = book.services.tokens.verify_for_conversations(&issued.access_token.token).await.unwrap();
    assert_eq!(verified.conversations, ConversationAccess::WRITE);
    // The ID token is signed with a published key: the service with the secret could forge any other.
    let id_token = issued.id_token.unwrap();
    assert!(
        book.services
            .oidc
            .authorize(&super::request(&[("id_token_hint", &id_token)]), Some(&ada))
            .await
            .is_ok()
    );
}
