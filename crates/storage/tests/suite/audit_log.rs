//! What happened, and to whom.

use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::{NOW, count, device, record, signed_up, trace_at, trace_of};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_user_are_listed_the_latest_first(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    for (seconds, reader) in [(2, "reader-1"), (1, "reader-2"), (3, "reader-1"), (0, "reader-1")] {
        let mut record = trace_of(reader);
        record.event.at = NOW.plus_seconds(seconds);
        record.event.outcome = format!("after {seconds}");
        database.record(&record).await.unwrap();
    }
    database.record(&trace_at(NOW)).await.unwrap();
    let events = database.events_of("reader-1", 2).await.unwrap();
    let outcomes: Vec<&str> = events.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(outcomes, ["after 3", "after 2"]);
    let latest = &events[0];
    assert_eq!((latest.kind.as_str(), latest.at), ("test", NOW.plus_seconds(3)));
    assert_eq!(latest.user_id.as_deref(), Some("reader-1"));
    assert_eq!(latest.ip_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(latest.user_agent.as_deref(), Some("Browser/1.0"));
    assert_eq!(database.events_of("reader-1", 50).await.unwrap().len(), 3);
    assert!(database.events_of("nobody", 50).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_deleted_user_stay_anonymous(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    for reader in ["reader-1", "reader-2", "reader-1"] {
        database.record(&trace_of(reader)).await.unwrap();
    }
    let before = count(&database, "bookplate_events").await;
    assert!(!database.delete_user("reader-7", &record()).await.unwrap());
    assert_eq!(count(&database, "bookplate_events").await, before, "nobody was deleted");
    assert!(database.delete_user("reader-1", &record()).await.unwrap());
    assert_eq!(count(&database, "bookplate_events").await, before + 1);
    let nameless = "select count(*) from bookplate_events
        where kind = 'test' and user_id is null and ip_address is null and user_agent is null";
    assert_eq!(database.number(nameless).await, before, "all but that of the other reader, and the new one");
    assert_eq!(database.events_of("reader-2", 9).await.unwrap()[0].ip_address.as_deref(), Some("192.0.2.7"));
    assert!(!database.delete_user("reader-1", &record()).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_stored_once_for_each_user(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let sign_in = async |number: u32, seconds: u32, agent: &str| {
        let mut seen = device(7);
        seen.user_agent = agent.into();
        (seen.first_seen_at, seen.last_seen_at) =
            (NOW.plus_seconds(seconds.into()), NOW.plus_seconds(seconds.into()));
        let session = crate::fixtures::session(&format!("reader-{number}"), 10 * number + seconds);
        let opening = storage::NewSession { session: &session, replaced: None, device: Some(&seen) };
        let opened = database.open_session(&opening, &crate::fixtures::hash(number), None, &record()).await;
        assert!(opened.unwrap());
    };
    sign_in(1, 1, "Browser/1.0").await;
    sign_in(1, 2, "Browser/2.0").await;
    sign_in(2, 3, "Browser/2.0").await;
    let devices = database.devices_of("reader-1").await.unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!((devices[0].id.as_str(), devices[0].user_agent.as_str()), ("device-7", "Browser/2.0"));
    assert_eq!(
        (devices[0].first_seen_at, devices[0].last_seen_at),
        (NOW.plus_seconds(1), NOW.plus_seconds(2))
    );
    assert_eq!(database.devices_of("reader-2").await.unwrap().len(), 1);
    let knows =
        async |email, id| database.find_credentials(email, Some(id)).await.unwrap().unwrap().device_known;
    assert!(knows("reader1@example.com", "device-7").await);
    assert!(!knows("reader1@example.com", "device-8").await);
    assert!(!database.find_credentials("reader1@example.com", None).await.unwrap().unwrap().device_known);
    database.arrange("delete from bookplate_devices where user_id = 'reader-1'").await;
    assert!(!knows("reader1@example.com", "device-7").await, "known to the other reader only");
}
