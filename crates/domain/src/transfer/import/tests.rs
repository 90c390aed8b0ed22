//! Parsers on files of any content, without a database.

use std::collections::HashSet;

use proptest::{collection, prelude::*, sample::select};
use serde_json::{Value, json, value::RawValue};

use contract::Timestamp;

use super::{parsed::ParsedConversation, *};
use crate::ConversationLimits;

const NOW: Timestamp = Timestamp::from_millis(1_795_219_200_000);

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn parse(value: &Value) -> Result<ParsedConversation, Rejection> {
    chatgpt::parse(&raw(value), &ConversationLimits::default(), NOW)
}

/// A conversation of nodes, each `(name, parent, message)`.
fn tree(nodes: Vec<(String, Value, Value)>) -> Value {
    let mapping: serde_json::Map<String, Value> = nodes
        .into_iter()
        .map(|(id, parent, message)| {
            (id.clone(), json!({ "id": id, "parent": parent, "children": [], "message": message }))
        })
        .collect();
    json!({ "conversation_id": "tree", "mapping": mapping })
}

fn says(content: &Value) -> Value {
    json!({ "author": { "role": "assistant" }, "content": content, "metadata": {} })
}

fn parts(content: &Value) -> Vec<Value> {
    let found = parse(&tree(vec![("n".into(), Value::Null, says(content))])).unwrap();
    let message = found.messages.into_iter().next();
    message
        .map_or_else(Vec::new, |it| it.new.parts.unwrap().iter().map(|part| part.read().unwrap()).collect())
}

