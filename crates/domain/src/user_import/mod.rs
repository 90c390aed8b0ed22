//! Import of users from another system.

mod one_line;
mod report;

use std::{collections::HashSet, sync::Arc};

use contract::{AnswerInput, Answers, Email, Image, PersonName, Question, Questions, Timestamp};
use serde_json::Value;
use storage::{Ban, Database, ForeignBan, ImportUserOutcome, ImportedUser, NewAccount, StorageError, User};

use self::one_line::one_line;
pub use report::{AnswerCounts, ImportReport, PasswordCounts, SkipReason, SkippedUser, WithoutAddress};

use crate::{
    ClientMetadata, EventKind, HashKind, InternalError, Ports,
    audit_log::{self, AuditLog},
};

/// The longest id, in bytes. It is part of every token of its user.
const MAX_ID: usize = 255;
/// The longest reason of a ban, in characters.
const MAX_REASON: usize = 500;

/// Imports users.
#[derive(Debug)]
pub struct Importer {
    database: Database,
    ports: Ports,
    events: AuditLog,
    questions: Arc<Questions>,
}

/// One run of an import.
#[derive(Debug)]
pub struct Import<'a> {
    importer: &'a Importer,
    /// In a dry run, the addresses that would be imported by now.
    dry_run_emails: Option<HashSet<String>>,
    report: ImportReport,
}

impl Importer {
    pub(crate) fn new(database: Database, ports: Ports, questions: Arc<Questions>) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, events, questions }
    }

    /// Begins a run. A dry one reports the same and writes nothing.
    pub fn begin(&self, dry_run: bool) -> Import<'_> {
        let report = ImportReport { dry_run, ..ImportReport::default() };
        Import { importer: self, dry_run_emails: dry_run.then(HashSet::new), report }
    }
}

