use std::io::{Cursor, Read};

use contract::{
    Timestamp,
    conversations::{
        Conversation, ConversationId, ConversationStatus, Feedback, FeedbackValue, Message, MessageId,
        MessageStatus, RawJson, Role,
    },
};
use domain::ExportedConversation;
use domain::export::{
    AcceptedTerms, Answer, Book, Browser, Event, Export, FORMAT, Link, Mail, Profile, Session, SignInMethod,
    VERSION,
};
use proptest::prelude::*;
use serde_json::json;
use zip::ZipArchive;

use super::*;

/// 2026-11-21T00:00:00.000Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_219_200_000);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// A copy in which every place that somebody's words can reach holds these.
fn copy(words: &str) -> Export {
    let said = || Some(words.to_owned());
    Export {
        format: FORMAT,
        version: VERSION,
        exported_at: NOW,
        book: Book { name: words.to_owned(), address: "https://book.example".into() },
        profile: Profile {
            id: "4006beb9-933e-4d7d-9b7a-d466fd894826".into(),
            email: "ada@example.com".into(),
            email_verified: true,
            unverified_since: None,
            name: words.to_owned(),
            image: said(),
            created_at: NOW.plus_seconds(-86_400),
            updated_at: NOW,
            last_active_at: NOW,
            idle_notice_at: None,
            banned_at: Some(NOW),
            ban_reason: said(),
            ban_expires_at: None,
        },
        answers: vec![
            Answer {
                name: "experienceLevel".into(),
                question: said(),
                purpose: said(),
                answer: Some("beginner".into()),
                answer_label: Some("Beginner".into()),
            },
            Answer {
                name: "shoeSize".into(),
                question: None,
                purpose: None,
                answer: said(),
                answer_label: None,
            },
        ],
        accepted_terms: vec![AcceptedTerms { version: words.to_owned(), accepted_at: NOW }],
        sign_in_methods: vec![SignInMethod {
            id: "method".into(),
            provider: "credential".into(),
            account_id: words.to_owned(),
            password_hash_stored: true,
            created_at: NOW,
            updated_at: NOW,
        }],
        sessions: vec![Session {
            id: "session".into(),
            device: "Firefox on Linux".into(),
            user_agent: words.to_owned(),
            ip_address: "203.0.113.9".into(),
            remembered: true,
            created_at: NOW,
            renewed_at: NOW,
            last_seen_at: NOW,
            expires_at: NOW.plus_seconds(604_800),
            ends_at: NOW.plus_seconds(7_776_000),
        }],
        browsers: vec![Browser {
            id: "browser".into(),
            device: "Firefox on Linux".into(),
            user_agent: words.to_owned(),
            first_seen_at: NOW,
            last_seen_at: NOW,
        }],
        links: vec![Link {
            purpose: "verify-new-email".into(),
            email: "ada@example.com".into(),
            new_email: said(),
            created_at: NOW,
            expires_at: NOW.plus_seconds(86_400),
            used_at: None,
        }],
        mails: vec![Mail { created_at: NOW, due_at: NOW.plus_seconds(15), attempts: 1 }],
        events: vec![Event {
            id: "event".into(),
            at: NOW,
            kind: "sign-in".into(),
            outcome: "wrong-credentials".into(),
            ip_address: said(),
            user_agent: said(),
        }],
        conversations: 2,
        stored_bytes: 2048,
        remembered_requests: 1,
    }
}

/// Two conversations in which every place that somebody's words can reach holds these.
struct Said {
    chunks: Vec<String>,
    pieces: Vec<ExportItem>,
}

impl Conversations for Said {
    fn next_chunk(&mut self) -> Result<Option<String>, String> {
        Ok(self.chunks.pop())
    }

    fn next_piece(&mut self) -> Result<Option<ExportItem>, String> {
        Ok(self.pieces.pop())
    }
}