#[test]
fn every_kind_of_content_becomes_parts() {
    let text = |words: &str| json!([{ "type": "text", "text": words }]);
    let cases = [
        (json!({ "content_type": "text", "parts": ["Hello", ""] }), text("Hello")),
        (json!({ "content_type": "text", "parts": [""] }), json!([])),
        (
            json!({ "content_type": "code", "language": "rust", "text": "let a = `b`;" }),
            text("```rust\nlet a = `b`;\n```"),
        ),
        (json!({ "content_type": "code", "language": "unknown", "text": "```" }), text("````\n```\n````")),
        (json!({ "content_type": "code", "language": "a\n## b", "text": "x" }), text("```\nx\n```")),
        (json!({ "content_type": "execution_output", "text": "42" }), text("```text\n42\n```")),
        (
            json!({ "content_type": "thoughts", "thoughts": [{ "summary": "Look", "content": "I look." }, {}] }),
            json!([{ "type": "reasoning", "text": "Look\n\nI look." }]),
        ),
        (
            json!({ "content_type": "reasoning_recap", "content": "Thought for 7 seconds" }),
            json!([{ "type": "reasoning", "text": "Thought for 7 seconds" }]),
        ),
        (
            json!({ "content_type": "tether_quote", "url": "https://e.org/", "domain": "e.org", "title": "E", "text": "q" }),
            json!([{ "type": "source", "sourceId": "n", "kind": "url", "url": "https://e.org/", "title": "E", "chunk": "q" }]),
        ),
        (
            json!({ "content_type": "tether_browsing_display", "result": "# Found", "summary": "" }),
            text("# Found"),
        ),
        (json!({ "content_type": "tether_browsing_display", "result": "", "summary": null }), json!([])),
        (
            json!({ "content_type": "system_error", "name": "Timeout", "text": "Too slow" }),
            text("Timeout: Too slow"),
        ),
        (
            json!({ "content_type": "multimodal_text", "parts": [
                { "content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "width": 2 },
                "What is it?", { "content_type": "audio_transcription", "text": "spoken" }, null,
            ] }),
            json!([
                { "type": "data-asset", "asset":
                    { "content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "width": 2 } },
                { "type": "text", "text": "What is it?" }, { "type": "text", "text": "spoken" },
            ]),
        ),
        (
            json!({ "content_type": "user_editable_context", "user_profile": "p" }),
            json!([{ "type": "data-chatgpt", "content":
                { "content_type": "user_editable_context", "user_profile": "p" } }]),
        ),
        (json!("odd"), json!([{ "type": "data-chatgpt", "content": "odd" }])),
        (json!(["text"]), json!([{ "type": "data-chatgpt", "content": ["text"] }])),
        (json!(null), json!([])),
    ];
    for (content, wanted) in cases {
        assert_eq!(Value::from(parts(&content)), wanted, "{content}");
    }
}

/// A message as ChatGPT writes it, with this role, recipient, content and metadata.
fn message(role: &str, recipient: &str, content: &Value, metadata: &Value) -> Value {
    json!({
        "author": { "role": role, "name": if role == "tool" { json!("web") } else { json!(null) } },
        "recipient": recipient, "content": content, "metadata": metadata,
    })
}

#[test]
fn a_message_to_a_tool_is_a_call_and_the_tools_reply_its_result() {
    let text = |words: &str| json!({ "content_type": "text", "parts": [words] });
    let code = json!({ "content_type": "code", "language": "unknown",
        "text": r#"{"query":"rye \ue200cite\ue202turn0search0\ue201"}"# });
    let quote = json!({ "content_type": "tether_quote", "url": "https://e.org/", "title": "E", "text": "q" });
    let failed = json!({ "content_type": "system_error", "name": "Timeout", "text": "Too slow" });
    let mut value = tree(vec![
        ("q".into(), json!(null), message("user", "all", &text("Search"), &json!({}))),
        ("call".into(), json!("q"), message("assistant", "web", &code, &json!({}))),
        (
            "thought".into(),
            json!("call"),
            message("assistant", "all", &json!({ "content_type": "thoughts", "thoughts": [] }), &json!({})),
        ),
        (
            "reply".into(),
            json!("thought"),
            message("tool", "all", &text("L1: \u{e200}cite\u{e202}turn0search0\u{e201}rye"), &json!({})),
        ),
        ("quote".into(), json!("reply"), message("tool", "assistant", &quote, &json!({}))),
        (
            "python".into(),
            json!("quote"),
            message(
                "assistant",
                "python",
                &json!({ "content_type": "code", "text": "1 + 1" }),
                &json!({ "model_slug": "o3" }),
            ),
        ),
        ("failed".into(), json!("python"), message("tool", "all", &failed, &json!({}))),
        ("answer".into(), json!("failed"), message("assistant", "all", &text("Rye."), &json!({}))),
        (
            "alone".into(),
            json!("nobody"),
            message("tool", "all", &json!({ "content_type": "execution_output", "text": "42" }), &json!({})),
        ),
    ]);
    value["default_model_slug"] = json!("gpt-5");
    let found = parse(&value).unwrap();
    let parts = |id: &str| {
        let message = found.messages.iter().find(|it| it.new.id.as_ref().unwrap().as_str() == id).unwrap();
        let parts: Vec<Value> = message.new.parts.iter().flatten().map(|part| part.read().unwrap()).collect();
        (Value::from(parts), message.new.model.clone())
    };
    let gpt = Some("gpt-5".to_owned());
    assert_eq!(
        parts("call"),
        (
            json!([{ "type": "tool-call", "toolCallId": "call", "toolName": "web",
        "input": { "query": "rye " } }]),
            gpt.clone()
        )
    );
    assert_eq!(
        parts("reply"),
        (
            json!([{ "type": "tool-result", "toolCallId": "call", "toolName": "web",
        "output": "L1: rye" }]),
            None
        )
    );
    assert_eq!(
        parts("quote").0,
        json!([{ "type": "tool-result", "toolCallId": "call", "toolName": "web" },
        { "type": "source", "sourceId": "quote", "kind": "url", "url": "https://e.org/", "title": "E", "chunk": "q" }])
    );
    assert_eq!(
        parts("python"),
        (
            json!([{ "type": "tool-call", "toolCallId": "python", "toolName": "python",
        "input": "1 + 1" }]),
            Some("o3".to_owned())
        )
    );
    assert_eq!(
        parts("failed").0,
        json!([{ "type": "tool-result", "toolCallId": "python", "toolName": "web",
        "errorText": "Timeout: Too slow" }])
    );
    assert_eq!(parts("answer"), (json!([{ "type": "text", "text": "Rye." }]), gpt));
    assert_eq!(parts("alone").0[0]["toolCallId"], json!("alone"));
    assert_eq!(parts("q").1, None);
}

#[test]
fn marks_are_read_in_every_kind_of_content_and_raw_keeps_them() {
    let mark = "\u{e200}cite\u{e202}turn0search3\u{e201}";
    let says = |content: &Value| {
        let metadata = json!({ "content_references": [
            { "matched_text": mark, "items": [{ "title": "Bread", "url": "https://bread.example/" }] },
        ] });
        let mut value =
            tree(vec![("n".into(), json!(null), message("assistant", "all", content, &metadata))]);
        value["title"] = json!(format!("Title {mark}"));
        parse(&value).unwrap()
    };
    let contents = [
        json!({ "content_type": "text", "parts": [format!("A {mark}")] }),
        json!({ "content_type": "multimodal_text", "parts": [{ "content_type": "audio_transcription", "text": format!("A {mark}") }] }),
        json!({ "content_type": "code", "text": format!("A {mark}") }),
        json!({ "content_type": "thoughts", "thoughts": [{ "summary": mark, "content": format!("A {mark}") }] }),
        json!({ "content_type": "reasoning_recap", "content": format!("A {mark}") }),
        json!({ "content_type": "tether_browsing_display", "result": format!("A {mark}") }),
        json!({ "content_type": "system_error", "name": "A", "text": mark }),
        json!({ "content_type": "tether_quote", "title": format!("A {mark}"), "text": mark }),
        json!({ "content_type": "new", "text": format!("A {mark}"), mark: { "x": [mark] } }),
    ];
    for content in contents {
        let found = says(&content);
        assert_eq!(found.conversation.title.as_deref(), Some("Title"));
        let message = &found.messages[0].new;
        let parts = serde_json::to_string(&message.parts).unwrap();
        let shown = parts.contains(['\u{e200}', '\u{e201}', '\u{e202}']) || parts.contains("\\ue20");
        assert!(!shown && !parts.contains("turn0search3") && parts.contains('A'), "{parts}");
        assert!(parts.contains("https://bread.example/") || !content["parts"].is_array(), "{parts}");
        assert!(message.raw.as_ref().unwrap().as_str().contains(mark));
    }
    let first: Vec<Value> = says(&json!({ "parts": [format!("A {mark}")] })).messages[0]
        .new
        .parts
        .iter()
        .flatten()
        .map(|it| it.read().unwrap())
        .collect();
    assert_eq!((&first[0]["text"], &first[1]["type"]), (&json!("A "), &json!("source")));
}

#[test]
fn a_text_of_131072_letters_is_split_over_parts() {
    for words in ["a".repeat(131_072), "two words ".repeat(30_000)] {
        let content = json!({ "content_type": "text", "parts": [words] });
        let found = parts(&content);
        assert!(found.len() > 1);
        let limits = ConversationLimits::default();
        assert!(found.iter().all(|part| part.to_string().len() <= limits.part_bytes));
        let whole: String = found.iter().map(|part| part["text"].as_str().unwrap()).collect();
        assert!(whole == words);
    }
    let long = "b".repeat(131_072);
    let part = json!({ "type": "text", "text": long });
    let own = json!({ "id": "a", "createdAt": NOW, "updatedAt": NOW, "messages": [
        { "id": "m", "role": "user", "parts": [part], "createdAt": NOW, "updatedAt": NOW },
    ] });
    let found = bookplate::parse(&raw(&own), &ConversationLimits::default(), NOW).unwrap();
    assert_eq!(found.messages[0].new.parts.as_ref().unwrap().len(), 2);
}

#[test]
fn json_nested_too_deeply_is_kept_as_text() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let json = format!(
        r#"{{"mapping":{{"n":{{"message":{{"author":{{"role":"user"}},
            "content":{{"content_type":"multimodal_text","parts":[{deep}]}}}}}}}}}}"#
    );
    let entry: &RawValue = serde_json::from_str(&json).unwrap();
    let found = chatgpt::parse(entry, &ConversationLimits::default(), NOW).unwrap();
    let message = &found.messages[0].new;
    assert_eq!(found.without_raw, 1);
    assert!(message.raw.is_none());
    assert_eq!(message.format.as_deref(), Some("chatgpt"));
    let part: Value = message.parts.as_ref().unwrap()[0].read().unwrap();
    assert_eq!(part, json!({ "type": "text", "text": deep }));
}

