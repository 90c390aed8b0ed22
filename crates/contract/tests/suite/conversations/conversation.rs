//! Conversations and feedback.

use std::str::FromStr;

use contract::{
    Code, Timestamp,
    conversations::{
        ConversationChange, ConversationStatus, FeedbackValue, MessageStatus, NewConversation, NewFeedback,
        Order, Role, read_json,
    },
};
use serde_json::{Value, json};

use super::{fields, said};

fn new(body: Value) -> NewConversation {
    read_json(body.to_string().as_bytes()).unwrap()
}

fn change(body: Value) -> ConversationChange {
    read_json(body.to_string().as_bytes()).unwrap()
}

fn feedback(body: Value) -> NewFeedback {
    read_json(body.to_string().as_bytes()).unwrap()
}

#[test]
fn every_member_of_a_new_conversation_is_optional() {
    let checked = new(json!({})).check(100).unwrap();
    assert!(checked.id.is_none() && checked.title.is_none() && checked.metadata.is_none());
    let checked =
        new(json!({ "id": "c", "title": "  On paper \n", "metadata": { "a": 1 } })).check(100).unwrap();
    assert_eq!(checked.title.as_deref(), Some("On paper"));
    assert_eq!(checked.metadata.unwrap().as_str(), r#"{"a":1}"#);
    assert_eq!(new(json!({ "title": " " })).check(100).unwrap().title, None);
}

#[test]
fn ids_that_are_other_endpoints_are_refused() {
    for name in ["export", "import"] {
        let wrong = new(json!({ "id": name })).check(100).unwrap_err();
        assert_eq!(fields(&wrong), ["id"], "{name:?}");
        assert!(wrong.first().reason.as_ref().unwrap().to_string().contains("export and import"), "{name:?}");
    }
    assert!(new(json!({ "id": "exports" })).check(100).is_ok());
}

#[test]
fn security_36_titles_and_metadata_are_bounded() {
    assert!(new(json!({ "title": "ß".repeat(200) })).check(100).is_ok());
    let metadata = |bytes: usize| json!({ "a": "x".repeat(bytes - 8) });
    assert!(new(json!({ "metadata": metadata(100) })).check(100).is_ok());
    for (title, data) in [
        (json!("x".repeat(201)), metadata(101)),
        (json!("a\u{0}b"), json!([])),
        (json!("a\u{202e}b"), json!("{}")),
        (json!("a\nb"), json!(1)),
    ] {
        let wrong = new(json!({ "title": title, "metadata": data })).check(100).unwrap_err();
        assert_eq!(fields(&wrong), ["title", "metadata"], "{:?}", said(&wrong));
        let wrong = change(json!({ "title": title, "metadata": data })).check(100).unwrap_err();
        assert_eq!(fields(&wrong), ["title", "metadata"], "{:?}", said(&wrong));
    }
}

#[test]
fn an_empty_change_of_a_conversation_is_refused() {
    let wrong = change(json!({})).check(100).unwrap_err();
    assert_eq!((wrong.first().code, wrong.first().field.as_deref()), (Code::ValidationError, None));
    assert!(wrong.first().reason.as_ref().unwrap().to_string().contains("title, status, headId, metadata"));
    assert_eq!(change(json!({ "title": null })).check(100).unwrap().title, Some(None));
    assert_eq!(change(json!({ "title": "" })).check(100).unwrap().title, Some(None));
    let status = change(json!({ "status": "archived" })).check(100).unwrap().status;
    assert_eq!(status, Some(ConversationStatus::Archived));
    assert_eq!(change(json!({ "headId": "m" })).check(100).unwrap().head_id.unwrap().as_str(), "m");
}

#[test]
fn feedback_has_a_value_comment_and_tags() {
    let now = Timestamp::from_millis(7);
    let given =
        feedback(json!({ "value": -1, "comment": " no \n", "tags": ["wrong", "😀"] })).at(now).unwrap();
    assert_eq!((given.value, given.comment.as_deref()), (FeedbackValue::Bad, Some("no")));
    assert_eq!((given.tags, given.updated_at), (vec!["wrong".to_owned(), "😀".to_owned()], now));
    let bare = feedback(json!({ "value": 1, "comment": "  " })).at(now).unwrap();
    assert_eq!((bare.value, bare.comment, bare.tags), (FeedbackValue::Good, None, Vec::new()));
}

#[test]
fn security_36_feedback_is_bounded() {
    let now = Timestamp::from_millis(7);
    let judged = |body: Value| feedback(body).at(now).map_err(|wrong| fields(&wrong));
    assert!(
        judged(json!({ "value": 1, "comment": "é".repeat(2000), "tags": vec!["é".repeat(50); 20] })).is_ok()
    );
    for (body, field) in [
        (json!({ "value": 1, "comment": "x".repeat(2001) }), "comment"),
        (json!({ "value": 1, "comment": "a\u{0}" }), "comment"),
        (json!({ "value": 1, "tags": vec!["x"; 21] }), "tags"),
        (json!({ "value": 1, "tags": ["x".repeat(51)] }), "tags"),
        (json!({ "value": 1, "tags": [""] }), "tags"),
        (json!({ "value": 1, "tags": ["a\nb"] }), "tags"),
    ] {
        assert_eq!(judged(body.clone()).unwrap_err(), [field], "{body}");
    }
}

#[test]
fn names_and_values_of_enums_match() {
    for (role, name) in
        [(Role::System, "system"), (Role::User, "user"), (Role::Assistant, "assistant"), (Role::Tool, "tool")]
    {
        assert_eq!((role.name(), Role::from_str(name).ok()), (name, Some(role)));
        assert_eq!(serde_json::to_value(role).unwrap(), name);
    }
    for (status, name) in [
        (MessageStatus::InProgress, "in_progress"),
        (MessageStatus::Complete, "complete"),
        (MessageStatus::Incomplete, "incomplete"),
        (MessageStatus::Error, "error"),
    ] {
        assert_eq!((status.name(), MessageStatus::from_str(name).ok()), (name, Some(status)));
        assert_eq!(serde_json::to_value(status).unwrap(), name);
    }
    for (status, name) in [(ConversationStatus::Active, "active"), (ConversationStatus::Archived, "archived")]
    {
        assert_eq!(
            (status.name(), ConversationStatus::from_str(name).ok()),
            (name, Some(status)),
            "{status:?} {name:?}"
        );
        assert_eq!(serde_json::to_value(status).unwrap(), name, "{status:?} {name:?}");
    }
    for (order, name) in [(Order::Asc, "asc"), (Order::Desc, "desc")] {
        assert_eq!((order.name(), Order::from_str(name).ok()), (name, Some(order)), "{order:?} {name:?}");
    }
    for other in ["", "User", "ACTIVE", "Asc"] {
        assert!(Role::from_str(other).is_err() && MessageStatus::from_str(other).is_err(), "{other:?}");
        assert!(ConversationStatus::from_str(other).is_err() && Order::from_str(other).is_err(), "{other:?}");
    }
    assert_eq!(serde_json::to_value(FeedbackValue::Bad).unwrap(), json!(-1));
}
