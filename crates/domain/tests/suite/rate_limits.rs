//! Rate limits.

use domain::{
    Database, LimitError, LimitSettings, Quota, Rule, Services, Settings,
    contract::{Code, Problem},
};
use rstest::rstest;
use testkit::{TestPorts, databases::Kind};

use crate::fixtures::book::{Book, settings};

fn all(count: u32, seconds: u32) -> Settings {
    let quota = Some(Quota { count, seconds });
    let limits = LimitSettings {
        sign_in: quota,
        sign_up: quota,
        mail: quota,
        password_attempts: quota,
        recipient: quota,
        requests: quota,
        conversations: quota,
    };
    Settings { limits, ..settings() }
}

/// Seconds to wait; nothing when the try was allowed.
fn wait(outcome: Result<(), LimitError>) -> Option<u32> {
    match outcome {
        Ok(()) => None,
        Err(LimitError::Exceeded { retry_after }) => Some(retry_after),
        Err(LimitError::Failure(failure)) => panic!("{failure}"),
    }
}

const RULES: [Rule; 6] = [
    Rule::SignIn,
    Rule::SignUp,
    Rule::ChangePassword,
    Rule::ChangeEmail,
    Rule::RequestPasswordReset,
    Rule::SendVerification,
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_requests_above_the_quota_are_refused_until_the_window_is_over(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, all(5, 60)).await;
    let check = async |rule| wait(book.services.limits.check(rule, "192.0.2.7").await);
    for rule in RULES {
        for _ in 0..5 {
            assert_eq!(check(rule).await, None, "{rule:?}");
        }
        assert_eq!(check(rule).await, Some(60), "{rule:?}: each has a count of its own");
    }
    book.ports.clock.advance_seconds(59);
    assert_eq!(check(Rule::SignIn).await, Some(1));
    book.ports.clock.advance_seconds(1);
    for _ in 0..5 {
        assert_eq!(check(Rule::SignIn).await, None);
    }
    let refused = book.services.limits.check(Rule::SignIn, "192.0.2.7").await.unwrap_err();
    assert_eq!(Problem::from(refused), Problem::retry_in(Code::TooManyRequests, 60));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_one_client_s_limit_does_not_hit_others(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, all(1, 60)).await;
    let check = async |client: &str| wait(book.services.limits.check(Rule::SignIn, client).await);
    assert_eq!((check("192.0.2.7").await, check("192.0.2.7").await), (None, Some(60)));
    for other in ["192.0.2.8", "2001:db8::/64", "192.0.2.77", ""] {
        assert_eq!(check(other).await, None, "{other:?}");
        assert_eq!(
            wait(book.services.limits.check_request(Rule::Requests, other, "/get-session")),
            None,
            "{other:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn several_instances_count_together(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, all(3, 60)).await;
    let database = Database::clone(&book.database);
    let ports = TestPorts { clock: book.ports.clock.clone(), ..TestPorts::seeded(2) };
    let other = Services::open(database, ports.ports(), all(3, 60)).await.unwrap();
    for services in [&book.services, &other, &book.services] {
        assert_eq!(wait(services.limits.check(Rule::SignIn, "192.0.2.7").await), None);
    }
    for services in [&book.services, &other] {
        assert_eq!(wait(services.limits.check(Rule::SignIn, "192.0.2.7").await), Some(60));
    }
    let restarted = book.restarted(all(3, 60)).await;
    assert_eq!(wait(restarted.limits.check(Rule::SignIn, "192.0.2.7").await), Some(60));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_table_has_no_ip_or_email_addresses(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    for subject in ["192.0.2.7", "ada@example.com"] {
        book.services.limits.check(Rule::SignIn, subject).await.unwrap();
        assert!(book.database.rows_holding(subject).await.is_empty(), "{subject}");
    }
    assert_eq!(book.count("bookplate_limits").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_without_a_limit(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let limits = LimitSettings {
        sign_in: None,
        sign_up: None,
        mail: None,
        password_attempts: None,
        recipient: None,
        requests: None,
        conversations: None,
    };
    let book = Book::with(database, Settings { limits, ..settings() }).await;
    for rule in RULES {
        for _ in 0..50 {
            assert_eq!(wait(book.services.limits.check(rule, "192.0.2.7").await), None);
            assert_eq!(wait(book.services.limits.check_request(Rule::Requests, "192.0.2.7", "/")), None);
        }
    }
    assert_eq!(book.count("bookplate_limits").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_for_each_path_in_memory(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, all(2, 10)).await;
    let request =
        |client: &str, path: &str| wait(book.services.limits.check_request(Rule::Requests, client, path));
    for path in ["/get-session", "/ok"] {
        assert_eq!([1, 2, 3].map(|_| request("192.0.2.7", path)), [None, None, Some(10)], "{path}");
    }
    assert_eq!(request("192.0.2.8", "/ok"), None);
    assert_eq!(book.count("bookplate_limits").await, 0, "no write for a read");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_requests_is_anchored_at_the_last_one_that_was_allowed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, all(2, 10)).await;
    let request = || wait(book.services.limits.check_request(Rule::Requests, "192.0.2.7", "/"));
    assert_eq!(request(), None);
    book.ports.clock.advance_seconds(6);
    assert_eq!(request(), None);
    book.ports.clock.advance_seconds(6);
    assert_eq!([request(), request()], [Some(4); 2], "refused ones make it no longer");
    book.ports.clock.advance_seconds(4);
    assert_eq!([request(), request(), request()], [None, None, Some(10)]);
}