#[test]
fn children_of_hidden_and_empty_messages_move_to_the_nearest_visible_ancestor() {
    let hidden = json!({
        "author": { "role": "system" }, "content": { "content_type": "text", "parts": ["secret"] },
        "metadata": { "is_visually_hidden_from_conversation": true },
    });
    let text = |words: &str| says(&json!({ "content_type": "text", "parts": [words] }));
    let value = tree(vec![
        ("root".into(), json!(null), json!(null)),
        ("a".into(), json!("root"), text("one")),
        ("hidden".into(), json!("a"), hidden),
        ("empty".into(), json!("hidden"), text(" ")),
        ("b".into(), json!("empty"), text("two")),
    ]);
    let found = parse(&value).unwrap();
    let order: Vec<_> = found
        .messages
        .iter()
        .map(|it| (it.new.id.as_ref().unwrap().as_str(), it.new.parent_id.as_ref().unwrap().as_ref()))
        .map(|(id, parent)| (id, parent.map(contract::conversations::Id::as_str)))
        .collect();
    assert_eq!(order, [("a", None), ("b", Some("a"))]);
}

#[test]
fn invalid_times_are_the_parents_and_none_is_in_the_future() {
    let at = |time: Value| json!({ "author": { "role": "user" }, "create_time": time, "content": { "parts": ["x"] } });
    let value = tree(vec![
        ("a".into(), json!(null), at(json!(1_700_000_000.123_456))),
        ("b".into(), json!("a"), at(json!(null))),
        ("c".into(), json!("b"), at(json!(-1e300))),
        ("d".into(), json!("c"), at(json!(9e12))),
        ("e".into(), json!("d"), at(json!(9e9))),
    ]);
    let found = parse(&value).unwrap();
    let times: Vec<i64> = found.messages.iter().map(|it| it.created_at.millis()).collect();
    let first = 1_700_000_000_123;
    assert_eq!(times, [first, first, first, first, NOW.millis()]);
    assert_eq!(found.conversation.created_at.millis(), first);
    assert_eq!(found.conversation.last_message_at, Some(NOW));
}