fn said(words: &str) -> Said {
    let mut pieces = Vec::new();
    for (id, deleted_at) in [("first", None), ("second", Some(NOW))] {
        pieces.push(ExportItem::Begin(Box::new(ExportedConversation {
            conversation: conversation(id, words),
            deleted_at,
        })));
        pieces.push(ExportItem::Message(Box::new(message(id, words))));
        pieces.push(ExportItem::End);
    }
    pieces.reverse();
    Said { chunks: vec!["[1]}".into(), "{\"a\":".into()], pieces }
}

fn conversation(id: &str, words: &str) -> Conversation {
    Conversation {
        id: ConversationId::stored(id.into()),
        title: Some(words.to_owned()),
        opening: None,
        status: ConversationStatus::Active,
        head_id: None,
        metadata: RawJson::of(&json!({ "chapter": words })),
        message_count: 1,
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
        last_message_at: Some(NOW),
        client_id: None,
    }
}

fn message(id: &str, words: &str) -> Message {
    let parts = json!([
        { "type": "text", "text": words, "citations": [{ "sourceId": words, "start": 0, "end": 0, "quote": words }] },
        { "type": "reasoning", "text": words },
        { "type": "source", "sourceId": words, "kind": "url", "url": words, "title": words, "chunk": words },
        { "type": "file", "url": words, "mediaType": words, "filename": words },
        { "type": "tool-call", "toolCallId": "1", "toolName": words, "input": { "q": words } },
        { "type": "tool-result", "toolCallId": "1", "output": words },
        { "type": "data-chart", "of": words },
    ]);
    Message {
        id: MessageId::stored("m".into()),
        conversation_id: ConversationId::stored(id.into()),
        parent_id: None,
        seq: 1,
        role: Role::Assistant,
        parts: RawJson::of(&parts),
        status: MessageStatus::Incomplete,
        model: Some(words.to_owned()),
        usage: Some(RawJson::of(&json!({ "inputTokens": 1, "x": words }))),
        format: Some(words.to_owned()),
        raw: Some(RawJson::of(&words)),
        metadata: RawJson::empty_object(),
        feedback: Some(Feedback {
            value: FeedbackValue::Bad,
            comment: Some(words.to_owned()),
            tags: vec![words.to_owned()],
            updated_at: NOW,
        }),
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The names and texts of the files in an archive, in its order.
fn files(archive: &Archive) -> Vec<(String, String)> {
    let mut zip = ZipArchive::new(Cursor::new(&archive.bytes)).unwrap();
    let read = |at| {
        let mut file = zip.by_index(at).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        (file.name().unwrap().into_owned(), text)
    };
    (0..7).map(read).collect()
}

#[test]
fn an_archive_holds_the_same_for_programs_and_for_readers() {
    let archive = pack(&copy(FIREFOX), &mut said("Two\nlines")).unwrap();
    let files = files(&archive);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let written = [
        "README.txt",
        "account.html",
        "account.json",
        "conversations.json",
        "conversations/00001.html",
        "conversations/00002.html",
        "conversations.html",
    ];
    assert_eq!(names, written);
    let json: serde_json::Value = serde_json::from_str(&files[2].1).unwrap();
    assert_eq!(json, serde_json::to_value(copy(FIREFOX)).unwrap());
    insta::assert_snapshot!("README.txt", files[0].1);
    insta::assert_snapshot!("account.html", files[1].1);
    assert_eq!(files[3].1, "{\"a\":[1]}");
    insta::assert_snapshot!("conversation.html", files[5].1);
    insta::assert_snapshot!("conversations.html", files[6].1);
}

#[test]
fn the_same_copy_gives_the_same_bytes_with_the_time_of_the_copy() {
    let archive = pack(&copy("The Book"), &mut said("x")).unwrap();
    assert_eq!(archive, pack(&copy("The Book"), &mut said("x")).unwrap());
    let mut zip = ZipArchive::new(Cursor::new(&archive.bytes)).unwrap();
    assert_eq!(zip.len(), 7);
    for at in 0..7 {
        let file = zip.by_index(at).unwrap();
        assert_eq!(file.last_modified().unwrap().to_string(), "2026-11-21 00:00:00");
        assert_eq!(file.compression(), CompressionMethod::Deflated);
    }
}

#[test]
fn a_file_is_named_after_the_book_and_the_day_with_safe_letters_alone() {
    let name = |book: &str| file_name(&copy(book));
    assert_eq!(name("The Rust Book, 2nd ed."), "the-rust-book-2nd-ed-account-2026-11-21.zip");
    assert_eq!(name("../../etc/\"passwd\r\nX: y"), "etc-passwd-x-y-account-2026-11-21.zip");
    assert_eq!(name("Книга"), "book-account-2026-11-21.zip");
    assert_eq!(name("Größe"), "gr-e-account-2026-11-21.zip");
    assert!(name(&"long ".repeat(100)).len() < 90);
}

#[test]
fn an_empty_part_says_that_nothing_is_stored() {
    let empty = Export { sessions: Vec::new(), events: Vec::new(), ..copy("x") };
    let html = account::render(&empty).unwrap();
    assert_eq!(html.matches("Nothing is stored.").count(), 2, "{html}");
}

#[test]
fn security_06_what_readers_and_browsers_say_stays_text_in_the_page() {
    let html = account::render(&copy("</title><script>alert(1)</script>\"'&\u{202e}")).unwrap();
    assert!(
        !html.contains("<script") && !html.contains("alert(1)</") && !html.contains('\u{202e}'),
        "{html}"
    );
    assert!(html.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;\u{fffd}"));
}

/// The pages of two conversations, and of their contents.
fn pages(words: &str) -> String {
    let archive = pack(&copy("x"), &mut said(words)).unwrap();
    files(&archive).into_iter().skip(4).map(|(_, page)| page).collect()
}

#[test]
fn security_36_what_was_said_stays_text_in_the_pages() {
    let html = pages("</p></title><script>alert(1)</script>\n<img src=x onerror=y>\u{202e}");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains('\u{202e}'), "{html}");
    assert!(
        html.contains("&#60;script&#62;alert(1)&#60;/script&#62;\n&#60;img src=x onerror=y&#62;\u{fffd}")
    );
    for loads in ["src=\"", "url(", "@import", "<link", "http-equiv=\"refresh"] {
        assert!(!html.contains(loads), "{loads}");
    }
}

#[test]
fn conversations_that_cannot_be_read_leave_no_archive() {
    struct Broken(bool);
    impl Conversations for Broken {
        fn next_chunk(&mut self) -> Result<Option<String>, String> {
            if self.0 { Err("away".into()) } else { Ok(None) }
        }

        fn next_piece(&mut self) -> Result<Option<ExportItem>, String> {
            Err("away".into())
        }
    }
    for broken in [true, false] {
        let error = pack(&copy("x"), &mut Broken(broken)).unwrap_err();
        assert_eq!(error.to_string(), "the archive could not be written: away");
    }
}

/// What stands between `<` and `>`.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

proptest! {
    #[test]
    fn security_06_no_words_add_a_tag_to_the_page_or_a_sign_to_the_file_name(
        words in r#"[a-z<>"'&/=\-\r\n\u{0}\u{202e}\u{2028}é]{1,60}"#
    ) {
        let (page, plain) = (account::render(&copy(&words)).unwrap(), account::render(&copy("plain")).unwrap());
        prop_assert_eq!(tags(&page), tags(&plain));
        let (said, plain) = (pages(&words), pages("plain"));
        prop_assert_eq!(tags(&said), tags(&plain));
        let name = file_name(&copy(&words));
        prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')), "{}", name);
        prop_assert!(!name.starts_with(['-', '.']), "{}", name);
    }
}
