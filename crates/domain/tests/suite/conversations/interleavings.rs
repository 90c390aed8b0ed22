//! Any interleaving of appends, retries and updates gives each conversation one gapless sequence.
//!
//! Scripts are drawn by chance and run at once, one task each. What every task was answered is then held against what is
//! stored, and against what somebody who looked on has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{
    ConversationError, ConversationEvent, Conversations, Principal,
    contract::{
        Code, Problems,
        conversations::{Conversation, Message, NewFeedback, read_json},
    },
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use testkit::databases::Kind;
use tokio::{runtime::Builder, task::JoinSet, time::timeout};

use super::{all_messages, change, changed, named, new, subscriber, words};
use crate::fixtures::book::Book;

/// What a task does to a conversation. Names are few, so that tasks meet.
#[derive(Debug, Clone)]
enum Act {
    /// Adds messages, each under a name or without one.
    Append(Vec<Option<u8>>),
    /// Adds one with a key; the same key may stand for another text.
    Keyed(u8, bool),
    /// Changes a message.
    Update(u8),
    /// Does the same once more, to the letter, as after an answer that was lost.
    Again,
    /// Says what the reader thinks, or takes it back.
    Rate(u8, bool),
    /// Names the conversation.
    Title,
    /// Shows another branch.
    Head(u8),
    /// Deletes the conversation.
    Delete,
    /// Shows it again.
    Restore,
}

fn act() -> impl Strategy<Value = Act> {
    let name = 0..5_u8;
    let names = vec(proptest::option::of(name.clone()), 1..4).prop_map(|mut names| {
        let mut seen = BTreeSet::new();
        names.retain(|name| name.is_none_or(|name| seen.insert(name)));
        names
    });
    prop_oneof![
        6 => names.prop_map(Act::Append),
        2 => (0..3_u8, any::<bool>()).prop_map(|(key, other)| Act::Keyed(key, other)),
        3 => name.clone().prop_map(Act::Update),
        3 => Just(Act::Again),
        1 => (name.clone(), any::<bool>()).prop_map(|(name, given)| Act::Rate(name, given)),
        1 => Just(Act::Title),
        1 => name.prop_map(Act::Head),
        1 => Just(Act::Delete),
        2 => Just(Act::Restore),
    ]
}

/// What one task does, in this order; the number tells which of two conversations.
type Script = Vec<(usize, Act)>;

fn scripts() -> impl Strategy<Value = Vec<Script>> {
    vec(vec((0..2_usize, act()), 1..10), 2..5)
}

/// A request, as it may be sent twice.
#[derive(Debug, Clone)]
enum Request {
    Append(Vec<Value>, Option<String>),
    Update(String, Value),
    Rate(String, Option<Value>),
    Change(Value),
    Delete,
    Restore,
}

/// What a task was answered.
#[derive(Debug)]
struct Answer {
    conversation: usize,
    request: Request,
    is_again: bool,
    outcome: Result<Vec<Message>, Code>,
}

struct Task {
    service: Conversations,
    user_id: String,
    names: [String; 2],
    texts: Arc<AtomicU32>,
}

impl Task {
    /// A text that nobody else says.
    fn text(&self) -> String {
        format!("text {}", self.texts.fetch_add(1, Ordering::SeqCst))
    }

    fn request(&self, act: &Act) -> Option<Request> {
        let message = |name: u8| format!("m{name}");
        Some(match act {
            Act::Append(names) => {
                let said = names.iter().map(|name| match name {
                    Some(name) => {
                        json!({ "id": message(*name), "role": "assistant", "content": self.text() })
                    }
                    None => json!({ "role": "user", "content": self.text() }),
                });
                Request::Append(said.collect(), None)
            }
            Act::Keyed(key, other) => {
                let text = if *other { format!("other {key}") } else { format!("keyed {key}") };
                Request::Append(vec![json!({ "role": "user", "content": text })], Some(format!("key {key}")))
            }
            Act::Update(name) => {
                Request::Update(message(*name), json!({ "content": self.text(), "status": "incomplete" }))
            }
            Act::Rate(name, given) => {
                let feedback = given.then(|| json!({ "value": 1, "comment": self.text() }));
                Request::Rate(message(*name), feedback)
            }
            Act::Title => Request::Change(json!({ "title": self.text() })),
            Act::Head(name) => Request::Change(json!({ "headId": message(*name) })),
            Act::Delete => Request::Delete,
            Act::Restore => Request::Restore,
            Act::Again => return None,
        })
    }