#[test]
fn invalid_ids_are_replaced_by_derived_ones() {
    let one =
        json!({ "id": "no/name", "mapping": { "a/b": { "message": says(&json!({ "parts": ["x"] })) } } });
    let (first, second) = (parse(&one).unwrap(), parse(&one).unwrap());
    let id = first.conversation.id;
    assert_eq!(id, second.conversation.id);
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'8'), "{id}");
    let name = first.messages[0].new.id.clone().unwrap();
    assert_eq!(Some(&name), second.messages[0].new.id.as_ref());
    assert_eq!(first.conversation.head_id.as_deref(), Some(name.as_str()));
    let nameless = json!({ "mapping": {}, "title": "A" });
    let other = json!({ "mapping": {}, "title": "B" });
    assert_ne!(parse(&nameless).unwrap().conversation.id, parse(&other).unwrap().conversation.id);
}

#[test]
fn an_opening_follows_the_rule_of_titles() {
    for (opening, kept) in
        [("Plain", true), ("two\nlines", false), ("\u{202e}txt.exe", false), ("\u{2066}", false)]
    {
        let own =
            json!({ "id": "a", "opening": opening, "createdAt": NOW, "updatedAt": NOW, "messages": [] });
        let found = bookplate::parse(&raw(&own), &ConversationLimits::default(), NOW).unwrap();
        assert_eq!(found.conversation.opening.is_some(), kept, "{opening:?}");
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_nodes_is_parsed() {
    let nodes = (0..100_000)
        .map(|at: i64| {
            let message = if at % 20 == 0 { says(&json!({ "parts": ["said"] })) } else { Value::Null };
            (at.to_string(), json!((at - 1).to_string()), message)
        })
        .collect();
    let found = parse(&tree(nodes)).unwrap();
    assert_eq!(found.messages.len(), 5000);
    let parent = found.messages[4999].new.parent_id.clone().flatten().unwrap();
    assert_eq!(parent.as_str(), "99960");
}

/// Any JSON, not too large.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(Value::from),
        select(vec!["", "text", "user", "n1", "n2", "thoughts", "code", "\u{0}", "é\u{202e}"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = select(vec![
            "content_type",
            "parts",
            "text",
            "thoughts",
            "role",
            "asset_pointer",
            "content",
            "language",
            "name",
        ]);
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(key, inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_message() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        "text",
        "multimodal_text",
        "code",
        "execution_output",
        "tether_quote",
        "thoughts",
        "reasoning_recap",
        "system_error",
        "user_editable_context",
        "new",
    ]);
    let content = (kind, any_json(), any_json(), any_json()).prop_map(|(kind, parts, text, thoughts)| {
        json!({ "content_type": kind, "parts": parts, "text": text, "thoughts": thoughts, "content": text })
    });
    let content = prop_oneof![4 => content, 1 => any_json()];
    (any_json(), content, any_json(), any::<bool>()).prop_map(|(any, content, time, hidden)| {
        json!({
            "author": { "role": any }, "content": content, "create_time": time, "status": any,
            "metadata": { "is_visually_hidden_from_conversation": hidden, "model_slug": any, "attachments": any },
        })
    })
}

fn any_node() -> impl Strategy<Value = Value> {
    let name = || select(vec!["n0", "n1", "n2", "n3", "n4", "n5", "gone"]);
    let message = prop_oneof![6 => any_message(), 1 => any_json()];
    let node = (prop_oneof![4 => name().prop_map(Value::from), 1 => any_json()], collection::vec(name(), 0..3), message)
        .prop_map(|(parent, children, message)| {
            json!({ "parent": parent, "children": children, "message": message })
        });
    prop_oneof![9 => node, 1 => any_json()]
}

proptest! {
    #[test]
    fn any_nodes_are_a_consistent_conversation_or_rejected(
        nodes in collection::vec(any_node(), 0..6), current in any_json()
    ) {
        let mapping: serde_json::Map<String, Value> =
            nodes.into_iter().enumerate().map(|(at, node)| (format!("n{at}"), node)).collect();
        let value = json!({ "mapping": mapping, "current_node": current, "title": current });
        if let Ok(found) = parse(&value) {
            let mut before = HashSet::new();
            for message in &found.messages {
                let parent = message.new.parent_id.clone().unwrap();
                prop_assert!(parent.is_none_or(|parent| before.contains(&parent)));
                prop_assert!(before.insert(message.new.id.clone().unwrap()));
                prop_assert!(message.created_at <= NOW);
            }
            let head = found.conversation.head_id;
            prop_assert_eq!(head.is_some(), !found.messages.is_empty());
            prop_assert!(head.is_none_or(|head| before.iter().any(|id| id.as_str() == head)));
        }
    }

    #[test]
    fn no_text_makes_the_format_detection_panic(text in r#"[\[\]{}:,"0-9a-z\\u]{0,30}"#) {
        let text = lone_surrogates::replace_lone_surrogates(&text);
        let _ = (file_format::of_beginning(&text), file_format::of_outline(&text, false));
    }

    #[test]
    fn any_conversation_of_a_bookplate_file_is_parsed_or_rejected(entry in any_json(), messages in collection::vec(any_json(), 0..3)) {
        let limits = ConversationLimits::default();
        let _ = bookplate::parse(&raw(&entry), &limits, NOW);
        let own = json!({
            "id": "a", "createdAt": NOW, "updatedAt": NOW, "messages": messages, "metadata": entry, "headId": entry,
        });
        let _ = bookplate::parse(&raw(&own), &limits, NOW);
    }
}
