//! The fields of a form, parsed into commands.

use std::{collections::BTreeMap, fmt};

use contract::{
    AnswerInput, Answers, Code, Email, LocalPath, NewPassword, PasswordAttempt, PersonName, Problem,
    Problems, Question, Questions, Reason, VerificationCode, routes, trim_line,
};
use domain::{AccountRules, ChangePassword, DeleteAccount, PasswordPolicy, ProfileChange, SignIn, SignUp};
use serde::{Deserialize, Serialize};

/// The fields of a form by name. A missing field counts as empty.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormFields(BTreeMap<String, String>);

/// The callback of a link that verifies an address, when a form asks for it.
pub(crate) const AFTER_CONFIRMING: &str = "/verify-email?confirmed";
/// The callback of a link that deletes an account, and the page after deleting one at once.
pub(crate) const AFTER_DELETION: &str = "/?deleted";

/// The checkbox with which the author's terms are accepted.
pub(crate) const ACCEPTED_TERMS: &str = "acceptedTerms";
/// The hidden field beside it: the version of the terms that the form was shown with.
pub(crate) const TERMS_VERSION: &str = "termsVersion";

/// Fields that hold a password.
const PASSWORDS: [&str; 3] = ["password", "newPassword", "currentPassword"];

impl FormFields {
    /// The fields of a form; of several with one name the last counts.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The value of a field to show again; never a password.
    pub(crate) fn typed(&self, name: &str) -> Option<&str> {
        if is_password(name) { None } else { self.0.get(name).map(String::as_str) }
    }

    /// Whether the form had such a field at all, filled in or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A value that a form carries along without showing it.
    pub(crate) fn hidden_field(&self, name: &str) -> &str {
        self.raw(name)
    }

    /// The page of conversations that the form is on, with its query; the list, when it names none.
    pub fn page_of_conversations(&self) -> String {
        let page = self.next().filter(|page| is_of_conversations(page.as_str()));
        page.map_or_else(|| routes::CONVERSATIONS.to_owned(), |page| page.as_str().to_owned())
    }

    /// Where a link that verifies an address leads in the end: on with a client's request where the reader waits for it, or to
    /// our own page.
    pub(crate) fn callback(&self, waits_for_link: bool) -> String {
        let leads_on = |next: &LocalPath| next.as_str().starts_with(routes::AUTHORIZE);
        let next = self.next().filter(|next| waits_for_link && leads_on(next));
        next.map_or_else(|| AFTER_CONFIRMING.to_owned(), |next| next.as_str().to_owned())
    }

    /// Where to go afterwards.
    pub(crate) fn next(&self) -> Option<LocalPath> {
        self.0.get("next").and_then(|next| LocalPath::parse(next))
    }

    pub(crate) fn sign_up(
        &self,
        questions: &Questions,
        rules: &AccountRules,
        invitation: Option<String>,
    ) -> Result<SignUp, Problems> {
        let mut problems = Vec::new();
        let name = collect_error(PersonName::parse(self.line("name")), &mut problems);
        let email = collect_error(Email::parse_typed(self.raw("email")), &mut problems);
        let password =
            NewPassword::not_empty(self.raw("password")).and_then(|typed| rules.passwords.parse(typed));
        let password = collect_error(password, &mut problems);
        let answers = Answers::accept(questions, |question| self.answer(question, None));
        let answers = answers.map_err(|wrong| problems.extend(wrong.iter().cloned())).ok();
        let (accepted_terms, terms_version) = (self.accepts_terms(), self.terms_version());
        let terms = collect_error(rules.check_terms(accepted_terms, terms_version), &mut problems);
        match (name, email, password, answers, terms) {
            (Some(name), Some(email), Some(password), Some(answers), Some(())) => {
                let (remember, callback) = (self.remember(), self.callback(rules.require_verified_email));
                Ok(SignUp {
                    name,
                    email,
                    password,
                    image: None,
                    answers,
                    remember,
                    callback,
                    invitation,
                    accepted_terms,
                    terms_version: terms_version.map(str::to_owned),
                })
            }
            _ => Err(Problems::of(problems).unwrap_or_else(|| Problem::new(Code::Internal).into())),
        }
    }

    pub(crate) fn sign_in(&self) -> Result<SignIn, Problems> {
        let email =
            Email::parse_typed(self.raw("email")).map_err(|_| Problem::on(Code::InvalidEmail, "email"))?;
        Ok(SignIn {
            email,
            password: PasswordAttempt::parse(self.raw("password"))?,
            remember: self.remember(),
            // A mail is sent only where an address has to be verified first.
            callback: self.callback(true),
        })
    }

    /// An address typed into a field.
    pub(crate) fn email(&self, field: &str) -> Result<Email, Problem> {
        Email::parse_typed(self.raw(field)).map_err(|problem| on(field, problem))
    }

    /// The code of a mail.
    pub(crate) fn verification_code(&self) -> Result<VerificationCode, Problem> {
        VerificationCode::parse(self.raw(VerificationCode::FIELD))
    }

    /// A password that is to be set with a mailed link.
    pub(crate) fn new_password(&self, passwords: PasswordPolicy) -> Result<NewPassword, Problem> {
        let typed = NewPassword::not_empty(self.raw("newPassword"));
        typed.and_then(|typed| passwords.parse(typed)).map_err(|problem| on("newPassword", problem))
    }

    pub(crate) fn change_password(&self, passwords: PasswordPolicy) -> Result<ChangePassword, Problems> {
        let mut problems = Vec::new();
        let current = collect_error(self.current_password("currentPassword"), &mut problems);
        let new = collect_error(self.new_password(passwords), &mut problems);
        match (current, new) {
            (Some(current), Some(new)) => {
                Ok(ChangePassword { current, new, revoke_others: Some(self.checkbox("revokeOtherSessions")) })
            }
            _ => Err(Problems::of(problems).unwrap_or_else(|| Problem::new(Code::Internal).into())),
        }
    }