    async fn send(&self, conversation: usize, request: &Request) -> Result<Vec<Message>, ConversationError> {
        let (service, user_id, id) =
            (&self.service, self.user_id.as_str(), self.names[conversation].as_str());
        let by = Principal { token_id: Some("token"), expired: false, ..Principal::reader(user_id) };
        match request.clone() {
            Request::Append(messages, key) => {
                let body = format!("{messages:?}");
                let key = key.as_deref().map(|key| super::keyed(key, &body));
                let messages = messages.into_iter().map(new).collect();
                service.append(by, id, messages, key).await.map(|(appended, _)| appended.messages)
            }
            Request::Update(message, body) => {
                service.update_message(by, id, &message, change(body)).await.map(|message| vec![message])
            }
            Request::Rate(message, Some(body)) => {
                let feedback: NewFeedback = read_json(body.to_string().as_bytes()).unwrap();
                service
                    .set_feedback(Principal::reader(user_id), id, &message, feedback)
                    .await
                    .map(|message| vec![message])
            }
            Request::Rate(message, None) => service
                .clear_feedback(Principal::reader(user_id), id, &message)
                .await
                .map(|message| vec![message]),
            Request::Change(body) => {
                service.update(Principal::reader(user_id), id, changed(body)).await.map(|_| Vec::new())
            }
            Request::Delete => service.delete(Principal::reader(user_id), id).await.map(|()| Vec::new()),
            Request::Restore => service.restore(Principal::reader(user_id), id).await.map(|_| Vec::new()),
        }
    }

    /// Carries a script out, one step after the other.
    async fn run(self, script: Script) -> Vec<Answer> {
        let (mut answers, mut last) = (Vec::new(), None::<(usize, Request)>);
        for (conversation, act) in script {
            let (next, is_again) = match self.request(&act) {
                Some(request) => ((conversation, request), false),
                None => match &last {
                    Some(last) => (last.clone(), true),
                    None => continue,
                },
            };
            let outcome = self.send(next.0, &next.1).await;
            let outcome = outcome.map_err(|error| Problems::from(error).first().code);
            answers.push(Answer { conversation: next.0, request: next.1.clone(), is_again, outcome });
            last = Some(next);
        }
        answers
    }
}

/// What somebody has seen who looked on.
#[derive(Debug, Default)]
struct Seen {
    messages: BTreeMap<String, Message>,
    conversation: Option<Conversation>,
    /// The message shown last, as a client would know it.
    head: Option<String>,
}

impl Seen {
    fn take(&mut self, event: ConversationEvent) {
        match event {
            ConversationEvent::Message(message) => {
                let last = self.messages.values().map(|message| message.seq).max();
                if last.is_none_or(|last| message.seq > last) {
                    self.head = Some(message.id.to_string());
                }
                self.messages.insert(message.id.to_string(), *message);
            }
            ConversationEvent::Conversation(it) => {
                self.head = it.head_id.as_ref().map(ToString::to_string);
                self.conversation = Some(*it);
            }
            ConversationEvent::Deleted => {}
        }
    }
}

/// Looks on from the beginning until the others are `done` and nothing more happens; comes back after a deletion.
async fn look_on(service: Conversations, user_id: String, id: String, done: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut known) = (Seen::default(), 0);
    loop {
        let Ok(mut watch) = service.subscribe(subscriber(&user_id), &id, Some(known)).await else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        'looking: loop {
            let is_done = done.load(Ordering::SeqCst);
            let events = watch.poll_changes().await.unwrap();
            if events.is_empty() && is_done {
                return seen;
            }
            for (revision, event) in events {
                assert!(revision >= known, "{revision} after {known}");
                known = revision;
                let is_deleted = matches!(event, ConversationEvent::Deleted);
                seen.take(event);
                if is_deleted {
                    break 'looking;
                }
            }
            let _woken_or_not = timeout(Duration::from_millis(2), watch.changed()).await;
        }
    }
}

