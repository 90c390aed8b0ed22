//! Forged tokens, and tokens for other purposes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Audience, AudienceKey, ConversationAccess, Settings, TokenSettings, VerifiedToken, VerifyError,
};
use rstest::rstest;
use serde_json::{Map, Value, json};
use testkit::{TestSigner, databases::Kind};

use crate::fixtures::book::{Book, ISSUER, settings};

/// Header and claims of a token, unverified.
pub(crate) fn parts(token: &str) -> (Value, Map<String, Value>) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let header = serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (header, serde_json::from_slice(&parts.next().unwrap()).unwrap())
}

/// A genuine token in its parts, and what signs under the published key.
struct Genuine {
    book: Book,
    header: Value,
    claims: Map<String, Value>,
    key: Vec<u8>,
}

impl Genuine {
    async fn of(book: Book) -> Self {
        let token = book.services.tokens.issue(&book.reader("ada").await, None).unwrap();
        let (header, claims) = parts(&token);
        let key = TestSigner::key_of(&book.services.tokens.jwks()["keys"][0]).unwrap();
        let genuine = Self { book, header, claims, key };
        let again = TestSigner::token(&genuine.header, &genuine.claims, &genuine.key);
        assert_eq!(genuine.verdict(&again).await, None, "what is forged below would be accepted unchanged");
        genuine
    }

    /// Why a token is refused.
    async fn verdict(&self, token: &str) -> Option<&'static str> {
        let tokens = &self.book.services.tokens;
        let verdict = match tokens.verify(token).await {
            Ok(_) => None,
            Err(VerifyError::Refused(why)) => Some(why),
            Err(other) => panic!("{other:?}"),
        };
        let refused =
            |outcome: Result<VerifiedToken, VerifyError>| outcome.map_or(true, |token| token.expired);
        let elsewhere =
            [tokens.verify_for_conversations(token).await, tokens.verify_for_profile(token).await]
                .map(refused);
        assert_eq!(elsewhere, [verdict.is_some(); 2], "{token:.60}: one verdict for every use");
        verdict
    }
}

