use rstest::rstest;
use storage::{StorageError, StoredKey};
use testkit::databases::Kind;

fn key(id: &str, algorithm: &str, generation: i64) -> StoredKey {
    StoredKey {
        id: id.into(),
        algorithm: algorithm.into(),
        generation,
        public_jwk: format!("{{\"kid\":\"{id}\"}}"),
        sealed_private_key: format!("sealed {id}"),
        created_at: 1,
        signs_from: 2,
    }
}

fn ids(keys: &[StoredKey]) -> Vec<&str> {
    keys.iter().map(|key| key.id.as_str()).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_keys_at_first(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    assert!(database.signing_keys().await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn keys_come_newest_first_within_their_algorithm(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for key in [key("a", "ES256", 1), key("b", "ES256", 2), key("c", "EdDSA", 1), key("d", "ES256", 10)] {
        database.add_signing_key(&key).await.unwrap();
    }
    let keys = database.signing_keys().await.unwrap();
    let es256: Vec<_> = keys.iter().filter(|key| key.algorithm == "ES256").cloned().collect();
    assert_eq!(ids(&es256), ["d", "b", "a"]);
    assert_eq!(keys.len(), 4);
    let b = &es256[1];
    assert_eq!((b.generation, b.created_at, b.signs_from), (2, 1, 2));
    assert_eq!((b.public_jwk.as_str(), b.sealed_private_key.as_str()), ("{\"kid\":\"b\"}", "sealed b"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_that_create_the_first_key_one_wins_and_both_see_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let other = database.reopen().await;
    let (one, two) = (key("one", "ES256", 1), key("two", "ES256", 1));
    let (left, right) = tokio::join!(database.add_signing_key(&one), other.add_signing_key(&two));
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_eq!(ids(&left), ids(&right));
    assert_eq!(left.len(), 1);
    assert_eq!(ids(&database.signing_keys().await.unwrap()), ids(&left));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_id_is_never_used_twice(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    database.add_signing_key(&key("a", "ES256", 1)).await.unwrap();
    let refused = database.add_signing_key(&key("a", "ES256", 2)).await;
    assert!(matches!(refused, Err(StorageError::Fault(_))), "{refused:?}");
    assert_eq!(database.signing_keys().await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_resealed_and_a_key_deleted(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for key in [key("a", "ES256", 1), key("b", "ES256", 2)] {
        database.add_signing_key(&key).await.unwrap();
    }
    database.reseal_signing_key("a", "sealed under another secret").await.unwrap();
    let keys = database.signing_keys().await.unwrap();
    assert_eq!(keys[1].sealed_private_key, "sealed under another secret");
    assert_eq!((keys[1].public_jwk.as_str(), keys[1].signs_from), ("{\"kid\":\"a\"}", 2));
    assert_eq!(keys[0].sealed_private_key, "sealed b");
    database.remove_signing_key("a").await.unwrap();
    database.remove_signing_key("a").await.unwrap();
    assert_eq!(ids(&database.signing_keys().await.unwrap()), ["b"]);
}