/// How many changes an answer stands for, at least and at most.
fn changes(answer: &Answer, there: &mut BTreeSet<String>) -> (i64, i64) {
    let Ok(messages) = &answer.outcome else { return (0, 0) };
    let count = i64::try_from(messages.len()).unwrap();
    match &answer.request {
        // Whoever comes with a key that is known changes nothing.
        Request::Append(_, Some(_)) => {
            let fresh = messages.iter().filter(|message| there.insert(message.id.to_string())).count();
            let fresh = i64::try_from(fresh).unwrap();
            (fresh, fresh)
        }
        // The same once more changes nothing, unless somebody has written in between. A message without a name is new.
        Request::Append(sent, None) if answer.is_again => {
            let unnamed = sent.iter().filter(|message| message.get("id").is_none()).count();
            (i64::try_from(unnamed).unwrap(), count)
        }
        Request::Append(..) => (count, count),
        Request::Update(..) if answer.is_again => (0, 1),
        Request::Update(..) | Request::Rate(..) | Request::Change(_) | Request::Delete | Request::Restore => {
            (1, 1)
        }
    }
}

/// What is stored is what was answered.
fn check(
    answers: &[Vec<Answer>],
    conversation: usize,
    now: &Conversation,
    stored: &[Message],
) -> Result<(), TestCaseError> {
    prop_assert!(stored.iter().map(|message| message.seq).eq(1..=now.message_count), "{:?}", stored);
    let by_name: BTreeMap<&str, &Message> =
        stored.iter().map(|message| (message.id.as_str(), message)).collect();
    prop_assert_eq!(by_name.len(), stored.len(), "no name twice");
    // Whose last word it may be: of each task, the last text it was answered for a message.
    let mut last_words: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut least, mut most, mut with_key) = (0, 0, BTreeSet::new());
    for task in answers {
        let mut last: BTreeMap<&str, String> = BTreeMap::new();
        for answer in task.iter().filter(|answer| answer.conversation == conversation) {
            let (at_least, at_most) = changes(answer, &mut with_key);
            (least, most) = (least + at_least, most + at_most);
            for message in answer.outcome.iter().flatten() {
                let Some(stored) = by_name.get(message.id.as_str()) else {
                    return Err(TestCaseError::fail(format!("{message:?} was lost")));
                };
                prop_assert_eq!(stored.seq, message.seq, "it has moved");
                prop_assert_eq!(&stored.parent_id, &message.parent_id);
                prop_assert_eq!(stored.role, message.role);
                if !matches!(answer.request, Request::Rate(..) | Request::Append(_, Some(_))) {
                    last.insert(message.id.as_str(), words(message));
                }
                if let Request::Append(sent, Some(_)) = &answer.request {
                    prop_assert_eq!(&json!(words(message)), &sent[0]["content"], "a key stands for one text");
                }
            }
        }
        for (name, text) in last {
            last_words.entry(name).or_default().insert(text);
        }
    }
    for (name, texts) in last_words {
        prop_assert!(
            texts.contains(&words(by_name[name])),
            "{} says {:?}, not {:?}",
            name,
            by_name[name],
            texts
        );
    }
    for message in stored {
        let before = message.parent_id.as_ref().map(|parent| by_name.get(parent.as_str()).map(|it| it.seq));
        prop_assert!(before.is_none_or(|seq| seq.is_some_and(|seq| seq < message.seq)), "{:?}", message);
        let is_answered = |answer: &Answer| answer.outcome.iter().flatten().any(|it| it.id == message.id);
        prop_assert!(answers.iter().flatten().any(is_answered), "{:?} was never answered", message);
    }
    prop_assert!((least..=most).contains(&now.revision), "{} is not {} to {}", now.revision, least, most);
    Ok(())
}

