use domain::{
    AdminError, ClientInfo, NewUser, User,
    contract::{NewPassword, PersonName},
};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, email, sign_in};

fn new(name: &str, password: Option<&str>) -> NewUser {
    NewUser {
        email: email(name),
        name: PersonName::parse(name).unwrap(),
        password: password.map(|password| NewPassword::parse(password, NewPassword::MIN).unwrap()),
        email_verified: true,
    }
}

async fn made(book: &Book, name: &str, password: Option<&str>) -> User {
    book.services.admin.create(new(name, password)).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn account_created_by_the_operator_can_sign_in(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = made(&book, "ada", Some(PASSWORD)).await;
    book.ports.clock.advance_seconds(1);
    let signed_in = book.enters("ada", &ClientInfo::default()).await;
    assert_eq!(signed_in.user.id, user.id);
    assert!(signed_in.user.email_verified);
    assert_eq!(book.happened(&user.id).await[0], ("operator".to_owned(), "done".to_owned()));
    let access = book.services.admin.access(&user).await.unwrap();
    assert_eq!((access.methods.len(), access.sessions.len()), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn account_without_a_password_cannot_sign_in(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = made(&book, "ada", None).await;
    assert!(book.services.admin.access(&user).await.unwrap().methods.is_empty());
    assert!(book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.is_err());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn taken_address_is_reported_to_the_operator(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let before = book.database.rows().await;
    let refused = book.services.admin.create(new("ada", None)).await;
    assert!(matches!(refused, Err(AdminError::EmailTaken)), "{refused:?}");
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_is_found_by_email_or_id(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user;
    for whom in ["ada@example.com", "ADA@Example.com", &ada.id] {
        assert_eq!(book.services.admin.find(whom).await.unwrap().id, ada.id, "{whom}");
    }
    for whom in ["", "ada", "bob@example.com", "%"] {
        let refused = book.services.admin.find(whom).await;
        assert!(matches!(refused, Err(AdminError::Unknown)), "{whom}: {refused:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_is_found_by_an_id_that_looks_like_an_email(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user;
    let mut import = book.services.import.begin(false);
    let foreign = domain::ImportedUser {
        id: "bob@elsewhere.example".into(),
        email: "bob@example.com".into(),
        ..domain::ImportedUser::default()
    };
    import.take(foreign).await.unwrap();
    let found = book.services.admin.find("bob@elsewhere.example").await.unwrap();
    assert_eq!(found.email, "bob@example.com");
    assert_ne!(found.id, ada.id);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ban_ends_sessions_and_prevents_new_ones(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await;
    let bob = book.reader("bob").await;
    let until = domain::Clock::now(&*book.ports.clock).plus_seconds(60);
    book.services.admin.ban(&ada.user, Some("spam".into()), Some(until)).await.unwrap();
    assert!(!book.lives(&ada).await);
    assert!(book.lives(&bob).await);
    let enter =
        async || book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(enter().await.is_err());
    book.ports.clock.advance_seconds(60);
    enter().await.unwrap();

    book.services.admin.ban(&ada.user, None, None).await.unwrap();
    assert!(enter().await.is_err());
    book.services.admin.unban(&ada.user).await.unwrap();
    enter().await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_account_cannot_be_changed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user;
    book.services.admin.delete(&ada).await.unwrap();
    let operator = &book.services.admin;
    for refused in
        [operator.delete(&ada).await, operator.ban(&ada, None, None).await, operator.unban(&ada).await]
    {
        assert!(matches!(refused, Err(AdminError::Unknown)), "{refused:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_search_escapes_like_patterns(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    for name in ["ada_b", "adaxb", "carl"] {
        book.reader(name).await;
    }
    let found = async |search: &str| {
        let users = book.services.admin.list("", search, 9).await.unwrap();
        users.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(found("a_b").await, ["ada_b"]);
    assert_eq!(found("%").await, Vec::<String>::new());
    assert_eq!(found("!").await, Vec::<String>::new());
    assert_eq!(found("").await, ["ada_b", "adaxb", "carl"]);
}
