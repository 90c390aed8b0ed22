//! Answers to background questions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Code, Problem, Problems, Question, QuestionKind, Questions, Reason, text::check_line};

/// Accepted answers by question name; an unanswered question has no entry. Stored as a JSON object of strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, String>);

/// What a form or a body says about one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerInput {
    /// Absent: at sign-up unanswered, in an update unchanged.
    Absent,
    /// JSON `null`.
    Cleared,
    /// A text; an empty one clears the answer to an optional question.
    Given(String),
}

impl Answers {
    /// The answers of a new account.
    ///
    /// # Errors
    /// One problem per question, in their order: `MISSING_FIELD`, or `VALIDATION_ERROR` for a wrong answer.
    pub fn accept(questions: &Questions, input: impl Fn(&Question) -> AnswerInput) -> Result<Self, Problems> {
        Self::default().with(questions, |question| match input(question) {
            AnswerInput::Absent if question.required => AnswerInput::Cleared,
            input => input,
        })
    }

    /// These answers with some of them changed.
    ///
    /// # Errors
    /// As [`Answers::accept`], for the changed ones.
    pub fn with(
        &self,
        questions: &Questions,
        input: impl Fn(&Question) -> AnswerInput,
    ) -> Result<Self, Problems> {
        let mut answers = self.clone();
        let mut problems = Vec::new();
        for question in questions {
            match input(question) {
                AnswerInput::Absent => {}
                AnswerInput::Given(answer) if !answer.trim().is_empty() => {
                    match check(question, answer.trim()) {
                        Ok(()) => drop(answers.0.insert(question.name.clone(), answer.trim().to_owned())),
                        Err(problem) => problems.push(problem),
                    }
                }
                AnswerInput::Given(_) | AnswerInput::Cleared if question.required => {
                    problems.push(Problem::on(Code::MissingField, &question.name));
                }
                AnswerInput::Given(_) | AnswerInput::Cleared => drop(answers.0.remove(&question.name)),
            }
        }
        Problems::of(problems).map_or(Ok(answers), Err)
    }

    /// The answer to the question of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every declared question with its answer, unanswered ones as `null`: the shape of wire and claims.
    pub fn object(&self, questions: &Questions) -> Map<String, Value> {
        questions.iter().map(|question| (question.name.clone(), self.get(&question.name).into())).collect()
    }
}

fn check(question: &Question, answer: &str) -> Result<(), Problem> {
    match &question.kind {
        QuestionKind::Text { max } => check_line(&question.name, answer, *max),
        QuestionKind::Choice { options } if options.iter().any(|option| option.value == answer) => Ok(()),
        QuestionKind::Choice { .. } => {
            let options = question.options().unwrap_or_default();
            Err(Problem::invalid(&question.name, Reason::NotAnOption { options }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&Question) -> AnswerInput + 'a {
        move |question| {
            pairs
                .iter()
                .find(|(name, _)| *name == question.name)
                .map_or(AnswerInput::Absent, |(_, answer)| AnswerInput::Given((*answer).into()))
        }
    }

    #[test]
    fn required_questions_need_an_answer_and_choices_one_of_their_options() {
        let questions = Questions::default();
        let problems = Answers::accept(&questions, given(&[("experienceLevel", "wizard")])).unwrap_err();
        let problems: Vec<&Problem> = problems.iter().collect();
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].code, Code::ValidationError);
        assert_eq!(*problems[1], Problem::on(Code::MissingField, "professionalRole"));
    }

    #[test]
    fn an_update_changes_what_it_names_and_nothing_else() {
        let questions = Questions::default();
        let first = [("experienceLevel", "beginner"), ("professionalRole", "other"), ("roleOther", "binder")];
        let answers = Answers::accept(&questions, given(&first)).unwrap();
        let changed =
            answers.with(&questions, given(&[("experienceLevel", "advanced"), ("roleOther", "")])).unwrap();
        assert_eq!(changed.get("experienceLevel"), Some("advanced"));
        assert_eq!(changed.get("professionalRole"), Some("other"));
        assert_eq!(changed.get("roleOther"), None);
        let cleared = answers.with(&questions, |_| AnswerInput::Cleared).unwrap_err();
        assert_eq!(cleared.iter().count(), 2, "only the required ones cannot be cleared");
    }

    #[test]
    fn an_invalid_declaration_is_refused_with_every_mistake() {
        let mut bad: Vec<Question> = Questions::default().iter().cloned().collect();
        bad[0].name = "email".into();
        bad[1].kind = QuestionKind::Choice { options: Vec::new() };
        let mistakes = Questions::declare(bad).unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    }
}
