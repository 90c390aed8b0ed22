//! The data export. `docs/EXPORT.md` describes the same, member by member; a member that is added leaves the
//! version as it is, one that goes or changes its meaning raises it.

use contract::Timestamp;
use serde::Serialize;

/// Everything stored about one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// When it was read.
    pub exported_at: Timestamp,
    /// The book, and where its accounts are.
    pub book: Book,
    /// The account itself.
    pub profile: Profile,
    /// Answers to the background questions: those that are asked today in their order, then those to earlier ones.
    pub answers: Vec<Answer>,
    /// Versions of the author's terms that the reader has accepted, the oldest first.
    pub accepted_terms: Vec<AcceptedTerms>,
    /// Ways to sign in, the oldest first.
    pub sign_in_methods: Vec<SignInMethod>,
    /// Signed-in browsers, the last used first; those too that have expired and are still stored.
    pub sessions: Vec<Session>,
    /// Browsers the reader has signed in with, the last used first.
    pub browsers: Vec<Browser>,
    /// Mailed links that are stored, the oldest first.
    pub links: Vec<Link>,
    /// Mails that wait to be sent, the oldest first.
    pub mails: Vec<Mail>,
    /// What happened to the account, the latest first.
    pub events: Vec<Event>,
    /// Conversations that are stored, those among them that were deleted and are not gone yet. They are in a file of their
    /// own.
    pub conversations: i64,
    /// Bytes of JSON that they take up, as counted for the limit on a reader's.
    pub stored_bytes: i64,
    /// Requests of chatbots that are remembered for a day, so that they are not carried out twice. Nothing is stored about
    /// them but keyed hashes and the ids of the messages they have added, or of the conversation.
    pub remembered_requests: i64,
}

/// The name of the format.
pub const FORMAT: &str = "bookplate-export";
/// The version of the format.
pub const VERSION: u32 = 1;

/// Where the account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Book {
    /// As pages name it.
    pub name: String,
    /// Origin of the pages, such as `https://accounts.example.org`.
    pub address: String,
}

/// The account itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// UUID, or what it was where the account came from.
    pub id: String,
    /// In lower case.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// Since when the address has waited to be verified.
    pub unverified_since: Option<Timestamp>,
    /// May be empty.
    pub name: String,
    /// Address of a picture.
    pub image: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
    /// When the reader last signed in or had a session renewed, or used one that has ended.
    pub last_active_at: Timestamp,
    /// When the reader was told that the account will be deleted because nobody uses it.
    pub idle_notice_at: Option<Timestamp>,
    /// Since when the operator has closed the account.
    pub banned_at: Option<Timestamp>,
    /// Why.
    pub ban_reason: Option<String>,
    /// Until when; `None` for good.
    pub ban_expires_at: Option<Timestamp>,
}

/// A background question and the answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The question's name.
    pub name: String,
    /// What the form asks; `None` for a question that is no longer asked.
    pub question: Option<String>,
    /// Why it is asked (GDPR article 13), when the author has said so.
    pub purpose: Option<String>,
    /// The answer as it is stored; `None` for a question that was not answered.
    pub answer: Option<String>,
    /// The answer as the form shows it, for one of several options.
    pub answer_label: Option<String>,
}

/// A version of the author's terms that the reader has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedTerms {
    /// As the author calls it.
    pub version: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// A way to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInMethod {
    /// UUID.
    pub id: String,
    /// `credential` for a password.
    pub provider: String,
    /// Who the reader is there; the reader's own id for a password.
    pub account_id: String,
    /// Whether a hash of a password is stored. The hash itself stays where it is: it serves only who guesses at it.
    pub password_hash_stored: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's public name; opens nothing without the server's secret.
    pub id: String,
    /// The browser in words.
    pub device: String,
    /// What the browser calls itself; empty when unknown.
    pub user_agent: String,
    /// Network address it was opened from; empty when unknown.
    pub ip_address: String,
    /// Whether it outlives the browser window.
    pub remembered: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub renewed_at: Timestamp,
    /// When it was last used, to within a few minutes.
    pub last_seen_at: Timestamp,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
    /// When it ends however often it is renewed.
    pub ends_at: Timestamp,
}

/// A browser the reader has signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Browser {
    /// SHA-256 of what its cookie says, lower-case hex; the cookie cannot be made from it.
    pub id: String,
    /// The browser in words.
    pub device: String,
    /// What it called itself last; empty when unknown.
    pub user_agent: String,
    /// When it was first used.
    pub first_seen_at: Timestamp,
    /// When the reader last signed in with it.
    pub last_seen_at: Timestamp,
}

/// A mailed link, without its token: of that only a hash is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// What it is for: `reset-password`, `verify-email`, `confirm-email-change`, `verify-new-email`, `delete-account`.
    pub purpose: String,
    /// The reader's address when it was made.
    pub email: String,
    /// The address the reader wants instead.
    pub new_email: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it did what it is for.
    pub used_at: Option<Timestamp>,
}

/// A mail that waits to be sent. What it says is encrypted until then and gone afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

/// Something that happened to the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// UUID.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What: [`crate::EventKind::name`].
    pub kind: String,
    /// `done`, or why not.
    pub outcome: String,
    /// Network address of the client.
    pub ip_address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}
