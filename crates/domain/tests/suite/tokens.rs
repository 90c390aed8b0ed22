use domain::{
    Algorithm, Audience, AudienceKey, ConversationAccess, IssueError, Renewal, Settings, Signer,
    TokenSettings, VerifyError,
    contract::{Code, Problem, Problems},
};
use rstest::rstest;
use serde_json::{Map, Value, json};
use testkit::{TestSigner, databases::Kind};

use crate::{
    fixtures::book::{Book, DAY, ISSUER, settings},
    token_forgery::parts,
};

const SHARED: &str = "shared with the chatbot, 32 bytes or more";
const NEXT: &str = "the secret that came after, 32 bytes or more";

fn shared(secret: &str, previous: Option<&str>) -> AudienceKey {
    AudienceKey::Shared {
        secret: secret.to_owned().into(),
        previous: previous.map(|previous| previous.to_owned().into()),
    }
}

fn audience(name: &str, aud: Option<&str>, key: AudienceKey) -> Audience {
    Audience {
        name: name.into(),
        aud: aud.map(Into::into),
        key,
        conversations: ConversationAccess::NONE,
        conversations_of: domain::ConversationsOf::Client,
    }
}

fn with(audiences: Vec<Audience>) -> Settings {
    Settings { tokens: TokenSettings { audiences, ..settings().tokens }, ..settings() }
}

