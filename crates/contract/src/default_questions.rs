//! The questions of a book whose author declares none.

use crate::{AskWhen, Choice, Question, QuestionKind, Questions, question::DEFAULT_MAX};

impl Default for Questions {
    /// The questions of a book whose author declares none.
    fn default() -> Self {
        let choice = |name: &str, label: &str, hint: &str, purpose: &str, options: &[&str]| Question {
            name: name.into(),
            label: label.into(),
            hint: (!hint.is_empty()).then(|| hint.into()),
            purpose: Some(purpose.into()),
            required: true,
            kind: QuestionKind::Choice {
                options: options.iter().map(|value| Choice::plain(value)).collect(),
            },
            ask_when: None,
        };
        let text = |name: &str, label: &str, ask_when| Question {
            name: name.into(),
            label: label.into(),
            hint: None,
            purpose: None,
            required: false,
            kind: QuestionKind::Text { max: DEFAULT_MAX },
            ask_when,
        };
        let other = AskWhen { question: "professionalRole".into(), is: "other".into() };
        Self(vec![
            choice(
                "experienceLevel",
                "How much experience do you have?",
                "With the subject of this book.",
                "The chatbot pitches its answers to your level.",
                &["beginner", "intermediate", "advanced"],
            ),
            choice(
                "professionalRole",
                "What do you do?",
                "",
                "Examples are chosen to suit your work.",
                &["student", "developer", "researcher", "educator", "other"],
            ),
            text("roleOther", "What do you do, in your own words?", Some(other)),
            text("organization", "Organization", None),
        ])
    }
}