    /// The password field exists only if the user has a password.
    pub(crate) fn delete_account(&self) -> Result<DeleteAccount, Problem> {
        let password = self.has("password").then(|| self.current_password("password")).transpose()?;
        Ok(DeleteAccount { password, token: None, callback: AFTER_DELETION.to_owned() })
    }

    /// The password in use, asked for once more. An empty field is not counted as an attempt.
    fn current_password(&self, field: &str) -> Result<PasswordAttempt, Problem> {
        match self.raw(field) {
            "" => Err(Problem::invalid(field, Reason::Empty)),
            typed => PasswordAttempt::parse(typed).map_err(|problem| on(field, problem)),
        }
    }

    /// The change of a profile whose answers were `stored` when the form was sent.
    pub(crate) fn profile(&self, questions: &Questions, stored: &Answers) -> Result<ProfileChange, Problems> {
        let name = PersonName::parse(self.line("name"))?;
        let answers = questions
            .iter()
            .map(|question| (question.name.clone(), self.answer(question, Some(stored))))
            .collect();
        Ok(ProfileChange { name: Some(name), image: None, answers })
    }

    /// What the form says about a question. One that it did not ask keeps its answer, unless this
    /// form has changed the answer on which it depends: then it is cleared.
    fn answer(&self, question: &Question, stored: Option<&Answers>) -> AnswerInput {
        if question.is_asked(|other| self.typed(other)) {
            AnswerInput::Given(self.line(&question.name).to_owned())
        } else if stored.is_some_and(|stored| question.is_asked(|other| stored.get(other))) {
            AnswerInput::Cleared
        } else {
            AnswerInput::Absent
        }
    }

    fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A field of one line, without the white space and format characters around it.
    fn line(&self, name: &str) -> &str {
        trim_line(self.raw(name))
    }

    /// Whether the author's terms are accepted. Only what a box of ours sends counts: silence is no consent.
    pub(crate) fn accepts_terms(&self) -> bool {
        matches!(self.raw(ACCEPTED_TERMS), "true" | "on")
    }

    /// The version of the terms that the form was shown with.
    pub(crate) fn terms_version(&self) -> Option<&str> {
        self.0.get(TERMS_VERSION).map(String::as_str)
    }

    fn remember(&self) -> bool {
        self.checkbox("rememberMe")
    }

    fn checkbox(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|ticked| ticked != "false")
    }
}

/// Whether a path leads to conversations, and not to what a form of them is sent to.
fn is_of_conversations(path: &str) -> bool {
    let rest = path.strip_prefix(routes::CONVERSATIONS);
    rest.is_some_and(|rest| {
        rest.is_empty() || (rest.starts_with(['/', '?', '#']) && !rest.starts_with("/-/"))
    })
}

/// Whether what is typed into a field is a password.
pub(crate) fn is_password(field: &str) -> bool {
    PASSWORDS.contains(&field)
}

/// A problem, about the field it came in.
fn on(field: &str, problem: Problem) -> Problem {
    Problem { field: Some(field.to_owned()), ..problem }
}

fn collect_error<T>(parsed: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    parsed.map_err(|problem| problems.push(problem)).ok()
}

impl fmt::Debug for FormFields {
    /// What a reader typed, a password among it, does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> FormFields {
        FormFields::from_pairs(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn no_field_that_holds_a_password_is_shown_again() {
        let typed = form(&[
            ("password", "one-Secret-1"),
            ("newPassword", "two-Secret-2"),
            ("currentPassword", "three-Secret-3"),
            ("newEmail", "ada@example.com"),
        ]);
        assert!(PASSWORDS.iter().all(|name| typed.has(name) && typed.typed(name).is_none()));
        assert_eq!(typed.typed("newEmail"), Some("ada@example.com"));
        assert!(!format!("{typed:?}").contains("Secret"));
    }

    #[test]
    fn of_a_field_that_is_repeated_the_last_value_counts() {
        assert_eq!(
            form(&[("email", "a@example.com"), ("email", "b@example.com")]).typed("email"),
            Some("b@example.com")
        );
    }

    #[test]
    fn every_wrong_password_field_is_named_at_once() {
        let problems =
            form(&[("newPassword", "short")]).change_password(PasswordPolicy::default()).unwrap_err();
        let named: Vec<_> = problems.iter().map(|it| (it.field.as_deref(), it.code)).collect();
        assert_eq!(
            named,
            [(Some("currentPassword"), Code::ValidationError), (Some("newPassword"), Code::PasswordTooShort)]
        );
    }

    #[test]
    fn other_devices_stay_signed_in_only_when_the_box_is_not_ticked() {
        let passwords = [("currentPassword", "the-old-one"), ("newPassword", "the-new-one")];
        let ticked = form(&[passwords[0], passwords[1], ("revokeOtherSessions", "true")]);
        assert_eq!(ticked.change_password(PasswordPolicy::default()).unwrap().revoke_others, Some(true));
        assert_eq!(
            form(&passwords).change_password(PasswordPolicy::default()).unwrap().revoke_others,
            Some(false)
        );
    }

    #[test]
    fn a_form_that_asks_for_a_password_deletes_nothing_without_one() {
        assert_eq!(
            form(&[("password", "")]).delete_account().unwrap_err().field.as_deref(),
            Some("password")
        );
        assert!(form(&[]).delete_account().unwrap().password.is_none());
    }
}