impl Import<'_> {
    /// Imports a user, or notes in the report why not. Existing users are not changed, and a row that the database refuses
    /// is skipped.
    ///
    /// # Errors
    /// When the database is unreachable. Users imported before stay, and a second run continues.
    #[tracing::instrument(name = "user_import.take", level = "debug", skip_all)]
    pub async fn take(&mut self, foreign: ImportedUser) -> Result<(), InternalError> {
        self.report.found += 1;
        if let Some(kind) = without_address(&foreign) {
            self.report.count_without_address(kind);
            return Ok(());
        }
        let email = match validate(&foreign) {
            Ok(email) => email,
            Err(reason) => {
                self.report.skip(foreign, reason);
                return Ok(());
            }
        };
        // Kept apart, because of a skipped user only the reason is reported.
        let mut counts = ImportReport::default();
        let account = self.importer.account(&foreign, &email, &mut counts);
        let outcome = match &mut self.dry_run_emails {
            Some(emails) => self.importer.simulate(&account.user, emails).await,
            None => self.importer.store(&account).await,
        };
        match outcome {
            Ok(ImportUserOutcome::New) => {
                counts.imported = 1;
                self.report.add(counts);
            }
            Ok(ImportUserOutcome::SameId) => self.report.already_there += 1,
            Ok(ImportUserOutcome::AddressTaken) => self.report.skip(foreign, SkipReason::AddressTaken),
            Err(StorageError::Fault(error)) => {
                tracing::warn!(user = foreign.id, %error, "the database refused a user");
                self.report.skip(foreign, SkipReason::Refused);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The report of the run.
    pub fn finish(self) -> ImportReport {
        self.report
    }
}

/// The kind of a user who has no address of their own: the one that is stored was made up by a plugin of Better Auth, and
/// nobody reads its mail.
fn without_address(foreign: &ImportedUser) -> Option<WithoutAddress> {
    let field = |name: &str| {
        let found = foreign.fields.iter().find(|(column, _)| normalized(column) == name);
        found.map(|(_, value)| value)
    };
    if field("isanonymous") == Some(&Value::Bool(true)) {
        return Some(WithoutAddress::Anonymous);
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let phone = field("phonenumber").and_then(Value::as_str).map(digits).filter(|phone| !phone.is_empty())?;
    let local_part = foreign.email.split('@').next().unwrap_or_default();
    let is_of_phone = local_part.is_empty() || digits(local_part) == phone;
    is_of_phone.then_some(WithoutAddress::Phone)
}

/// The email address, if it and the id can be used here.
fn validate(foreign: &ImportedUser) -> Result<Email, SkipReason> {
    let id = &foreign.id;
    let is_invalid = |c: char| c.is_control() || c.is_whitespace();
    if id.is_empty() || id.len() > MAX_ID || id.contains(is_invalid) {
        return Err(SkipReason::Id);
    }
    Email::parse(&foreign.email).map_err(|_| SkipReason::Address)
}

impl Importer {
    /// The account to store. `report` notes what could not be kept.
    fn account(&self, foreign: &ImportedUser, email: &Email, report: &mut ImportReport) -> NewAccount {
        let now = self.ports.clock.now();
        let created_at = foreign.created_at.unwrap_or(now);
        let user = User {
            id: foreign.id.clone(),
            email: email.as_str().to_owned(),
            email_verified: foreign.email_verified,
            name: name(&foreign.name, report),
            image: image(foreign.image.as_deref(), report),
            answers: self.answers(foreign, report),
            created_at,
            updated_at: foreign.updated_at.unwrap_or(created_at),
            ban: foreign.ban.as_ref().map_or_else(Ban::default, |foreign| ban(foreign, now)),
        };
        report.unconfirmed += u64::from(!user.email_verified);
        report.banned += u64::from(user.ban.holds(now));
        let password_hash = self.password(foreign.password.as_deref(), report);
        NewAccount { user, credential_id: self.ports.random_uuid().to_string(), password_hash, device: None }
    }

    /// The password hash, if it is of a supported kind.
    fn password(&self, stored: Option<&str>, report: &mut ImportReport) -> Option<String> {
        let passwords = &mut report.passwords;
        let Some(stored) = stored.filter(|stored| !stored.is_empty()) else {
            passwords.none += 1;
            return None;
        };
        match HashKind::of(stored) {
            HashKind::Scrypt => passwords.scrypt += 1,
            HashKind::Bcrypt { .. } => passwords.bcrypt += 1,
            HashKind::Argon2id if self.ports.hasher.is_current(stored) => passwords.argon2id += 1,
            HashKind::Argon2id => {
                passwords.unknown += 1;
                return None;
            }
        }
        Some(stored.to_owned())
    }

    /// The answers among the fields. Required questions may stay unanswered until the user changes the profile.
    fn answers(&self, foreign: &ImportedUser, report: &mut ImportReport) -> Answers {
        let mut answers = Answers::default();
        for (field, value) in foreign.fields.iter().filter(|(_, value)| has_value(value)) {
            let Some(question) =
                self.questions.iter().find(|question| normalized(&question.name) == normalized(field))
            else {
                *report.fields_not_kept.entry(field.clone()).or_default() += 1;
                continue;
            };
            let answer = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let answer_for = |asked: &Question| match asked.name == question.name {
                true => AnswerInput::Given(answer.clone()),
                false => AnswerInput::Absent,
            };
            let counts = report.answers.entry(question.name.clone()).or_default();
            match answers.with(&self.questions, answer_for) {
                Ok(with) => {
                    answers = with;
                    counts.kept += 1;
                }
                Err(_) => counts.refuse(question, &answer),
            }
        }
        for question in self.questions.iter().filter(|question| question.required) {
            let missing = answers.get(&question.name).is_none();
            report.answers.entry(question.name.clone()).or_default().missing += u64::from(missing);
        }
        answers
    }

    async fn store(&self, account: &NewAccount) -> Result<ImportUserOutcome, StorageError> {
        let record = self.events.done(EventKind::Import, &account.user.id, &ClientMetadata::default());
        let outcome = self.database.import_account(account, &record).await?;
        if outcome == ImportUserOutcome::New {
            audit_log::log(&record);
        }
        Ok(outcome)
    }

    /// What [`Importer::store`] would return.
    async fn simulate(
        &self,
        user: &User,
        emails: &mut HashSet<String>,
    ) -> Result<ImportUserOutcome, StorageError> {
        if self.database.find_user(&user.id).await?.is_some() {
            return Ok(ImportUserOutcome::SameId);
        }
        let taken = self.database.find_user_by_email(&user.email).await?.is_some();
        if taken || !emails.insert(user.email.clone()) {
            return Ok(ImportUserOutcome::AddressTaken);
        }
        Ok(ImportUserOutcome::New)
    }
}

/// The name, cut to a valid one.
fn name(raw: &str, report: &mut ImportReport) -> String {
    if let Ok(name) = PersonName::parse(raw) {
        return name.as_str().to_owned();
    }
    report.names_cut += 1;
    one_line(raw, PersonName::MAX)
}

fn image(raw: Option<&str>, report: &mut ImportReport) -> Option<String> {
    let raw = raw.filter(|raw| !raw.is_empty())?;
    let image = Image::parse(raw).ok();
    report.images_dropped += u64::from(image.is_none());
    image.map(|image| image.as_str().to_owned())
}

/// The ban as of now, because Better Auth does not store its beginning.
fn ban(foreign: &ForeignBan, now: Timestamp) -> Ban {
    Ban {
        banned_at: Some(now.millis()),
        ban_reason: foreign.reason.as_deref().map(|reason| one_line(reason, MAX_REASON)),
        ban_expires_at: foreign.until.map(Timestamp::millis),
    }
}

/// Whether a value is neither null, false nor blank.
fn has_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    }
}

/// A column name in lower case without underscores, so that `experience_level` matches `experienceLevel`.
fn normalized(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}
