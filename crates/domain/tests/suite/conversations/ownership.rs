//! Security 35: every operation checks who owns the conversation.

use domain::{
    ConversationError, Conversations, PageAnchor, Principal,
    contract::{
        Code,
        conversations::{NewFeedback, Order, read_json},
    },
};
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{Talk, by, change, changed, code, first, said, subscriber};

/// Everything that can be done with a conversation.
const EVERYTHING: [&str; 13] = [
    "find",
    "messages",
    "messages desc",
    "branch",
    "message",
    "watch",
    "append",
    "append late",
    "update",
    "update message",
    "set feedback",
    "clear feedback",
    "delete",
];

async fn does(
    service: &Conversations,
    what: &str,
    user_id: &str,
    id: &str,
    message: &str,
) -> Result<(), ConversationError> {
    let feedback = || read_json::<NewFeedback>(br#"{"value":1}"#).unwrap();
    let late = Principal { expired: true, ..by(user_id) };
    match what {
        "find" => service.find(Principal::reader(user_id), id).await.map(drop),
        "messages" => service.messages(Principal::reader(user_id), id, Order::Asc, first(9)).await.map(drop),
        "messages desc" => {
            service.messages(Principal::reader(user_id), id, Order::Desc, first(9)).await.map(drop)
        }
        "branch" => {
            service.branch_page(Principal::reader(user_id), id, None, PageAnchor::End, 9).await.map(drop)
        }
        "message" => service.message(Principal::reader(user_id), id, message).await.map(drop),
        "watch" => service.subscribe(subscriber(user_id), id, Some(0)).await.map(drop),
        "append" => {
            service.append(by(user_id), id, vec![said("x")], Some(super::keyed("key", "x"))).await.map(drop)
        }
        "append late" => match service.append(late, id, vec![said("x")], None).await {
            // With a token that has expired nothing is said about any conversation, one's own included.
            Err(ConversationError::TokenExpired | ConversationError::ConversationNotFound) => {
                service.find(Principal::reader(user_id), id).await.map(drop)
            }
            outcome => panic!("{outcome:?}"),
        },
        "update" => {
            service.update(Principal::reader(user_id), id, changed(json!({ "title": "x" }))).await.map(drop)
        }
        "update message" => {
            let finished = change(json!({ "status": "complete" }));
            service.update_message(late, id, message, finished).await.map(drop)
        }
        "set feedback" => {
            service.set_feedback(Principal::reader(user_id), id, message, feedback()).await.map(drop)
        }
        "clear feedback" => service.clear_feedback(Principal::reader(user_id), id, message).await.map(drop),
        "delete" => service.delete(Principal::reader(user_id), id).await,
        "restore" => service.restore(Principal::reader(user_id), id).await.map(drop),
        other => panic!("{other}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_conversation_of_another_user_answers_like_an_unknown_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.appends("c", &[json!({ "id": "m", "role": "assistant", "content": "x", "status": "in_progress" })])
        .await;
    talk.creates(&talk.grace, "g").await;
    let rows = talk.book.database.rows().await;
    let service = talk.service();
    for what in EVERYTHING.into_iter().chain(["restore"]) {
        let mut answers = Vec::new();
        for id in ["c", "never", "", "C", "c ", "c\0", "%63", "a/../c", "g\n", "'", "\u{202e}"] {
            answers.push(super::told(does(service, what, &talk.grace, id, "m").await));
        }
        assert_eq!(answers[0].first().code, Code::ConversationNotFound, "{what}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{what}: {answers:?}");
    }
    assert_eq!(talk.book.database.rows().await, rows, "nothing has changed");
    // And all of it works for the reader whose it is, or the table above would say nothing.
    for what in EVERYTHING {
        does(service, what, &talk.ada, "c", "m").await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    let deleted = super::told(service.find(Principal::reader(&talk.ada), "c").await);
    assert_eq!(
        deleted,
        super::told(service.find(Principal::reader(&talk.grace), "c").await),
        "as one that was deleted"
    );
    assert_eq!(code(does(service, "restore", &talk.grace, "c", "m").await).0, Code::ConversationNotFound);
    does(service, "restore", &talk.ada, "c", "m").await.unwrap();
    let grace_s = does(service, "message", &talk.grace, "g", "m").await;
    assert_eq!(code(grace_s).0, Code::MessageNotFound, "another conversation's message");
    for id in ["", "m\0", "M"] {
        assert_eq!(
            code(does(service, "message", &talk.ada, "c", id).await).0,
            Code::MessageNotFound,
            "{id:?}"
        );
        assert_eq!(
            code(does(service, "set feedback", &talk.ada, "c", id).await).0,
            Code::MessageNotFound,
            "{id:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_lists_and_searches_return_the_users_own(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper").await;
    assert_eq!(talk.list(&talk.ada).await, ["c"]);
    assert_eq!(talk.list(&talk.grace).await, Vec::<String>::new());
    for (user_id, hits) in [(&talk.ada, 1), (&talk.grace, 0)] {
        let page = talk.service().search(Principal::reader(user_id), "paper", first(9)).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor), (hits, None), "{user_id:?} {hits:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_several_users_may_use_one_id(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.creates(&talk.grace, "c").await;
    talk.says("c", "m", "of ada").await;
    let service = talk.service();
    let of_grace = vec![super::new(json!({ "id": "m", "role": "assistant", "content": "of grace" }))];
    let (appended, is_new) = service.append(by(&talk.grace), "c", of_grace, None).await.unwrap();
    assert!(is_new);
    assert_eq!(super::words(&appended.messages[0]), "of grace");
    assert_eq!(
        super::words(&service.message(Principal::reader(&talk.ada), "c", "m").await.unwrap()),
        "of ada"
    );
    service.delete(Principal::reader(&talk.grace), "c").await.unwrap();
    assert_eq!(talk.messages("c").await.len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_deleted_user_finds_and_creates_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper").await;
    assert!(talk.book.database.delete_user(&talk.ada, &record(&talk)).await.unwrap());
    let service = talk.service();
    assert_eq!(
        code(service.create(Principal::reader(&talk.ada), super::named("d"), None).await).0,
        Code::Unauthorized
    );
    for what in EVERYTHING {
        let outcome = does(service, what, &talk.ada, "c", "m").await;
        assert_eq!(code(outcome).0, Code::ConversationNotFound, "{what}");
    }
    for table in ["bookplate_conversations", "bookplate_messages", "bookplate_idempotency"] {
        assert_eq!(talk.book.count(table).await, 0, "{table}");
    }
}

fn record(talk: &Talk) -> storage::AuditRecord {
    let event = domain::AuditEvent {
        id: "event".into(),
        at: domain::Clock::now(&*talk.book.ports.clock),
        kind: "deletion".into(),
        outcome: "done".into(),
        user_id: Some(talk.ada.clone()),
        ip_address: None,
        user_agent: None,
    };
    storage::AuditRecord { event, mails: Vec::new() }
}
