//! Generation and publication of signing keys.

use rstest::rstest;
use std::sync::Arc;

use domain::{Algorithm, Database, Secret, Services, Settings, TokenSettings};
use serde_json::Value;
use testkit::{TestPorts, databases::Kind};

use crate::{
    fixtures::book::{Book, settings},
    token_forgery::parts,
};

fn kids(jwks: &Value) -> Vec<String> {
    let mut kids: Vec<String> =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

fn signed_by(token: &str) -> String {
    parts(token).0["kid"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_key_is_generated_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let token = book.services.tokens.issue(&signed_in, None).unwrap();
    let later = book.restarted(settings()).await.tokens;
    assert_eq!(later.jwks(), book.services.tokens.jwks());
    assert_eq!(signed_by(&later.issue(&signed_in, None).unwrap()), signed_by(&token));
    assert!(later.verify(&token).await.is_ok());
    assert_eq!(book.count("bookplate_signing_keys").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn processes_started_together_share_the_signing_key(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let start = async |seed| {
        let ports = TestPorts::seeded(seed).ports();
        Services::open(Database::clone(&database), ports, settings()).await.unwrap()
    };
    let (one, other, third) = tokio::join!(start(1), start(2), start(3));
    assert_eq!(one.tokens.jwks(), other.tokens.jwks());
    assert_eq!(one.tokens.jwks(), third.tokens.jwks());
    assert_eq!(kids(&one.tokens.jwks()).len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn changed_secret_generates_a_new_key_and_keeps_the_old_one_published(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let old = book.services.tokens.issue(&signed_in, None).unwrap();
    let changed = || {
        let secret = Arc::new(Secret::new("another secret of thirty-two characters".into()));
        Settings { secret, ..settings() }
    };
    let later = book.restarted(changed()).await;
    let new = later.tokens.issue(&signed_in, None).unwrap();
    assert_ne!(signed_by(&new), signed_by(&old));
    let mut both = vec![signed_by(&old), signed_by(&new)];
    both.sort();
    assert_eq!(kids(&later.tokens.jwks()), both);
    assert!(later.tokens.verify(&new).await.is_ok());
    assert!(later.tokens.verify(&old).await.is_ok(), "known until it expires");
    let cookie = book.services.sessions.cookie_value(&signed_in.session.id);
    assert!(later.sessions.read_cookie(&cookie).is_none(), "cookies of the old secret are not");

    let once_more = book.restarted(changed()).await.tokens;
    assert_eq!(kids(&once_more.jwks()), both, "no third key");
    assert_eq!(signed_by(&once_more.issue(&signed_in, None).unwrap()), signed_by(&new));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn another_algorithm_has_keys_of_its_own_and_the_others_stay_published(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let with =
        |algorithm| Settings { tokens: TokenSettings { algorithm, ..settings().tokens }, ..settings() };
    let first = book.services.tokens.issue(&signed_in, None).unwrap();
    for (algorithm, name, keys) in [(Algorithm::EdDsa, "EdDSA", 2), (Algorithm::Rs256, "RS256", 3)] {
        let tokens = book.restarted(with(algorithm)).await.tokens;
        assert_eq!(kids(&tokens.jwks()).len(), keys, "{algorithm:?} {name:?} {keys:?}");
        let token = tokens.issue(&signed_in, None).unwrap();
        assert_eq!(parts(&token).0["alg"], name, "{algorithm:?} {name:?} {keys:?}");
        assert!(
            tokens.verify(&token).await.is_ok() && tokens.verify(&first).await.is_ok(),
            "{algorithm:?} {name:?} {keys:?}"
        );
    }
    let back = book.restarted(settings()).await.tokens;
    assert_eq!(signed_by(&back.issue(&signed_in, None).unwrap()), signed_by(&first));
    let algorithms: Vec<Value> =
        back.jwks()["keys"].as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
    assert!(["ES256", "EdDSA", "RS256"].iter().all(|name| algorithms.contains(&Value::from(*name))));
}
