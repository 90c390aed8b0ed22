use contract::{Question, QuestionKind, Questions};
use serde_json::{Value, json};

fn declared(declaration: Value) -> Result<Question, String> {
    serde_json::from_value(declaration).map_err(|error| error.to_string())
}

#[test]
fn a_bare_option_stands_for_its_value_and_its_label() {
    let question = declared(json!({
        "name": "level", "label": "Level?", "kind": "choice", "required": true,
        "options": ["beginner", { "value": "pro", "label": "I do this for a living" }, "écrivain"],
    }));
    let QuestionKind::Choice { options } = question.unwrap().kind else {
        unreachable!("declared as a choice")
    };
    let shown: Vec<_> = options.iter().map(|option| (option.value.as_str(), option.label.as_str())).collect();
    assert_eq!(
        shown,
        [("beginner", "Beginner"), ("pro", "I do this for a living"), ("écrivain", "Écrivain")]
    );
}

#[test]
fn an_unreadable_declaration_names_the_question_and_the_reason() {
    for (declaration, said) in [
        (json!({ "name": "a", "label": "A?", "kind": "choice" }), "question \"a\": a choice needs options"),
        (
            json!({ "name": "a", "label": "A?", "kind": "choice", "options": ["x"], "max": 3 }),
            "max belongs to a text",
        ),
        (
            json!({ "name": "a", "label": "A?", "kind": "text", "options": ["x"] }),
            "options belong to a choice",
        ),
        (
            json!({ "name": "a", "label": "A?", "kind": "number" }),
            "kind \"number\" is not known; use choice or text",
        ),
        (json!({ "name": "a", "label": "A?", "kind": "text", "requierd": true }), "unknown field `requierd`"),
        (json!({ "name": "a", "kind": "text" }), "missing field `label`"),
    ] {
        let error = declared(declaration).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn questions_that_do_not_fit_together_are_refused_with_every_mistake() {
    let text = |name: &str| json!({ "name": name, "label": "?", "kind": "text" });
    let dependent = |name: &str, question: &str, is: &str| json!({ "name": name, "label": "?", "kind": "text", "ask_when": { "question": question, "is": is } });
    let choice =
        json!({ "name": "craft", "label": "Craft?", "kind": "choice", "options": ["other", "student"] });
    for (declarations, said) in [
        (vec![text("email")], "this name has a meaning of its own"),
        (vec![text("sub")], "this name has a meaning of its own"),
        (vec![text("two words")], "letters and digits"),
        (vec![text("")], "letters and digits"),
        (vec![text("1st")], "letters and digits"),
        (vec![text("a"), text("a")], "declared twice"),
        (vec![dependent("more", "craft", "other"), choice.clone()], "an earlier choice"),
        (vec![choice.clone(), dependent("more", "craft", "nobody")], "one of its options"),
        (vec![text("free"), dependent("more", "free", "x")], "an earlier choice"),
        (vec![json!({ "name": "a", "label": " ", "kind": "text" })], "give it a label"),
        (vec![json!({ "name": "a", "label": "?", "kind": "text", "max": 0 })], "between 1 and 2000"),
        (
            vec![json!({ "name": "a", "label": "?", "kind": "choice", "options": [] })],
            "a choice needs options",
        ),
        (
            vec![json!({ "name": "a", "label": "?", "kind": "choice", "options": [""] })],
            "an option needs a value",
        ),
    ] {
        let questions = declarations.into_iter().map(|declaration| declared(declaration).unwrap()).collect();
        let mistakes = Questions::declare(questions).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(said)), "{said}: {mistakes:?}");
    }
    let fits = vec![declared(choice).unwrap(), declared(dependent("more", "craft", "other")).unwrap()];
    assert!(Questions::declare(fits).is_ok());
}

#[test]
fn the_questions_a_book_asks_by_default_could_be_declared() {
    let declared = Questions::declare(Questions::default().iter().cloned().collect());
    assert_eq!(declared.unwrap(), Questions::default());
}

#[test]
fn a_dependent_question_is_asked_when_its_answer_was_given() {
    let questions = Questions::default();
    let role_other = questions.iter().find(|question| question.name == "roleOther").unwrap();
    assert!(role_other.is_asked(|name| (name == "professionalRole").then_some("other")));
    assert!(!role_other.is_asked(|name| (name == "professionalRole").then_some("student")));
    assert!(!role_other.is_asked(|_| None));
}
