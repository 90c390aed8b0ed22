//! Taking readers over from another system: what becomes of each, whatever database they come from.

mod report;

use std::{collections::HashSet, sync::Arc};

use contract::{AnswerInput, Answers, Email, Image, PersonName, Question, Questions, Timestamp};
use serde_json::Value;
use storage::{Ban, Database, ForeignBan, ImportUserOutcome, ImportedUser, NewAccount, StorageError, User};

pub use report::{AnswerCounts, ImportReport, PasswordCounts, SkipReason, SkippedUser};

use crate::{
    ClientMetadata, EventKind, HashKind, InternalError, Ports,
    events::{self, AuditLog},
};

/// The longest id that is taken over, in bytes. It goes into every token of its reader.
const LONGEST_ID: usize = 255;
/// The longest reason of a ban that is taken over, in characters.
const LONGEST_REASON: usize = 500;

/// Takes readers over.
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
    /// In a dry run, the addresses of those who would be there by now.
    pretended: Option<HashSet<String>>,
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
        Import { importer: self, pretended: dry_run.then(HashSet::new), report }
    }
}

impl Import<'_> {
    /// Takes a reader over, or notes why not. One who is there already is left alone.
    ///
    /// A reader the database refuses is left out, so that one broken row does not hold up the others.
    ///
    /// # Errors
    /// [`InternalError`] when the database is out of reach. What was taken over before it stays so, and a second run goes on.
    pub async fn take(&mut self, foreign: ImportedUser) -> Result<(), InternalError> {
        self.report.found += 1;
        let email = match judge(&foreign) {
            Ok(email) => email,
            Err(why) => {
                self.report.leave_out(foreign, why);
                return Ok(());
            }
        };
        // Counted on the side: of a reader who is not taken over nothing else is reported.
        let mut noted = ImportReport::default();
        let account = self.importer.account(&foreign, &email, &mut noted);
        let placed = match &mut self.pretended {
            Some(pretended) => self.importer.look(&account.user, pretended).await,
            None => self.importer.place(&account).await,
        };
        match placed {
            Ok(ImportUserOutcome::New) => {
                noted.imported = 1;
                self.report.add(noted);
            }
            Ok(ImportUserOutcome::SameId) => self.report.already_there += 1,
            Ok(ImportUserOutcome::AddressTaken) => self.report.leave_out(foreign, SkipReason::AddressTaken),
            Err(StorageError::Fault(error)) => {
                tracing::warn!(user = foreign.id, %error, "the database refused a reader");
                self.report.leave_out(foreign, SkipReason::Refused);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// What has become of everyone.
    pub fn finish(self) -> ImportReport {
        self.report
    }
}

/// Whether a reader can be had here at all.
fn judge(foreign: &ImportedUser) -> Result<Email, SkipReason> {
    let id = &foreign.id;
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if id.is_empty() || id.len() > LONGEST_ID || id.contains(odd) {
        return Err(SkipReason::Id);
    }
    Email::parse(&foreign.email).map_err(|_| SkipReason::Address)
}

impl Importer {
    /// The account as it is to be stored, and in `noted` what could not be kept of it.
    fn account(&self, foreign: &ImportedUser, email: &Email, noted: &mut ImportReport) -> NewAccount {
        let now = self.ports.clock.now();
        let created_at = foreign.created_at.unwrap_or(now);
        let user = User {
            id: foreign.id.clone(),
            email: email.as_str().to_owned(),
            email_verified: foreign.email_verified,
            name: name(&foreign.name, noted),
            image: image(foreign.image.as_deref(), noted),
            answers: self.answers(foreign, noted),
            created_at,
            updated_at: foreign.updated_at.unwrap_or(created_at),
            ban: foreign.ban.as_ref().map_or_else(Ban::default, |foreign| ban(foreign, now)),
        };
        noted.unconfirmed += u64::from(!user.email_verified);
        noted.banned += u64::from(user.ban.holds(now));
        let password_hash = self.password(foreign.password.as_deref(), noted);
        NewAccount { user, credential_id: self.ports.random_uuid().to_string(), password_hash, device: None }
    }

    /// The hash, if it is one that a sign-in can be compared with.
    fn password(&self, stored: Option<&str>, noted: &mut ImportReport) -> Option<String> {
        let passwords = &mut noted.passwords;
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

    /// The answers among the fields. A required question may stay without one: it is asked no earlier than when the
    /// reader changes the profile.
    fn answers(&self, foreign: &ImportedUser, noted: &mut ImportReport) -> Answers {
        let mut answers = Answers::default();
        for (field, value) in foreign.fields.iter().filter(|(_, value)| says_something(value)) {
            let Some(question) =
                self.questions.iter().find(|question| folded(&question.name) == folded(field))
            else {
                *noted.fields_not_kept.entry(field.clone()).or_default() += 1;
                continue;
            };
            let answer = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let hear = |asked: &Question| match asked.name == question.name {
                true => AnswerInput::Given(answer.clone()),
                false => AnswerInput::Absent,
            };
            let counts = noted.answers.entry(question.name.clone()).or_default();
            match answers.with(&self.questions, hear) {
                Ok(with) => {
                    answers = with;
                    counts.kept += 1;
                }
                Err(_) => counts.refuse(question, &answer),
            }
        }
        for question in self.questions.iter().filter(|question| question.required) {
            let missing = answers.get(&question.name).is_none();
            noted.answers.entry(question.name.clone()).or_default().missing += u64::from(missing);
        }
        answers
    }

    async fn place(&self, account: &NewAccount) -> Result<ImportUserOutcome, StorageError> {
        let record = self.events.done(EventKind::Import, &account.user.id, &ClientMetadata::default());
        let placed = self.database.import_account(account, &record).await?;
        if placed == ImportUserOutcome::New {
            events::log(&record);
        }
        Ok(placed)
    }

    /// What [`Importer::place`] would do.
    async fn look(
        &self,
        user: &User,
        pretended: &mut HashSet<String>,
    ) -> Result<ImportUserOutcome, StorageError> {
        if self.database.find_user(&user.id).await?.is_some() {
            return Ok(ImportUserOutcome::SameId);
        }
        let taken = self.database.find_user_by_email(&user.email).await?.is_some();
        if taken || !pretended.insert(user.email.clone()) {
            return Ok(ImportUserOutcome::AddressTaken);
        }
        Ok(ImportUserOutcome::New)
    }
}

/// The name; one that would not be accepted from a reader is cut to what would.
fn name(raw: &str, noted: &mut ImportReport) -> String {
    if let Ok(name) = PersonName::parse(raw) {
        return name.as_str().to_owned();
    }
    noted.names_cut += 1;
    one_line(raw, PersonName::MAX)
}

fn image(raw: Option<&str>, noted: &mut ImportReport) -> Option<String> {
    let raw = raw.filter(|raw| !raw.is_empty())?;
    let image = Image::parse(raw).ok();
    noted.images_dropped += u64::from(image.is_none());
    image.map(|image| image.as_str().to_owned())
}

/// Better Auth does not say since when: since now.
fn ban(foreign: &ForeignBan, now: Timestamp) -> Ban {
    Ban {
        banned_at: Some(now.millis()),
        ban_reason: foreign.reason.as_deref().map(|reason| one_line(reason, LONGEST_REASON)),
        ban_expires_at: foreign.until.map(Timestamp::millis),
    }
}

/// The text without what a name may not hold.
fn one_line(raw: &str, max: usize) -> String {
    // Between letters, for a name may have blanks around it that mean nothing.
    let fits = |c: &char| PersonName::parse(&format!("a{c}a")).is_ok();
    raw.trim().chars().filter(fits).take(max).collect()
}

/// Whether a value is more than the absence of one.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    }
}

/// A name without what tools change in names: `experience_level` is `experienceLevel`.
fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}