fn check_seen(seen: &Seen, now: &Conversation, stored: &[Message], who: &str) -> Result<(), TestCaseError> {
    let told: BTreeMap<i64, &Message> =
        seen.messages.values().map(|message| (message.seq, message)).collect();
    prop_assert!(told.into_values().eq(stored.iter()), "{}: {:?} is not {:?}", who, seen.messages, stored);
    let title = seen.conversation.as_ref().and_then(|it| it.title.clone());
    prop_assert_eq!(&title, &now.title, "{}", who);
    prop_assert_eq!(&seen.head, &now.head_id.as_ref().map(ToString::to_string), "{}", who);
    Ok(())
}

struct Bench {
    book: Book,
    ada: String,
    cases: AtomicU32,
}

impl Bench {
    async fn run(&self, scripts: Vec<Script>) -> Result<(), TestCaseError> {
        let case = self.cases.fetch_add(1, Ordering::SeqCst);
        let names = [0, 1].map(|at| format!("case-{case}-{at}"));
        let service = &self.book.services.conversations;
        let (mut looking, done) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for name in &names {
            service.create(Principal::reader(&self.ada), named(name), None).await.unwrap();
            looking.spawn({
                let (service, ada, name, done) =
                    (service.clone(), self.ada.clone(), name.clone(), Arc::clone(&done));
                async move { (name.clone(), look_on(service, ada, name, done).await) }
            });
        }
        let texts = Arc::new(AtomicU32::new(0));
        let mut tasks = JoinSet::new();
        for script in scripts {
            let (service, user_id) = (service.clone(), self.ada.clone());
            let task = Task { service, user_id, names: names.clone(), texts: Arc::clone(&texts) };
            tasks.spawn(task.run(script));
        }
        let mut answers = tasks.join_all().await;
        for (conversation, name) in names.iter().enumerate() {
            // What was deleted in the end is shown once more, to be looked at.
            if service.restore(Principal::reader(&self.ada), name).await.is_ok() {
                let outcome = Ok(Vec::new());
                answers.push(vec![Answer {
                    conversation,
                    request: Request::Restore,
                    is_again: false,
                    outcome,
                }]);
            }
        }
        done.store(true, Ordering::SeqCst);
        let looked: BTreeMap<String, Seen> =
            timeout(Duration::from_secs(30), looking.join_all()).await.unwrap().into_iter().collect();
        for (conversation, name) in names.iter().enumerate() {
            let now = service.find(Principal::reader(&self.ada), name).await.unwrap();
            let stored = all_messages(service, &self.ada, name).await;
            check(&answers, conversation, &now, &stored)?;
            check_seen(&looked[name], &now, &stored, "who looked on")?;
            let late = look_on(service.clone(), self.ada.clone(), name.clone(), Arc::clone(&done)).await;
            check_seen(&late, &now, &stored, "who comes late")?;
        }
        for answer in answers.iter().flatten() {
            let refused = [
                Code::ConversationNotFound,
                Code::MessageNotFound,
                Code::MessageConflict,
                Code::ValidationError,
                Code::IdempotencyKeyReused,
            ];
            prop_assert!(
                answer.outcome.as_ref().err().is_none_or(|code| refused.contains(code)),
                "{:?}",
                answer
            );
        }
        Ok(())
    }
}

fn any_interleaving_gives_each_conversation_one_gapless_sequence(kind: Kind) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let bench = runtime.block_on(async {
        let book = Book::open(kind.migrated().await).await;
        let ada = book.reader("ada").await.user.id;
        Bench { book, ada, cases: AtomicU32::new(0) }
    });
    let config = Config { cases: 60, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&scripts(), |scripts| runtime.block_on(bench.run(scripts)));
    outcome.unwrap_or_else(|failed| panic!("{failed}"));
}

mod sqlite {
    #[test]
    fn any_interleaving_gives_each_conversation_one_gapless_sequence() {
        super::any_interleaving_gives_each_conversation_one_gapless_sequence(
            testkit::databases::Kind::Sqlite,
        );
    }
}

mod postgres {
    #[test]
    fn any_interleaving_gives_each_conversation_one_gapless_sequence() {
        super::any_interleaving_gives_each_conversation_one_gapless_sequence(
            testkit::databases::Kind::Postgres,
        );
    }
}