/// The object with one member set, or taken away when `value` is nothing.
fn changed(object: &Map<String, Value>, name: &str, value: Option<Value>) -> Map<String, Value> {
    let mut changed = object.clone();
    match value {
        Some(value) => drop(changed.insert(name.into(), value)),
        None => drop(changed.remove(name)),
    }
    changed
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_unexpected_claims_are_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    // A token is issued five seconds in the past.
    let now = genuine.claims["iat"].as_i64().unwrap() + 5;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (name, value, why) in [
        ("iss", None, "issuer"),
        ("iss", Some(json!("https://book.example/")), "issuer"),
        ("iss", Some(json!([ISSUER])), "issuer"),
        ("aud", None, "audience"),
        ("aud", Some(json!("https://other.example")), "audience"),
        ("aud", Some(json!([ISSUER, "https://other.example"])), "audience"),
        ("exp", None, "time"),
        ("exp", Some(json!(now)), "time"),
        ("exp", Some(json!((now + 900).to_string())), "time"),
        ("exp", Some(json!(1e300)), "time"),
        ("iat", None, "time"),
        ("iat", Some(json!(now + 31)), "time"),
        ("nbf", Some(json!(now + 31)), "time"),
        ("nbf", Some(json!("soon")), "time"),
        ("sid", None, "session"),
        ("sid", Some(json!("not a handle")), "session"),
        ("sid", Some(json!(nobody)), "session ended"),
        ("sub", None, "subject"),
        ("sub", Some(json!(nobody)), "subject"),
    ] {
        let claims = changed(&genuine.claims, name, value);
        let token = TestSigner::token(&genuine.header, &claims, &genuine.key);
        assert_eq!(genuine.verdict(&token).await, Some(why), "{name}: {:?}", claims.get(name));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_unexpected_headers_are_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    for (name, value, why) in [
        ("typ", None, "kind"),
        ("typ", Some(json!("JWT")), "kind"),
        ("typ", Some(json!("id_token+jwt")), "kind"),
        ("crit", Some(json!(["exp"])), "kind"),
        ("crit", Some(json!([])), "kind"),
        ("kid", None, "key"),
        ("kid", Some(json!("")), "key"),
        ("kid", Some(json!("00000000-0000-4000-8000-000000000000")), "key"),
        ("kid", Some(json!(1)), "key"),
        ("alg", None, "signature"),
        ("alg", Some(json!("none")), "signature"),
        ("alg", Some(json!("HS256")), "signature"),
        ("alg", Some(json!("RS256")), "signature"),
    ] {
        let header = changed(genuine.header.as_object().unwrap(), name, value);
        let token = TestSigner::token(&Value::Object(header), &genuine.claims, &genuine.key);
        assert_eq!(genuine.verdict(&token).await, Some(why), "{name}: {token}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_keys_in_the_header_are_ignored(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    let own = b"a key of the attacker's".to_vec();
    let jwk = json!({ "kty": "TEST", "x": URL_SAFE_NO_PAD.encode(&own), "kid": genuine.header["kid"] });
    for (name, value) in
        [("jwk", jwk), ("jku", json!("https://evil.example/jwks")), ("x5u", json!("https://evil.example"))]
    {
        let header = Value::Object(changed(genuine.header.as_object().unwrap(), name, Some(value)));
        let forged = TestSigner::token(&header, &genuine.claims, &own);
        assert_eq!(genuine.verdict(&forged).await, Some("signature"), "{name}");
    }
}

/// The classic confusion: HMAC under the bytes of a key everybody can read.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_public_key_is_not_accepted_as_hmac_secret(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    let jwk = genuine.book.services.tokens.jwks()["keys"][0].clone();
    for (alg, key) in ["HS256", "ES256"].into_iter().flat_map(|alg| {
        [(alg, jwk.to_string().into_bytes()), (alg, jwk["x"].as_str().unwrap().as_bytes().to_vec())]
    }) {
        let header = Value::Object(changed(genuine.header.as_object().unwrap(), "alg", Some(json!(alg))));
        let forged = TestSigner::token(&header, &genuine.claims, &key);
        assert_eq!(genuine.verdict(&forged).await, Some("signature"), "{alg}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_token_is_verified_only_with_the_key_of_its_kid(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let secret = "shared with the chatbot, 32 bytes or more";
    let key = AudienceKey::Shared { secret: secret.to_owned().into(), previous: None };
    let chat = Audience {
        name: "chat".into(),
        aud: None,
        key,
        conversations: ConversationAccess::NONE,
        conversations_of: domain::ConversationsOf::Client,
    };
    let tokens = TokenSettings { audiences: vec![chat], ..settings().tokens };
    let genuine = Genuine::of(Book::with(database, Settings { tokens, ..settings() }).await).await;
    let signed_in = genuine.book.reader("grace").await;
    let (shared, claims) = parts(&genuine.book.services.tokens.issue(&signed_in, Some("chat")).unwrap());
    // The service that holds the shared secret signs in the name of the published key, and the other way round.
    let upwards = TestSigner::token(&genuine.header, &genuine.claims, secret.as_bytes());
    let downwards = TestSigner::token(&shared, &claims, &genuine.key);
    for forged in [upwards, downwards] {
        assert_eq!(genuine.verdict(&forged).await, Some("signature"), "{forged:?}");
    }
    let for_us = TestSigner::token(&shared, &genuine.claims, secret.as_bytes());
    assert_eq!(genuine.verdict(&for_us).await, Some("audience"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_malformed_tokens_are_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    let token = TestSigner::token(&genuine.header, &genuine.claims, &genuine.key);
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for junk in [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        "Bearer x".into(),
        "\0\u{1F511}".into(),
        format!("{}.{}.", part("null"), part("{}")),
        format!("{}.{}.", part("[]"), part("{}")),
        format!("{}.{}.x", part("\u{1F511}"), part("{}")),
        format!(" {token}"),
        format!("{token}{}", ".x".repeat(5000)),
        "a".repeat(100_000),
    ] {
        assert_eq!(genuine.verdict(&junk).await, Some("form"), "{junk:.60}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_changed_token_is_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    let token = TestSigner::token(&genuine.header, &genuine.claims, &genuine.key);
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(genuine.verdict(&changed).await.is_some(), "changed at {at}");
        assert!(genuine.verdict(&token[..at]).await.is_some(), "cut to {at}");
    }
    assert!(genuine.verdict(&format!("{token}.")).await.is_some());
    assert!(genuine.verdict(&format!("{token} ")).await.is_some());
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    assert!(genuine.verdict(&format!("{unsigned}.")).await.is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_issuer_under_the_same_keys_is_refused(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let genuine = Genuine::of(Book::open(database).await).await;
    let tokens = TokenSettings { issuer: "https://moved.example".into(), ..settings().tokens };
    let moved = genuine.book.restarted(Settings { tokens, ..settings() }).await;
    let signed_in = genuine.book.reader("grace").await;
    let token = moved.tokens.issue(&signed_in, None).unwrap();
    assert!(moved.tokens.verify(&token).await.is_ok());
    assert!(genuine.verdict(&token).await.is_some());
    let claims = changed(&parts(&token).1, "aud", Some(json!(ISSUER)));
    let with_our_audience = TestSigner::token(&genuine.header, &claims, &genuine.key);
    assert_eq!(genuine.verdict(&with_our_audience).await, Some("issuer"));
}
