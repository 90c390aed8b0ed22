use std::collections::HashMap;

use contract::{AnswerInput, Answers, Code, Problem, Problems, Question, QuestionKind, Questions};
use proptest::prelude::*;

const NAMES: [&str; 5] = ["experienceLevel", "professionalRole", "roleOther", "organization", "undeclared"];

/// Valid and invalid answers to the four default questions.
fn inputs() -> impl Strategy<Value = HashMap<String, AnswerInput>> {
    let text = prop_oneof![
        Just("beginner".to_owned()),
        Just("other".to_owned()),
        Just("Beginner".to_owned()),
        Just(" ".to_owned()),
        "\\PC{0,20}",
        ".{0,20}",
        Just("x".repeat(200)),
        Just("x".repeat(201)),
    ];
    let input = prop_oneof![
        Just(AnswerInput::Absent),
        Just(AnswerInput::Cleared),
        text.prop_map(AnswerInput::Given),
    ];
    proptest::collection::hash_map(proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), input, 0..6)
}

fn input(inputs: &HashMap<String, AnswerInput>) -> impl Fn(&Question) -> AnswerInput + '_ {
    |question| inputs.get(&question.name).cloned().unwrap_or(AnswerInput::Absent)
}

fn fields(problems: &Problems) -> Vec<&str> {
    problems.iter().filter_map(|problem| problem.field.as_deref()).collect()
}

/// One of the default questions' full answers.
fn complete() -> Answers {
    let given = |question: &Question| match &question.kind {
        QuestionKind::Choice { options } => AnswerInput::Given(options[0].value.clone()),
        QuestionKind::Text { .. } => AnswerInput::Given(format!("about {}", question.name)),
    };
    Answers::accept(&Questions::default(), given).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_answers_are_those_given_and_fit_the_questions(inputs in inputs()) {
        let questions = Questions::default();
        let Ok(answers) = Answers::accept(&questions, input(&inputs)) else { return Ok(()) };
        for question in &questions {
            let answer = answers.get(&question.name);
            match inputs.get(&question.name) {
                Some(AnswerInput::Given(given)) if !given.trim().is_empty() => {
                    prop_assert_eq!(answer, Some(given.as_str()));
                }
                _ => prop_assert_eq!(answer, None),
            }
            prop_assert!(answer.is_some() || !question.required);
            match (&question.kind, answer) {
                (QuestionKind::Choice { options }, Some(answer)) => {
                    prop_assert!(options.iter().any(|option| option.value == answer));
                }
                (QuestionKind::Text { max }, Some(answer)) => {
                    prop_assert!(answer.chars().count() <= *max && !answer.chars().any(char::is_control));
                }
                (_, None) => {}
            }
        }
        prop_assert_eq!(answers.get("undeclared"), None);
    }

    #[test]
    fn every_refused_answer_is_reported_once_in_the_order_of_the_questions(inputs in inputs()) {
        let questions = Questions::default();
        let Err(problems) = Answers::accept(&questions, input(&inputs)) else { return Ok(()) };
        let named = fields(&problems);
        let in_order: Vec<&str> =
            questions.iter().map(|question| question.name.as_str()).filter(|name| named.contains(name)).collect();
        prop_assert_eq!(&named, &in_order);
        // Each refused on its own account: what is not named is accepted alone.
        for question in &questions {
            let alone = complete().with(&questions, |asked| {
                if asked.name == question.name { input(&inputs)(asked) } else { AnswerInput::Absent }
            });
            let unanswered = question.required && input(&inputs)(question) == AnswerInput::Absent;
            prop_assert_eq!(alone.is_err() || unanswered, named.contains(&question.name.as_str()));
        }
    }

    #[test]
    fn an_update_keeps_absent_answers(inputs in inputs()) {
        let (questions, before) = (Questions::default(), complete());
        let Ok(after) = before.with(&questions, input(&inputs)) else { return Ok(()) };
        for question in &questions {
            if input(&inputs)(question) == AnswerInput::Absent {
                prop_assert_eq!(after.get(&question.name), before.get(&question.name));
            }
        }
        let again = after.with(&questions, input(&inputs));
        prop_assert_eq!(again.as_ref(), Ok(&after), "a second time changes nothing");
    }

    #[test]
    fn stored_answers_are_read_back(inputs in inputs()) {
        let questions = Questions::default();
        let Ok(answers) = Answers::accept(&questions, input(&inputs)) else { return Ok(()) };
        let stored = serde_json::to_string(&answers).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Answers>(&stored).unwrap(), &answers);
        let object = answers.object(&questions);
        let names: Vec<&String> = object.keys().collect();
        prop_assert_eq!(names, questions.iter().map(|question| &question.name).collect::<Vec<_>>());
        for (name, value) in &object {
            prop_assert_eq!(value.as_str(), answers.get(name));
        }
    }
}

#[test]
fn an_unanswered_question_is_null_on_the_wire() {
    let object = Answers::default().object(&Questions::default());
    assert!(object.len() == 4 && object.values().all(serde_json::Value::is_null));
}

#[test]
fn a_required_question_that_was_answered_cannot_be_cleared() {
    for input in
        [AnswerInput::Cleared, AnswerInput::Given(String::new()), AnswerInput::Given(" \u{a0}".into())]
    {
        let problems = complete().with(&Questions::default(), |_| input.clone()).unwrap_err();
        let expected =
            ["experienceLevel", "professionalRole"].map(|name| Problem::on(Code::MissingField, name));
        assert_eq!(problems.iter().cloned().collect::<Vec<_>>(), expected);
    }
}
