use rstest::rstest;
use std::sync::Arc;

use domain::{
    ClientInfo, ProfileChange, Settings, UpdateProfileError,
    contract::{
        AnswerInput, Answers, Code, Image, PersonName, Problem, Problems, Question, QuestionKind, Questions,
    },
};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, settings, sign_up};

fn named(name: &str) -> ProfileChange {
    ProfileChange { name: Some(PersonName::parse(name).unwrap()), ..ProfileChange::default() }
}

fn answered(question: &str, answer: &str) -> ProfileChange {
    let answers = vec![(question.to_owned(), AnswerInput::Given(answer.to_owned()))];
    ProfileChange { answers, ..ProfileChange::default() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_touches_what_it_names_and_nothing_else(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let before = book.reader("ada").await.user;
    book.ports.clock.advance_seconds(30);
    let mut change = answered("experienceLevel", "advanced");
    change.answers.push(("organization".into(), AnswerInput::Given("Analytical Society".into())));
    let changed = book.services.accounts.update_profile(&before, &change).await.unwrap();
    let stored = book.database.find_user(&before.id).await.unwrap().unwrap();
    for user in [changed, stored] {
        let answers =
            ["experienceLevel", "professionalRole", "organization"].map(|name| user.answers.get(name));
        assert_eq!(answers, [Some("advanced"), Some("student"), Some("Analytical Society")]);
        assert_eq!(
            (user.id, user.email, user.name),
            (before.id.clone(), before.email.clone(), before.name.clone())
        );
        assert_eq!(user.created_at, before.created_at);
        assert_eq!(user.updated_at, before.updated_at.plus_seconds(30));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_can_be_set_and_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    let image = Image::parse("https://example.com/ada.png").unwrap();
    let with = ProfileChange { image: Some(Some(image)), ..ProfileChange::default() };
    let user = book.services.accounts.update_profile(&user, &with).await.unwrap();
    assert_eq!(user.image.as_deref(), Some("https://example.com/ada.png"));
    let user = book.services.accounts.update_profile(&user, &named("Ada")).await.unwrap();
    assert!(user.image.is_some(), "a change of name leaves it");
    let without = ProfileChange { image: Some(None), ..ProfileChange::default() };
    let user = book.services.accounts.update_profile(&user, &without).await.unwrap();
    assert_eq!((user.image.as_deref(), user.name.as_str()), (None, "Ada"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_names_nothing_is_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    let mut absent = ProfileChange::default();
    absent.answers.push(("organization".into(), AnswerInput::Absent));
    for change in [ProfileChange::default(), absent] {
        let refused = book.services.accounts.update_profile(&user, &change).await.unwrap_err();
        assert!(matches!(refused, UpdateProfileError::NothingToChange), "{refused:?}");
        assert_eq!(Problems::from(refused), Problem::new(Code::NoFieldsToUpdate).into(), "{change:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_the_questions_do_not_accept_is_refused_and_nothing_is_stored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    let before = book.database.rows().await;
    let mut change = named("Ada");
    change.answers.push(("experienceLevel".into(), AnswerInput::Cleared));
    change.answers.push(("professionalRole".into(), AnswerInput::Given("wizard".into())));
    let refused = book.services.accounts.update_profile(&user, &change).await.unwrap_err();
    let codes: Vec<Code> = Problems::from(refused).iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::MissingField, Code::ValidationError]);
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_a_stale_profile_is_applied_to_the_newer_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let stale = book.reader("ada").await.user;
    book.services.accounts.update_profile(&stale, &named("Ada")).await.unwrap();
    let changed =
        book.services.accounts.update_profile(&stale, &answered("organization", "Press")).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.answers.get("organization")), ("Ada", Some("Press")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_changes_within_one_millisecond_are_both_applied(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let mut user = book.reader("ada").await.user;
    for name in ["A", "Ad", "Ada"] {
        let changed = book.services.accounts.update_profile(&user, &named(name)).await.unwrap();
        assert!(changed.updated_at > user.updated_at, "{name:?}");
        user = changed;
    }
    book.ports.clock.advance_seconds(-60);
    let changed = book.services.accounts.update_profile(&user, &named("Back")).await.unwrap();
    assert!(changed.updated_at > user.updated_at, "the clock went back");
}

/// Each changes another answer or the name, all from the same stale reading.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn none_of_twenty_concurrent_profile_changes_is_lost(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let question = |number: usize| Question {
        name: format!("answer{number}"),
        label: "Anything".into(),
        hint: None,
        purpose: None,
        required: false,
        kind: QuestionKind::Text { max: 20 },
        ask_when: None,
    };
    let questions = Arc::new(Questions::declare((1..20).map(question).collect()).unwrap());
    let book = Arc::new(Book::with(database, Settings { questions, ..settings() }).await);
    let command = domain::SignUp { answers: Answers::default(), ..sign_up("ada") };
    let user = book.services.accounts.sign_up(command, &ClientInfo::default()).await.unwrap().user;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (book, user) = (book.clone(), user.clone());
        tasks.spawn(async move {
            let change =
                if number == 0 { named("Ada") } else { answered(&format!("answer{number}"), "given") };
            book.services.accounts.update_profile(&user, &change).await.unwrap();
        });
    }
    tasks.join_all().await;
    let stored = book.database.find_user(&user.id).await.unwrap().unwrap();
    assert_eq!(stored.name, "Ada");
    let missing: Vec<_> =
        (1..20).filter(|number| stored.answers.get(&format!("answer{number}")).is_none()).collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_question_that_is_no_longer_asked_is_kept_and_not_shown(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    let fewer = Questions::default().iter().filter(|it| it.name != "experienceLevel").cloned().collect();
    let questions = Arc::new(Questions::declare(fewer).unwrap());
    let later = book.restarted(Settings { questions, ..settings() }).await;
    let changed = later.accounts.update_profile(&user, &named("Ada")).await.unwrap();
    assert_eq!(changed.answers.get("experienceLevel"), Some("beginner"));
    assert!(!later.user_body(&changed).answers.contains_key("experienceLevel"));
    assert_eq!(book.services.user_body(&changed).answers["experienceLevel"], "beginner", "asked again");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn profile_of_a_deleted_user_cannot_change(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    book.database.arrange("delete from bookplate_users").await;
    let refused = book.services.accounts.update_profile(&user, &named("Ada")).await.unwrap_err();
    assert_eq!(Problems::from(refused).first().code, Code::Unauthorized);
    assert_eq!(book.count("bookplate_users").await, 0);
}
