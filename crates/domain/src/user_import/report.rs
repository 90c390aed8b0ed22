//! The report of an import, for the operator.

use std::collections::BTreeMap;

use contract::{Question, QuestionKind};
use serde::Serialize;
use storage::ImportedUser;

use super::one_line::one_line;

/// The most refused answers that are listed for a question.
const MAX_VALUES: usize = 10;
/// The longest listed answer, in characters.
const MAX_VALUE: usize = 60;

/// The result of an import, or of a dry run what it would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Users in the source.
    pub found: u64,
    /// Users imported.
    pub imported: u64,
    /// Users whose id existed already, for example from an earlier run.
    pub already_there: u64,
    /// Users that were skipped.
    pub left_out: Vec<SkippedUser>,
    /// Anonymous users, of whom nothing is imported.
    pub anonymous: u64,
    /// Users known by a phone number alone, who are not imported.
    pub phone_only: u64,
    /// Imported password hashes by kind.
    pub passwords: PasswordCounts,
    /// Imported users with an unverified address.
    pub unconfirmed: u64,
    /// Imported users with an active ban.
    pub banned: u64,
    /// Imported users whose name was cut to a valid one.
    pub names_cut: u64,
    /// Imported users whose picture was dropped.
    pub images_dropped: u64,
    /// Answers by question.
    pub answers: BTreeMap<String, AnswerCounts>,
    /// Values in columns that match no question, by column.
    pub fields_not_kept: BTreeMap<String, u64>,
}

/// A user that was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedUser {
    /// The id in the source.
    pub id: String,
    /// The email address in the source.
    pub email: String,
    /// The reason.
    pub reason: SkipReason,
}

/// A kind of users who have no address, counted and not listed: there may be many, and none can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutAddress {
    /// Of Better Auth's anonymous plugin.
    Anonymous,
    /// Of its phone number plugin.
    Phone,
}

/// Why a user was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// The email address is invalid here.
    Address,
    /// An account with another id has the email address.
    AddressTaken,
    /// The id is empty, too long, or has spaces.
    Id,
    /// The database refused the row; the log has the error.
    Refused,
}

impl SkipReason {
    /// The reason as it follows "left out:".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Address => "this address cannot be used here",
            Self::AddressTaken => "another account has this address",
            Self::Id => "this id cannot be used here",
            Self::Refused => "the database did not take it; see the log",
        }
    }
}

/// Imported password hashes by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCounts {
    /// Better Auth's own hashes.
    pub scrypt: u64,
    /// Hashes of bcrypt.
    pub bcrypt: u64,
    /// Argon2id with the current parameters.
    pub argon2id: u64,
    /// Accounts without a password.
    pub none: u64,
    /// Hashes of an unsupported kind, whose accounts have no password.
    pub unknown: u64,
}

/// The answers to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerCounts {
    /// Kept.
    pub kept: u64,
    /// Not accepted by the question.
    pub refused: u64,
    /// Accounts without an answer to a required question.
    pub missing: u64,
    /// Some of the refused values of a choice with their counts; perhaps options that were renamed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_values: BTreeMap<String, u64>,
}

impl AnswerCounts {
    pub(super) fn refuse(&mut self, question: &Question, answer: &str) {
        self.refused += 1;
        if matches!(question.kind, QuestionKind::Choice { .. }) {
            self.count_value(one_line(answer, MAX_VALUE), 1);
        }
    }

    fn count_value(&mut self, value: String, times: u64) {
        if self.refused_values.contains_key(&value) || self.refused_values.len() < MAX_VALUES {
            *self.refused_values.entry(value).or_default() += times;
        }
    }

    fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.refused += other.refused;
        self.missing += other.missing;
        other.refused_values.into_iter().for_each(|(value, times)| self.count_value(value, times));
    }
}

impl ImportReport {
    pub(super) fn skip(&mut self, user: ImportedUser, reason: SkipReason) {
        self.left_out.push(SkippedUser { id: user.id, email: user.email, reason });
    }

    pub(super) fn count_without_address(&mut self, kind: WithoutAddress) {
        match kind {
            WithoutAddress::Anonymous => self.anonymous += 1,
            WithoutAddress::Phone => self.phone_only += 1,
        }
    }

    /// Adds the counts of one imported user.
    pub(super) fn add(&mut self, counts: Self) {
        self.imported += counts.imported;
        self.passwords.scrypt += counts.passwords.scrypt;
        self.passwords.bcrypt += counts.passwords.bcrypt;
        self.passwords.argon2id += counts.passwords.argon2id;
        self.passwords.none += counts.passwords.none;
        self.passwords.unknown += counts.passwords.unknown;
        self.unconfirmed += counts.unconfirmed;
        self.banned += counts.banned;
        self.names_cut += counts.names_cut;
        self.images_dropped += counts.images_dropped;
        for (question, answers) in counts.answers {
            self.answers.entry(question).or_default().add(answers);
        }
        for (field, times) in counts.fields_not_kept {
            *self.fields_not_kept.entry(field).or_default() += times;
        }
    }
}
