//! Reset links, bans and deletions by the operator.

use domain::{
    AdminError, ClientInfo, NewUser, SignInError,
    contract::{Email, PersonName},
};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, email, new_password, sign_in};

fn new(name: &str) -> NewUser {
    NewUser {
        email: email(name),
        name: PersonName::parse(name).unwrap(),
        password: Some(new_password(PASSWORD)),
        email_verified: true,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn account_without_a_password_gets_one_with_a_reset_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let without = NewUser { password: None, email_verified: false, ..new("ada") };
    let user = book.services.admin.create(without).await.unwrap();
    let shut = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    assert!(matches!(shut, Err(SignInError::WrongCredentials)), "{shut:?}");
    let token = book.services.admin.reset_token(&user).await.unwrap();
    assert!(book.services.accounts.is_reset_link_valid(&token).await.unwrap());
    book.services
        .accounts
        .reset_password(&token, new_password(PASSWORD), &ClientInfo::default())
        .await
        .unwrap();
    let entered = book.enters("ada", &ClientInfo::default()).await;
    assert!(!entered.user.email_verified, "whoever the operator gave it to need not have the mailbox");
    let events = book.happened(&user.id).await;
    assert_eq!(events.iter().filter(|(kind, _)| kind == "operator-link").count(), 1, "{events:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_ban_ends_every_session_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (first, second) = (book.reader("ada").await, book.enters("ada", &ClientInfo::default()).await);
    let grace = book.reader("grace").await;
    book.services.admin.ban(&first.user, Some("spam".into()), None).await.unwrap();
    assert!(!book.lives(&first).await && !book.lives(&second).await && book.lives(&grace).await);
    assert!(book.services.admin.access(&first.user).await.unwrap().sessions.is_empty());
    book.services.admin.unban(&first.user).await.unwrap();
    assert!(!book.lives(&first).await, "ended is ended");
    book.enters("ada", &ClientInfo::default()).await;
    let events = book.happened(&first.user.id).await;
    assert!(
        events.contains(&("ban".into(), "done".into())) && events.contains(&("unban".into(), "done".into()))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleted_user_is_notified_by_mail(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    book.services.admin.delete(&signed_in.user).await.unwrap();
    assert!(!book.lives(&signed_in).await);
    assert!(book.database.rows_holding(&signed_in.user.id).await.is_empty());
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
    let before = book.database.rows().await;
    for again in [
        book.services.admin.delete(&signed_in.user).await,
        book.services.admin.ban(&signed_in.user, None, None).await,
        book.services.admin.unban(&signed_in.user).await,
    ] {
        assert!(matches!(again, Err(AdminError::Unknown)), "{again:?}");
    }
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_an_operators_reset_link_invalidates_older_ones(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    book.mail().await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &ClientInfo::default()).await.unwrap();
    let mailed = book.token_in("reset-password").await;
    let older = book.services.admin.reset_token(&user).await.unwrap();
    let newer = book.services.admin.reset_token(&user).await.unwrap();
    for (token, good) in [(&mailed, false), (&older, false), (&newer, true)] {
        assert_eq!(
            book.services.accounts.is_reset_link_valid(token).await.unwrap(),
            good,
            "{token:?} {good:?}"
        );
        assert!(book.database.rows_holding(token).await.is_empty(), "only its hash is stored");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_search_is_case_insensitive(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let user = book.services.admin.create(NewUser { name: PersonName::parse("Ada L").unwrap(), ..new("x") });
    let user = user.await.unwrap();
    for search in ["ada", "ADA", "X@EXAMPLE", "x@example"] {
        let found = book.services.admin.list("", search, 9).await.unwrap();
        assert_eq!(
            found.into_iter().map(|user| user.id).collect::<Vec<_>>(),
            std::slice::from_ref(&user.id),
            "{search}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_search_finds_a_domain_and_a_name_in_any_script(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let of = |address: &str, name: &str| NewUser {
        email: Email::parse(address).unwrap(),
        name: PersonName::parse(name).unwrap(),
        ..new("x")
    };
    for (address, name) in [
        ("name@почта.рф", "Имя"),
        ("ada@bücher.example", "Ada"),
        ("zoe@example.com", "Zoë Ångström"),
        ("carl@example.com", "Carl"),
        // Letters of two scripts: the domain is shown in ASCII, and found by that alone.
        ("eve@xn--pple-43d.com", "Eve"),
    ] {
        book.services.admin.create(of(address, name)).await.unwrap();
    }
    for (search, found) in [
        ("почта", "Имя"),
        ("ПОЧТА.РФ", "Имя"),
        ("оч", "Имя"),
        ("name@почта.рф", "Имя"),
        ("@почта", "Имя"),
        ("xn--80a1acny", "Имя"),
        ("имя", "Имя"),
        ("bücher", "Ada"),
        ("bu\u{308}cher", "Ada"),
        ("cher.ex", "Ada"),
        ("xn--bcher", "Ada"),
        ("ZOË", "Zoë Ångström"),
        ("ångstr", "Zoë Ångström"),
        ("A\u{30a}ngström", "Zoë Ångström"),
        ("xn--pple", "Eve"),
        ("аpple", ""),
        ("почта.com", ""),
    ] {
        let users = book.services.admin.list("", search, 9).await.unwrap();
        let names: Vec<_> = users.into_iter().map(|user| user.name).collect();
        assert_eq!(names.join(", "), found, "{search}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_search_goes_on_until_it_has_found_as_many_as_asked_for(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    // More than are read at once, all of which have to be compared.
    for number in 0..1100 {
        let email = Email::parse(&format!("r{number:04}@bücher.example")).unwrap();
        let name = PersonName::parse(if number % 500 == 7 { "Zoë" } else { "Ada" }).unwrap();
        book.services
            .admin
            .create(NewUser { email, name, password: None, email_verified: true })
            .await
            .unwrap();
    }
    let found = async |after: &str, search: &str, limit: u32| -> Vec<String> {
        let users = book.services.admin.list(after, search, limit).await.unwrap();
        users.iter().map(|user| user.email.chars().take(5).collect()).collect()
    };
    assert_eq!(found("", "zoë", 9).await, ["r0007", "r0507", "r1007"]);
    assert_eq!(found("", "zoë", 2).await, ["r0007", "r0507"]);
    assert_eq!(found("r0507@xn--bcher-kva.example", "zoë", 2).await, ["r1007"]);
    assert_eq!(found("", "@bücher", 2000).await.len(), 1100);
    assert_eq!(found("", "nobody", 9).await, Vec::<String>::new());
}
