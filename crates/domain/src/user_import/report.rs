//! What an import has done, for the operator who ran it.

use std::collections::BTreeMap;

use contract::{Question, QuestionKind};
use serde::Serialize;
use storage::ImportedUser;

/// Different answers that are told of a question, those that come first.
const TOLD: usize = 10;
/// The longest such answer, in characters.
const LONGEST_TOLD: usize = 60;

/// What has become of everyone; in a dry run, what would.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Readers there.
    pub found: u64,
    /// Those taken over.
    pub imported: u64,
    /// Those whose id was here before, from an earlier run: left alone.
    pub already_there: u64,
    /// Those who were not taken over.
    pub left_out: Vec<SkippedUser>,
    /// Of those taken over: how their passwords are kept.
    pub passwords: PasswordCounts,
    /// Of those taken over: addresses that are not confirmed.
    pub unconfirmed: u64,
    /// Of those taken over: accounts that are closed.
    pub banned: u64,
    /// Of those taken over: names that were cut to what is accepted of a reader.
    pub names_cut: u64,
    /// Of those taken over: addresses of pictures that were dropped.
    pub images_dropped: u64,
    /// Of those taken over: what became of the answers, by question.
    pub answers: BTreeMap<String, AnswerCounts>,
    /// Of those taken over: values in columns that are no question of this book, by column.
    pub fields_not_kept: BTreeMap<String, u64>,
}

/// A reader who was not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedUser {
    /// The id there.
    pub id: String,
    /// The address there.
    pub email: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a reader was not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// The address is not one that can be used here.
    Address,
    /// An account with another id has the address, or one that differs in case only.
    AddressTaken,
    /// The id is empty, too long, or holds blanks.
    Id,
    /// The database did not take the row; the log says why.
    Refused,
}

impl SkipReason {
    /// As a sentence goes on after "left out:".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Address => "this address cannot be used here",
            Self::AddressTaken => "another account has this address",
            Self::Id => "this id cannot be used here",
            Self::Refused => "the database did not take it; see the log",
        }
    }
}

/// How the passwords of those taken over are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCounts {
    /// Better Auth's own hashes.
    pub scrypt: u64,
    /// Hashes of bcrypt.
    pub bcrypt: u64,
    /// Hashes like those made here.
    pub argon2id: u64,
    /// Accounts without a password.
    pub none: u64,
    /// Hashes of a kind that cannot be compared here: the account has no password.
    pub unknown: u64,
}

/// What became of the answers to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerCounts {
    /// Kept.
    pub kept: u64,
    /// Not accepted by the question.
    pub refused: u64,
    /// Of a required question: accounts that have no answer.
    pub missing: u64,
    /// Of a choice: some of the values that were refused, with their numbers. They may be an option that was renamed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_values: BTreeMap<String, u64>,
}

impl AnswerCounts {
    pub(super) fn refuse(&mut self, question: &Question, answer: &str) {
        self.refused += 1;
        if matches!(question.kind, QuestionKind::Choice { .. }) {
            self.tell(super::one_line(answer, LONGEST_TOLD), 1);
        }
    }

    fn tell(&mut self, value: String, times: u64) {
        if self.refused_values.contains_key(&value) || self.refused_values.len() < TOLD {
            *self.refused_values.entry(value).or_default() += times;
        }
    }

    fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.refused += other.refused;
        self.missing += other.missing;
        other.refused_values.into_iter().for_each(|(value, times)| self.tell(value, times));
    }
}

impl ImportReport {
    pub(super) fn leave_out(&mut self, reader: ImportedUser, reason: SkipReason) {
        self.left_out.push(SkippedUser { id: reader.id, email: reader.email, reason });
    }

    /// Adds what was noted of one reader who was taken over.
    pub(super) fn add(&mut self, noted: Self) {
        self.imported += noted.imported;
        self.passwords.scrypt += noted.passwords.scrypt;
        self.passwords.bcrypt += noted.passwords.bcrypt;
        self.passwords.argon2id += noted.passwords.argon2id;
        self.passwords.none += noted.passwords.none;
        self.passwords.unknown += noted.passwords.unknown;
        self.unconfirmed += noted.unconfirmed;
        self.banned += noted.banned;
        self.names_cut += noted.names_cut;
        self.images_dropped += noted.images_dropped;
        for (question, counts) in noted.answers {
            self.answers.entry(question).or_default().add(counts);
        }
        for (field, times) in noted.fields_not_kept {
            *self.fields_not_kept.entry(field).or_default() += times;
        }
    }
}