fn keys_of(claims: &Map<String, Value>) -> Vec<&str> {
    claims.keys().map(String::as_str).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_the_reader_is_and_what_was_answered(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let token = book.services.tokens.issue(&signed_in, None).unwrap();
    let (header, claims) = parts(&token);
    let kid = &book.services.tokens.jwks()["keys"][0]["kid"];
    assert_eq!(header, json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid }));
    let issued_at = 1_795_219_200 - 5;
    let expected = json!({
        "iss": ISSUER, "aud": ISSUER, "sub": signed_in.user.id, "sid": signed_in.session.id,
        "jti": claims["jti"], "iat": issued_at, "nbf": issued_at, "exp": issued_at + 900,
        "email": "ada@example.com", "email_verified": false, "name": "ada",
        "experienceLevel": "beginner", "professionalRole": "student", "roleOther": null, "organization": null,
    });
    assert_eq!(Value::Object(claims), expected);
    let verified = book.services.tokens.verify(&token).await.unwrap();
    assert_eq!(
        (verified.user.id, verified.session.id),
        (signed_in.user.id.clone(), signed_in.session.id.clone())
    );
    let same = book.services.tokens.issue(&signed_in, Some(ISSUER)).unwrap();
    assert_eq!(parts(&same).1["aud"], ISSUER);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_known_until_it_expires(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let token = book.services.tokens.issue(&book.reader("ada").await, None).unwrap();
    book.ports.clock.advance_seconds(894);
    assert!(book.services.tokens.verify(&token).await.is_ok());
    book.ports.clock.advance_seconds(1);
    let refused = book.services.tokens.verify(&token).await.unwrap_err();
    assert!(matches!(refused, VerifyError::Refused("time")), "{refused:?}");
    assert_eq!(Problems::from(refused), Problem::new(Code::InvalidToken).into());
    book.ports.clock.advance_seconds(-1000);
    assert!(
        matches!(book.services.tokens.verify(&token).await, Err(VerifyError::Refused("time"))),
        "from the future"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_token_is_unique(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let jti = || parts(&book.services.tokens.issue(&signed_in, None).unwrap()).1["jti"].clone();
    assert_ne!(jti(), jti());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refused_once_its_session_has_ended(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await, book.reader("grace").await);
    let issue = |signed_in| book.services.tokens.issue(signed_in, None).unwrap();
    let (token, other) = (issue(&ada), issue(&grace));
    book.signs_out(&ada).await;
    let refused = book.services.tokens.verify(&token).await;
    assert!(matches!(refused, Err(VerifyError::Refused("session ended"))), "{refused:?}");
    assert!(book.services.tokens.verify(&other).await.is_ok());

    book.ports.clock.advance_seconds(7 * DAY - 600);
    let late = book.services.tokens.issue(&grace, None).unwrap();
    book.ports.clock.advance_seconds(600);
    let refused = book.services.tokens.verify(&late).await;
    assert!(matches!(refused, Err(VerifyError::Refused("session ended"))), "expired: {refused:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_what_the_profile_says_now(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let change = domain::ProfileChange {
        answers: vec![("organization".into(), domain::contract::AnswerInput::Given("Press".into()))],
        ..domain::ProfileChange::default()
    };
    book.services.accounts.update_profile(&signed_in.user, &change).await.unwrap();
    let now = book.resolve(&signed_in, Renewal::Never).await.unwrap().signed_in;
    assert_eq!(parts(&book.services.tokens.issue(&now, None).unwrap()).1["organization"], "Press");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_declared_audience_is_for_that_audience_only(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let chat = audience("chat", Some("https://chat.example"), AudienceKey::Published);
    let book = Book::with(database, with(vec![chat])).await;
    let signed_in = book.reader("ada").await;
    let token = book.services.tokens.issue(&signed_in, Some("chat")).unwrap();
    let (header, claims) = parts(&token);
    assert_eq!((&header["alg"], &claims["aud"]), (&json!("ES256"), &json!("https://chat.example")));
    let refused = book.services.tokens.verify(&token).await;
    assert!(matches!(refused, Err(VerifyError::Refused("audience"))), "{refused:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_under_a_shared_secret_may_go_without_an_audience(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let named = audience("named", Some("https://named.example"), shared(NEXT, None));
    let book = Book::with(database, with(vec![audience("bare", None, shared(SHARED, None)), named])).await;
    let signed_in = book.reader("ada").await;
    for (name, secret, aud) in [("bare", SHARED, None), ("named", NEXT, Some("https://named.example"))] {
        let token = book.services.tokens.issue(&signed_in, Some(name)).unwrap();
        let (header, claims) = parts(&token);
        assert_eq!(header["alg"], "HS256", "{name:?} {secret:?} {aud:?}");
        assert_eq!(claims.get("aud").and_then(Value::as_str), aud, "{name:?} {secret:?} {aud:?}");
        let verified = book.ports.signer.verify(&token, Algorithm::Hs256, secret.as_bytes()).unwrap();
        assert_eq!(keys_of(&verified), keys_of(&claims), "{name:?} {secret:?} {aud:?}");
        assert_eq!(
            book.services.tokens.verify(&token).await.unwrap().user.id,
            signed_in.user.id,
            "{name:?} {secret:?} {aud:?}"
        );

        // The other audience's `aud`, or one where none belongs, under the right secret.
        let mut claims = claims;
        claims.insert("aud".into(), ISSUER.into());
        let forged = TestSigner::token(&header, &claims, secret.as_bytes());
        let refused = book.services.tokens.verify(&forged).await;
        assert!(matches!(refused, Err(VerifyError::Refused("audience"))), "{refused:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_secret_can_be_rotated(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, with(vec![audience("chat", None, shared(SHARED, None))])).await;
    let signed_in = book.reader("ada").await;
    let old = book.services.tokens.issue(&signed_in, Some("chat")).unwrap();

    let rotating =
        book.restarted(with(vec![audience("chat", None, shared(NEXT, Some(SHARED)))])).await.tokens;
    let new = rotating.issue(&signed_in, Some("chat")).unwrap();
    assert!(book.ports.signer.verify(&new, Algorithm::Hs256, NEXT.as_bytes()).is_ok());
    assert_ne!(parts(&old).0["kid"], parts(&new).0["kid"]);
    assert!(rotating.verify(&old).await.is_ok() && rotating.verify(&new).await.is_ok());

    let rotated = book.restarted(with(vec![audience("chat", None, shared(NEXT, None))])).await.tokens;
    assert!(matches!(rotated.verify(&old).await, Err(VerifyError::Refused("key"))));
    assert!(rotated.verify(&new).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_an_undeclared_audience_is_not_issued(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with(vec![audience("chat", None, shared(SHARED, None))])).await;
    let signed_in = book.reader("ada").await;
    for name in ["", "Chat", "chat ", "https://chat.example", "https://book.example/"] {
        let refused = book.services.tokens.issue(&signed_in, Some(name)).unwrap_err();
        assert!(matches!(refused, IssueError::UnknownAudience), "{name:?}: {refused:?}");
        assert_eq!(
            Problems::from(refused),
            Problem::on(Code::UnknownAudience, "audience").into(),
            "{name:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_key_set_holds_no_private_member_and_no_shared_secret(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with(vec![audience("chat", None, shared(SHARED, Some(NEXT)))])).await;
    let jwks = book.services.tokens.jwks();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    for key in keys {
        let names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["kty", "x", "kid", "use", "alg"],
            "what the signer calls public, and our own three"
        );
        assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("ES256")), "{key:?}");
    }
    let text = jwks.to_string();
    assert!(!text.contains(SHARED) && !text.contains(NEXT));
}
