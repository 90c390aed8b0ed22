//! Export of everything stored about a user.

pub mod export;

use std::{collections::BTreeMap, sync::Arc};

use contract::{Code, Problem, Question, QuestionKind, Questions, Timestamp};
use serde_json::Value;
use storage::{Database, User, UserDataRows};

use self::export::{
    AcceptedTerms, Answer, Book, Browser, Event, Export, Link, Mail, Profile, Session, SignInMethod,
};
use crate::{
    ClientMetadata, EventKind, InternalError, LimitError, Limits, Ports, Rule, StorageError,
    audit_log::AuditLog, user_agent::describe_device,
};

/// Exports users' data.
#[derive(Debug)]
pub struct DataExport {
    database: Database,
    ports: Ports,
    questions: Arc<Questions>,
    events: AuditLog,
    limits: Limits,
    book: Book,
}

/// Why an export failed.
#[derive(Debug)]
pub enum ExportError {
    /// The user was deleted meanwhile.
    Gone,
    /// The user exported too often.
    TooMany {
        /// Seconds until the next export is allowed.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

impl DataExport {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        questions: Arc<Questions>,
        limits: Limits,
        book: Book,
    ) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, questions, events, limits, book }
    }

    /// Everything stored about a user, without credentials. The export itself is the latest event in it.
    #[tracing::instrument(name = "data_export.export", level = "debug", skip_all)]
    pub async fn export(&self, user: &User, device: &ClientMetadata) -> Result<Export, ExportError> {
        self.limits.check(Rule::Export, &user.id).await?;
        let user = self.database.find_user(&user.id).await?.ok_or(ExportError::Gone)?;
        let stored = self.database.user_data(&user.id).await?.ok_or(ExportError::Gone)?;
        let record = self.events.done(EventKind::Export, &user.id, device);
        StorageError::ignore_full(self.database.record(&record).await)?;
        crate::audit_log::log(&record);
        let events = self.database.events_of(&user.id, i64::MAX).await?;
        Ok(Export {
            format: export::FORMAT,
            version: export::VERSION,
            exported_at: self.ports.clock.now(),
            book: self.book.clone(),
            answers: self.answers(&user)?,
            accepted_terms: stored.accepted_terms.iter().map(AcceptedTerms::from).collect(),
            sign_in_methods: methods(&stored),
            sessions: stored.sessions.iter().map(Session::from).collect(),
            browsers: stored.devices.iter().map(Browser::from).collect(),
            links: stored.links.iter().map(Link::from).collect(),
            mails: stored.mails.iter().map(Mail::from).collect(),
            events: events.into_iter().map(Event::from).collect(),
            conversations: self.database.count_conversations(&user.id).await?,
            stored_bytes: self.database.stored_bytes(&user.id).await?,
            remembered_requests: self.database.count_requests(&user.id).await?,
            profile: profile(user, &stored),
        })
    }

    fn answers(&self, user: &User) -> Result<Vec<Answer>, InternalError> {
        let fault = |error: serde_json::Error| InternalError::Fault(error.to_string());
        let stored: Value = serde_json::to_value(&user.answers).map_err(fault)?;
        let mut stored: BTreeMap<String, String> = serde_json::from_value(stored).map_err(fault)?;
        let current: Vec<Answer> =
            self.questions.iter().map(|question| answer(question, stored.remove(&question.name))).collect();
        let earlier = stored.into_iter().map(|(name, answer)| Answer {
            name,
            question: None,
            purpose: None,
            answer: Some(answer),
            answer_label: None,
        });
        Ok(current.into_iter().chain(earlier).collect())
    }
}

fn answer(question: &Question, answer: Option<String>) -> Answer {
    let answer_label = match &question.kind {
        QuestionKind::Choice { options } => options
            .iter()
            .find(|option| Some(&option.value) == answer.as_ref())
            .map(|option| option.label.clone()),
        QuestionKind::Text { .. } => None,
    };
    Answer {
        name: question.name.clone(),
        question: Some(question.label.clone()),
        purpose: question.purpose.clone(),
        answer,
        answer_label,
    }
}

fn profile(user: User, stored: &UserDataRows) -> Profile {
    Profile {
        id: user.id,
        email: user.email,
        email_verified: user.email_verified,
        unverified_since: stored.unverified_since.map(Timestamp::from_millis),
        name: user.name,
        image: user.image,
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_active_at: Timestamp::from_millis(stored.last_active_at),
        idle_notice_at: stored.idle_notice_at.map(Timestamp::from_millis),
        banned_at: user.ban.banned_at.map(Timestamp::from_millis),
        ban_reason: user.ban.ban_reason,
        ban_expires_at: user.ban.ban_expires_at.map(Timestamp::from_millis),
    }
}

fn methods(stored: &UserDataRows) -> Vec<SignInMethod> {
    let exported = stored.methods.iter().map(|stored| SignInMethod {
        id: stored.method.id.clone(),
        provider: stored.method.provider_id.clone(),
        account_id: stored.method.account_id.clone(),
        password_hash_stored: stored.has_password,
        created_at: stored.method.created_at,
        updated_at: stored.method.updated_at,
    });
    exported.collect()
}

impl From<&storage::AcceptedTerms> for AcceptedTerms {
    fn from(terms: &storage::AcceptedTerms) -> Self {
        Self { version: terms.version.clone(), accepted_at: terms.accepted_at }
    }
}

impl From<&storage::Session> for Session {
    fn from(session: &storage::Session) -> Self {
        Self {
            id: session.id.clone(),
            device: describe_device(&session.user_agent),
            user_agent: session.user_agent.clone(),
            ip_address: session.ip_address.clone(),
            remembered: session.remembered,
            created_at: session.created_at,
            renewed_at: session.renewed_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
        }
    }
}

impl From<&storage::KnownDevice> for Browser {
    fn from(device: &storage::KnownDevice) -> Self {
        Self {
            id: device.id.clone(),
            device: describe_device(&device.user_agent),
            user_agent: device.user_agent.clone(),
            first_seen_at: device.first_seen_at,
            last_seen_at: device.last_seen_at,
        }
    }
}

impl From<&storage::StoredLink> for Link {
    fn from(link: &storage::StoredLink) -> Self {
        Self {
            purpose: link.purpose.clone(),
            email: link.email.clone(),
            new_email: link.new_email.clone(),
            created_at: link.created_at,
            expires_at: link.expires_at,
            used_at: link.used_at.map(Timestamp::from_millis),
        }
    }
}

impl From<&storage::WaitingMail> for Mail {
    fn from(mail: &storage::WaitingMail) -> Self {
        Self { created_at: mail.created_at, due_at: mail.due_at, attempts: mail.attempts }
    }
}

impl From<storage::AuditEvent> for Event {
    fn from(event: storage::AuditEvent) -> Self {
        let storage::AuditEvent { id, at, kind, outcome, ip_address, user_agent, .. } = event;
        Self { id, at, kind, outcome, ip_address, user_agent }
    }
}

impl From<LimitError> for ExportError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Exceeded { retry_after } => Self::TooMany { retry_after },
            LimitError::Failure(failure) => Self::Failure(failure),
        }
    }
}

impl From<InternalError> for ExportError {
    fn from(failure: InternalError) -> Self {
        Self::Failure(failure)
    }
}

impl From<storage::StorageError> for ExportError {
    fn from(error: storage::StorageError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Gone => Self::new(Code::Unauthorized),
            ExportError::TooMany { retry_after } => Self::retry_in(Code::TooManyRequests, retry_after),
            ExportError::Failure(failure) => failure.into(),
        }
    }
}
