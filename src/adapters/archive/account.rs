//! The account as a page: one file, without script, and nothing in it is fetched from anywhere.

use askama::Template;
use contract::Email;
use domain::export::{
    AcceptedTerms, Answer, Browser, Event, Export, Link, Mail, Profile, Session, SignInMethod,
};

use super::value::{Facts, Value, visible};

#[derive(Template)]
#[template(path = "archive/account.html")]
struct AccountPage {
    title: String,
    book: Value,
    address: Value,
    moment: Value,
    sections: [Section; 8],
    events: Vec<[Value; 5]>,
    conversations: Facts,
}

struct Section {
    id: &'static str,
    title: &'static str,
    facts: Vec<Facts>,
}

impl Section {
    fn new<T>(title: &'static str, id: &'static str, items: &[T], facts: fn(&T) -> Facts) -> Self {
        Self { id, title, facts: items.iter().map(facts).collect() }
    }
}

/// Renders the page.
pub(super) fn render(export: &Export) -> askama::Result<String> {
    let page = AccountPage {
        title: format!("Your account · {}", visible(&export.book.name)),
        book: Value::text(export.book.name.as_str()),
        address: Value::text(export.book.address.as_str()),
        moment: Value::Moment(export.exported_at),
        sections: [
            Section::new("Profile", "profile", std::slice::from_ref(&export.profile), profile),
            Section::new("Answers", "answers", &export.answers, answer),
            Section::new("Accepted terms", "terms", &export.accepted_terms, accepted_terms),
            Section::new("Ways to sign in", "methods", &export.sign_in_methods, method),
            Section::new("Signed-in browsers", "sessions", &export.sessions, session),
            Section::new("Known browsers", "browsers", &export.browsers, browser),
            Section::new("Mailed links", "links", &export.links, link),
            Section::new("Mails that wait to be sent", "mails", &export.mails, mail),
        ],
        events: export.events.iter().map(event).collect(),
        conversations: Facts::from([
            ("Stored", Value::Number(export.conversations)),
            ("Bytes they take up", Value::Number(export.stored_bytes)),
            ("Requests remembered", Value::Number(export.remembered_requests)),
        ]),
    };
    page.render()
}

fn profile(it: &Profile) -> Facts {
    Facts::from([
        ("Name", Value::text(it.name.as_str())),
        ("E-mail", Value::text(Email::display(&it.email).as_ref())),
        ("E-mail confirmed", Value::YesNo(it.email_verified)),
        ("To be confirmed since", Value::moment(it.unverified_since)),
        ("Picture", Value::text(it.image.as_deref())),
        ("Account opened", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Last active", Value::Moment(it.last_active_at)),
        ("Told that it is idle", Value::moment(it.idle_notice_at)),
        ("Closed by the operator", Value::moment(it.banned_at)),
        ("Why", Value::text(it.ban_reason.as_deref())),
        ("Closed until", Value::moment(it.ban_expires_at)),
        ("Id", Value::text(it.id.as_str())),
    ])
}

fn answer(it: &Answer) -> Facts {
    let asked = it.question.as_deref().unwrap_or("No longer asked");
    Facts::from([
        ("Question", Value::text(asked)),
        ("Your answer", Value::text(it.answer_label.as_deref().or(it.answer.as_deref()))),
        ("Why it is asked", Value::text(it.purpose.as_deref())),
        ("Stored as", Value::text(it.name.as_str())),
    ])
}

fn accepted_terms(it: &AcceptedTerms) -> Facts {
    Facts::from([("Version", Value::text(it.version.as_str())), ("Accepted", Value::Moment(it.accepted_at))])
}

fn method(it: &SignInMethod) -> Facts {
    let kind = if it.provider == "credential" { "Password" } else { it.provider.as_str() };
    Facts::from([
        ("With", Value::text(kind)),
        ("A password’s hash is stored", Value::YesNo(it.password_hash_stored)),
        ("Added", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("You are there", Value::text(it.account_id.as_str())),
        ("Id", Value::text(it.id.as_str())),
    ])
}

fn session(it: &Session) -> Facts {
    Facts::from([
        ("Browser", Value::text(it.device.as_str())),
        ("It calls itself", Value::text(it.user_agent.as_str())),
        ("Network address", Value::text(it.ip_address.as_str())),
        ("Remembered", Value::YesNo(it.remembered)),
        ("Opened", Value::Moment(it.created_at)),
        ("Last renewed", Value::Moment(it.renewed_at)),
        ("Last used", Value::Moment(it.last_seen_at)),
        ("Ends unless renewed", Value::Moment(it.expires_at)),
        ("Ends at the latest", Value::Moment(it.ends_at)),
        ("Id", Value::text(it.id.as_str())),
    ])
}

fn browser(it: &Browser) -> Facts {
    Facts::from([
        ("Browser", Value::text(it.device.as_str())),
        ("It calls itself", Value::text(it.user_agent.as_str())),
        ("First sign-in", Value::Moment(it.first_seen_at)),
        ("Last sign-in", Value::Moment(it.last_seen_at)),
        ("Id", Value::text(it.id.as_str())),
    ])
}

fn link(it: &Link) -> Facts {
    Facts::from([
        ("For", Value::text(in_words(&it.purpose).as_str())),
        ("Your address then", Value::text(Email::display(&it.email).as_ref())),
        ("New address", Value::text(it.new_email.as_deref().map(Email::display).as_deref())),
        ("Asked for", Value::Moment(it.created_at)),
        ("Ends", Value::Moment(it.expires_at)),
        ("Used", Value::moment(it.used_at)),
    ])
}

fn mail(it: &Mail) -> Facts {
    Facts::from([
        ("Asked for", Value::Moment(it.created_at)),
        ("Tried next", Value::Moment(it.due_at)),
        ("Tries so far", Value::Number(it.attempts)),
    ])
}

/// A row of the table of events. The id, which tells a reader nothing, is left to programs.
fn event(it: &Event) -> [Value; 5] {
    [
        Value::Moment(it.at),
        Value::text(in_words(&it.kind).as_str()),
        Value::text(in_words(&it.outcome).as_str()),
        Value::text(it.ip_address.as_deref()),
        Value::text(it.user_agent.as_deref()),
    ]
}

/// `password-reset` as `Password reset`.
fn in_words(name: &str) -> String {
    let spaced = name.replace('-', " ");
    let mut letters = spaced.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
