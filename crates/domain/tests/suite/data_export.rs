//! Data export, and that account deletion leaves nothing.

use rstest::rstest;
use std::sync::Arc;

use domain::{
    AuditEvent, CleanupCounts, ClientInfo, ClientMetadata, ConversationError, DeleteAccount,
    DeleteAccountOutcome, EventKind, ExportError, LimitSettings, PageRequest, Principal, Quota, Rule,
    Session, Settings, SignInError, SignUp, SignedIn, Timestamp, User,
    contract::{Choice, PasswordAttempt, PersonName, Question, QuestionKind, Questions},
    export::Export,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use storage::AuditRecord;
use testkit::databases::Kind;

use crate::{
    fixtures::book::{Book, DAY, PASSWORD, email, settings, sign_in, sign_up},
    fixtures::conversations::{TITLE, WORDS, append, create, create_conversations, text},
    transfer::export::{all, whole},
};

const NAME: &str = "Zephyrine Quillfeather";
const HANDLE: &str = "zephyrine";
const EMAIL: &str = "zephyrine@example.com";
const HOME: &str = "203.0.113.77";
const PHONE: &str = "2001:db8:77::5";
const LAPTOP_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const PHONE_AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                           Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
/// Somebody else, who asks for a link to set the reader's password: nothing says then whose address it was.
const STRANGER: &str = "198.51.100.4";

fn device(ip_address: &str, user_agent: &str) -> ClientMetadata {
    ClientMetadata { ip_address: ip_address.into(), user_agent: user_agent.into() }
}

/// A browser that has never been here.
fn visit(book: &Book, ip_address: &str, user_agent: &str) -> ClientInfo {
    let browser = Some(book.services.sessions.new_device());
    ClientInfo { device: device(ip_address, user_agent), presented: None, browser }
}

fn newcomer() -> SignUp {
    SignUp { name: PersonName::parse(NAME).unwrap(), ..sign_up(HANDLE) }
}

/// What the newcomer's account left behind in a life: two sessions, two known browsers, links, mails on their way,
/// guesses at the password, a copy.
pub async fn lived_in(book: &Book) -> (SignedIn, ClientInfo) {
    let services = &book.services;
    let laptop = visit(book, HOME, LAPTOP_AGENT);
    let signed_up = services.accounts.sign_up(newcomer(), &laptop).await.unwrap();
    let signed_in = signed_in(signed_up.user, signed_up.session);
    let stranger = visit(book, STRANGER, "curl/8");
    services.accounts.request_password_reset(&email(HANDLE), "/", &stranger).await.unwrap();
    services.mail.deliver().await.unwrap();
    assert_eq!(book.ports.mailer.sent_to(EMAIL).len(), 2, "two links are on their way");

    book.ports.clock.advance_seconds(60);
    let phone = visit(book, PHONE, PHONE_AGENT);
    let wrong = services.accounts.sign_in(sign_in(HANDLE, "not the password"), &phone).await;
    assert!(matches!(wrong, Err(SignInError::WrongCredentials)), "{wrong:?}");
    services.accounts.sign_in(sign_in(HANDLE, PASSWORD), &phone).await.unwrap();
    services.data_export.export(&signed_in.user, &laptop.device).await.unwrap();
    create_conversations(book, &signed_in.user.id).await;
    (signed_in, laptop)
}

fn signed_in(user: User, session: Option<Session>) -> SignedIn {
    SignedIn { user, session: session.unwrap() }
}

pub async fn copy(book: &Book, signed_in: &SignedIn) -> Export {
    book.services.data_export.export(&signed_in.user, &device(HOME, LAPTOP_AGENT)).await.unwrap()
}

/// The copy without what is drawn at random.
fn written(export: &Export) -> String {
    fn settle(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if matches!(name.as_str(), "id" | "accountId") {
                        *member = "[id]".into();
                    }
                    settle(member);
                }
            }
            Value::Array(members) => members.iter_mut().for_each(settle),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(export).unwrap();
    // Events of one moment are in no order.
    let events = value["events"].as_array_mut().unwrap();
    events.sort_by_key(|event| ["at", "kind", "outcome"].map(|name| event[name].to_string()));
    events.reverse();
    settle(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn export_contains_everything_stored_about_the_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, _) = lived_in(&book).await;
    book.reader("grace").await;
    let export = copy(&book, &signed_in).await;
    assert_eq!(export.profile.id, signed_in.user.id);
    assert!(export.events.iter().any(|event| event.kind == "export" && event.at == export.exported_at));
    insta::assert_snapshot!("the_copy", written(&export));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_14_an_export_contains_no_credentials(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    let json = serde_json::to_string(&copy(&book, &signed_in).await).unwrap();
    assert!(json.contains(EMAIL) && json.contains(&signed_in.session.id));
    let cookie = book.services.sessions.cookie_value(&signed_in.session.id);
    let (_, signature) = cookie.split_once('.').unwrap();
    let device = book.services.sessions.device_value(laptop.browser.as_ref().unwrap());
    let (handle, _) = device.split_once('.').unwrap();
    let hash = book.database.find_password(&signed_in.user.id).await.unwrap().unwrap();
    for secret in [&cookie, signature, &device, handle, &hash, &signed_in.session.record_id] {
        assert!(!json.contains(secret), "{secret}");
    }
    let mails = book.ports.mailer.sent_to(EMAIL);
    let tokens: Vec<&str> = mails.iter().map(|mail| mail.link.as_ref().unwrap().token.as_str()).collect();
    assert_eq!(tokens.len(), 2);
    let codes: Vec<String> = book.database.first_column("select code_hash from bookplate_codes").await;
    assert!(!codes.is_empty() && codes.iter().all(|hash| !json.contains(hash)), "a code is outstanding, too");
    for token in tokens {
        let stored = format!("{:x}", Sha256::digest(token));
        let rows = book.database.rows_holding(&stored).await;
        let links = rows.iter().filter(|row| row.starts_with("bookplate_links:")).count();
        assert_eq!(links, 1, "the link is outstanding");
        assert!(!json.contains(token) && !json.contains(&stored), "{token:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn answers_to_earlier_questions_are_in_the_copy_without_their_question(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let reader = book.services.accounts.sign_up(newcomer(), &ClientInfo::default()).await.unwrap();
    let question = |name: &str, label: &str, purpose: Option<&str>, kind| Question {
        name: name.into(),
        label: label.into(),
        hint: None,
        purpose: purpose.map(Into::into),
        required: false,
        kind,
        ask_when: None,
    };
    let options = vec![Choice { value: "beginner".into(), label: "Just begun".into() }];
    let asked_today = Questions::declare(vec![
        question("city", "Where do you live?", None, QuestionKind::Text { max: 40 }),
        question("experienceLevel", "Your level?", Some("To begin there."), QuestionKind::Choice { options }),
    ]);
    let questions = Arc::new(asked_today.unwrap());
    let later = book.restarted(Settings { questions, ..settings() }).await;
    let export = later.data_export.export(&reader.user, &ClientMetadata::default()).await.unwrap();
    let told: Vec<_> = export
        .answers
        .iter()
        .map(|it| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            [it.name.clone(), text(&it.question), text(&it.purpose), text(&it.answer), text(&it.answer_label)]
        })
        .collect();
    assert_eq!(
        told,
        [
            ["city", "Where do you live?", "", "", ""],
            ["experienceLevel", "Your level?", "To begin there.", "beginner", "Just begun"],
            ["professionalRole", "", "", "student", ""],
        ]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_data_exports_are_limited(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mail = Some(Quota { count: 2, seconds: 60 });
    let limits = LimitSettings { mail, ..LimitSettings::default() };
    let book = Book::with(database, Settings { limits, ..settings() }).await;
    let ada = book.services.accounts.sign_up(sign_up("ada"), &ClientInfo::default()).await.unwrap().user;
    let grace = book.services.accounts.sign_up(sign_up("grace"), &ClientInfo::default()).await.unwrap().user;
    let take = |user: User| {
        let privacy = &book.services.data_export;
        async move { privacy.export(&user, &ClientMetadata::default()).await }
    };
    assert!(take(ada.clone()).await.is_ok() && take(ada.clone()).await.is_ok());
    let refused = take(ada.clone()).await;
    assert!(matches!(refused, Err(ExportError::TooMany { retry_after: 60 })), "{refused:?}");
    assert!(take(grace).await.is_ok());
    book.ports.clock.advance_seconds(60);
    assert!(take(ada).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_user_gets_no_export_and_no_audit_event(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    erase(&book, &signed_in, &laptop).await;
    let before = book.count("bookplate_events").await;
    let late = book.services.data_export.export(&signed_in.user, &laptop.device).await;
    assert!(matches!(late, Err(ExportError::Gone)), "{late:?}");
    assert_eq!(book.count("bookplate_events").await, before);
}

/// Deletes the account as its reader does.
async fn erase(book: &Book, signed_in: &SignedIn, visit: &ClientInfo) {
    let password = Some(PasswordAttempt::parse(PASSWORD).unwrap());
    let command = DeleteAccount { password, ..DeleteAccount::default() };
    let deleted = book.services.accounts.delete(command, signed_in, visit).await.unwrap();
    assert_eq!(deleted, DeleteAccountOutcome::Now);
}

/// Everything by which a row could be about the reader.
pub fn marks(signed_in: &SignedIn) -> Vec<&str> {
    let account =
        [&signed_in.user.id, EMAIL, NAME, HOME, PHONE, LAPTOP_AGENT, PHONE_AGENT, &signed_in.session.id];
    // The words of messages and titles, and those by which a search finds them.
    let said = [TITLE, WORDS, "zwiebelkuchen", "rhabarberbarbara", "That is *not* so", "jti-of-the-token"];
    [account.as_slice(), said.as_slice()].concat()
}

/// The tables that hold what readers and chatbots have written.
const WRITTEN: [&str; 3] = ["conversations", "messages", "idempotency"];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_deleted_user_is_in_no_row_of_any_table(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    for mark in marks(&signed_in) {
        assert_ne!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark} was never stored");
    }
    for (table, rows) in [("sessions", 2), ("session_records", 2), ("devices", 2), ("links", 2), ("mails", 1)]
    {
        assert_eq!(book.count(&format!("bookplate_{table}")).await, rows, "{table}");
    }
    for (table, rows) in WRITTEN.into_iter().zip([3, 4, 1]) {
        assert_eq!(book.count(&format!("bookplate_{table}")).await, rows, "{table}");
    }
    let events = book.count("bookplate_events").await;

    erase(&book, &signed_in, &laptop).await;
    for mark in marks(&signed_in) {
        assert_eq!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
    for table in
        ["users", "accounts", "sessions", "session_records", "devices", "links"].into_iter().chain(WRITTEN)
    {
        assert_eq!(book.count(&format!("bookplate_{table}")).await, 0, "{table}");
    }
    assert_eq!(book.count("bookplate_events").await, events + 1, "they are counted, with the deletion");
    let named = "select count(*) from bookplate_events
        where user_id is not null or ip_address is not null or user_agent is not null";
    assert_eq!(book.database.number(named).await, 0);
    // Who asked for a link to the reader's account stands in the reader's own events, and goes with them.
    assert_eq!(book.database.rows_holding(STRANGER).await, Vec::<String>::new());

    // The farewell is all that waits, and it belongs to nobody.
    let farewell = "select count(*) from bookplate_mails where user_id is null";
    assert_eq!((book.count("bookplate_mails").await, book.database.number(farewell).await), (1, 1));
    book.ports.mailer.clear();
    book.services.mail.deliver().await.unwrap();
    let mails = book.ports.mailer.sent_to(EMAIL);
    assert_eq!(mails.iter().map(|it| it.kind.as_str()).collect::<Vec<_>>(), ["account-deleted"]);
    assert_eq!(book.count("bookplate_mails").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_deleting_a_user_keeps_the_conversations_of_others(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let grace = book.reader("grace").await.user.id;
    create_conversations(&book, &grace).await;
    let (signed_in, laptop) = lived_in(&book).await;
    create(&book, &signed_in.user.id, json!({ "id": "only-hers" })).await;
    append(&book, &signed_in.user.id, "only-hers", &[text("m", "user", "Quittengelee")], None).await;
    let before = all(&book, &grace).await;
    erase(&book, &signed_in, &laptop).await;
    book.services.cleanup.run().await.unwrap();
    assert_eq!(all(&book, &grace).await["conversations"], before["conversations"]);
    for (table, rows) in WRITTEN.into_iter().zip([3, 4, 1]) {
        assert_eq!(book.count(&format!("bookplate_{table}")).await, rows, "{table}");
    }
    for words in ["Quittengelee", "quittengelee"] {
        assert_eq!(book.database.rows_holding(words).await, Vec::<String>::new(), "{words}");
    }
    assert_eq!(found(&book, &grace, "zwiebelkuchen").await, ["q1"]);
}

/// The names of the messages in which a word is found.
async fn found(book: &Book, user_id: &str, word: &str) -> Vec<String> {
    let asked = PageRequest { limit: 20, cursor: None };
    let page = book.services.conversations.search(Principal::reader(user_id), word, asked).await.unwrap();
    page.items.into_iter().map(|hit| hit.message.id.into()).collect()
}

/// What is stored of a conversation and is not the reader's: numbers by which rows find each other, whose rows they are,
/// by what a list is sorted, how much of a reader's room it takes up, by what a message is found, and which token has begun it.
const INNER: [&str; 9] = [
    "bookplate_conversations.no",
    "bookplate_conversations.user_id",
    "bookplate_conversations.active_at",
    "bookplate_conversations.bytes",
    "bookplate_messages.no",
    "bookplate_messages.conversation_no",
    "bookplate_messages.revision",
    "bookplate_messages.begun_by",
    "bookplate_messages.terms",
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn conversation_export_contains_every_stored_value(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    let export = book.services.data_export.export(&signed_in.user, &laptop.device).await.unwrap();
    assert_eq!((export.conversations, export.remembered_requests), (3, 1));
    let copy = book.services.transfer.export_with_deleted(&signed_in.user.id, export.exported_at);
    let (file, _) = whole(copy).await;
    let gone: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(gone["conversations"][2]["id"], "gone");
    assert_eq!(gone["conversations"][2]["deletedAt"], "2026-11-21T00:01:10.000Z");
    let mut values = 0;
    for table in ["bookplate_conversations", "bookplate_messages"] {
        for (column, value) in book.database.values_of(table).await {
            let column = format!("{table}.{column}");
            if INNER.contains(&column.as_str()) {
                continue;
            }
            let is_json =
                ["parts", "usage", "raw", "metadata", "feedback"].iter().any(|name| column.ends_with(name));
            let wanted = match value.parse::<i64>() {
                Ok(millis) if column.ends_with("_at") => {
                    format!("\"{}\"", Timestamp::from_millis(millis).iso())
                }
                Ok(_) => value,
                Err(_) if is_json => value,
                Err(_) => serde_json::to_string(&value).unwrap(),
            };
            assert!(file.contains(&wanted), "{column}: {wanted}");
            values += 1;
        }
    }
    assert!(values > 60, "{values}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_conversation_can_be_restored_for_ten_minutes_and_is_then_purged(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create(&book, &ada, json!({ "id": "c" })).await;
    append(&book, &ada, "c", &[text("m", "user", "Rhabarberbarbara")], Some("key")).await;
    let conversations = &book.services.conversations;
    conversations.delete(Principal::reader(&ada), "c").await.unwrap();
    assert!(found(&book, &ada, "rhabarberbarbara").await.is_empty());
    book.ports.clock.advance_seconds(599);
    assert_eq!(book.services.cleanup.run().await.unwrap(), CleanupCounts::default());
    assert_eq!(conversations.restore(Principal::reader(&ada), "c").await.unwrap().message_count, 1);
    assert_eq!(found(&book, &ada, "rhabarberbarbara").await, ["m"]);

    conversations.delete(Principal::reader(&ada), "c").await.unwrap();
    book.ports.clock.advance_seconds(600);
    let late = conversations.restore(Principal::reader(&ada), "c").await;
    assert!(matches!(late, Err(ConversationError::ConversationNotFound)), "{late:?}");
    assert_eq!(
        book.services.cleanup.run().await.unwrap(),
        CleanupCounts { conversations: 1, ..CleanupCounts::default() }
    );
    for words in ["Rhabarberbarbara", "rhabarberbarbara"] {
        assert_eq!(book.database.rows_holding(words).await, Vec::<String>::new(), "{words}");
    }
    assert_eq!((book.count("bookplate_conversations").await, book.count("bookplate_messages").await), (0, 0));
    // The request is remembered for a day.
    assert_eq!(book.count("bookplate_idempotency").await, 1);
    book.ports.clock.advance_seconds(DAY - 1199);
    assert_eq!(book.services.cleanup.run().await.unwrap().requests, 1);
    assert_eq!(book.count("bookplate_idempotency").await, 0);
}

fn event(user: &User, kind: EventKind, at: &Book) -> AuditEvent {
    AuditEvent {
        id: "b0ee2a4e-6c0c-4b5a-8d0d-54a0d3f0c0de".into(),
        at: at.services.cleanup.now(),
        kind: kind.name().into(),
        outcome: "wrong-credentials".into(),
        user_id: Some(user.id.clone()),
        ip_address: Some(PHONE.into()),
        user_agent: Some(PHONE_AGENT.into()),
    }
}

/// A password takes a while to compare, and its reader may be erased meanwhile.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn events_after_a_deletion_name_nobody(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    erase(&book, &signed_in, &laptop).await;
    let event = event(&signed_in.user, EventKind::SignIn, &book);
    let recorded = event.id.clone();
    book.database.record(&AuditRecord { event, mails: Vec::new() }).await.unwrap();
    assert_eq!(book.database.rows_holding(&recorded).await.len(), 1);
    for mark in marks(&signed_in) {
        assert_eq!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
}

/// On PostgreSQL two transactions may not see each other.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn event_stored_during_a_deletion_is_anonymised_by_the_next_cleanup(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, laptop) = lived_in(&book).await;
    let living = book.services.accounts.sign_up(sign_up("grace"), &laptop).await.unwrap();
    erase(&book, &signed_in, &laptop).await;
    let at = book.services.cleanup.now().millis();
    let id = &signed_in.user.id;
    book.database
        .arrange(&format!(
            "insert into bookplate_events values ('late', {at}, 'sign-in', 'done', '{id}', '{PHONE}', '{PHONE_AGENT}')"
        ))
        .await;
    assert_eq!(book.database.rows_holding(id).await.len(), 1);
    book.services.cleanup.run().await.unwrap();
    for mark in [id, PHONE, PHONE_AGENT] {
        assert_eq!(book.database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
    let events = book.database.events_of(&living.user.id, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].ip_address.as_deref(), Some(HOME), "a living reader's events stay as they are");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_the_rate_limit_table_has_no_unkeyed_hash_of_an_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (signed_in, _) = lived_in(&book).await;
    for rule in [Rule::SignIn, Rule::SignUp, Rule::SendVerification] {
        assert!(book.services.limits.check(rule, HOME).await.is_ok(), "{rule:?}");
    }
    let wrong =
        book.services.accounts.sign_in(sign_in(HANDLE, "not the password"), &ClientInfo::default()).await;
    assert!(wrong.is_err());
    let rows = book.database.rows_of("bookplate_limits").await;
    assert!(rows.len() >= 5, "{rows:?}");
    for subject in [EMAIL, HOME, &signed_in.user.id] {
        let mut guesses = vec![subject.to_owned(), format!("{:x}", Sha256::digest(subject))];
        for rule in ["sign-in", "sign-up", "send-verification", "account", "recipient", "export"] {
            guesses.push(format!("{:x}", Sha256::digest(format!("limit:{rule}:{subject}"))));
        }
        for guess in guesses {
            assert!(!rows.iter().any(|row| row.contains(&guess)), "{subject} as {guess}");
        }
    }
}
