//! What a form sent, and the commands it stands for.

use std::{collections::BTreeMap, fmt};

use contract::{
    AnswerInput, Answers, Code, Email, LocalPath, NewPassword, PasswordAttempt, PersonName, Problem,
    Problems, Question, Questions,
};
use domain::{ProfileChange, SignIn, SignUp};
use serde::{Deserialize, Serialize};

/// The fields of a form by name. A browser that edits the page may leave any of them out: that is an empty field.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Submitted(BTreeMap<String, String>);

/// Where a link leads in the end that proves the address of who signs up or in by a form.
const AFTER_CONFIRMING: &str = "/verify-email?confirmed";

impl Submitted {
    /// The fields of a form whose server function has not run; of several with one name the last counts.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// What was typed into a field, to show it again; never a password.
    pub(crate) fn typed(&self, name: &str) -> Option<&str> {
        if name == "password" { None } else { self.0.get(name).map(String::as_str) }
    }

    /// Where to go afterwards.
    pub(crate) fn next(&self) -> Option<LocalPath> {
        self.0.get("next").and_then(|next| LocalPath::parse(next))
    }

    pub(crate) fn sign_up(&self, questions: &Questions) -> Result<SignUp, Problems> {
        let mut problems = Vec::new();
        let name = keep(PersonName::parse(self.line("name")), &mut problems);
        let email = keep(Email::parse(self.line("email")), &mut problems);
        let password = NewPassword::not_empty(self.raw("password")).and_then(NewPassword::parse);
        let password = keep(password, &mut problems);
        let answers = Answers::accept(questions, |question| self.answer(question, None));
        let answers = answers.map_err(|wrong| problems.extend(wrong.iter().cloned())).ok();
        match (name, email, password, answers) {
            (Some(name), Some(email), Some(password), Some(answers)) => {
                let (remember, callback) = (self.remember(), AFTER_CONFIRMING.to_owned());
                Ok(SignUp { name, email, password, image: None, answers, remember, callback })
            }
            _ => Err(Problems::of(problems).unwrap_or_else(|| Problem::new(Code::Internal).into())),
        }
    }

    pub(crate) fn sign_in(&self) -> Result<SignIn, Problems> {
        let email = Email::parse(self.line("email")).map_err(|_| Problem::on(Code::InvalidEmail, "email"))?;
        Ok(SignIn {
            email,
            password: PasswordAttempt::parse(self.raw("password"))?,
            remember: self.remember(),
            callback: AFTER_CONFIRMING.to_owned(),
        })
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

    /// What the form says about a question. One that it did not ask stays as it is, unless the form has just taken the
    /// occasion away: who was "other" and is something else now has no words of their own for it any more.
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

    /// Blanks around a line are slips of the keyboard.
    fn line(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    fn remember(&self) -> bool {
        self.0.get("rememberMe").is_some_and(|ticked| ticked != "false")
    }
}

fn keep<T>(parsed: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    parsed.map_err(|problem| problems.push(problem)).ok()
}

impl fmt::Debug for Submitted {
    /// What a reader typed, a password among it, does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
