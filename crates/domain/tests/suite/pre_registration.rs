//! Sign-up with somebody else's address: what the owner does revokes the stranger's password.

use domain::{ClientInfo, EmailLinkKind, EmailLinkOutcome, SignIn, SignInError, SignUp};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, PASSWORD, new_password, sign_in, sign_up, strict};

const MALLORYS: &str = "a stranger's own choice";
const NEW: &str = "another good password";

fn by_mallory() -> SignUp {
    SignUp { password: new_password(MALLORYS), ..sign_up("ada") }
}

async fn comes_in(book: &Book, command: SignIn, visit: &ClientInfo) -> bool {
    match book.services.accounts.sign_in(command, visit).await {
        Ok(_) => true,
        Err(SignInError::WrongCredentials) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// Opens a link in a browser that the password was not given in: the token to set another with.
async fn told_to_set_another(book: &Book, token: &str, visit: &ClientInfo) -> String {
    match book.services.accounts.verify_email(token, "/", None, visit).await.unwrap() {
        EmailLinkOutcome::NewPasswordNeeded { token } => token,
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_pre_registered_password_is_revoked_when_the_owner_opens_the_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    let (mallorys, adas) = (book.browser(), book.browser());
    let user = book.services.accounts.sign_up(by_mallory(), &mallorys).await.unwrap().user;
    let token = book.token_in("verify-email").await;
    // Ada signs up, too, and is answered as if hers were the first.
    book.services.accounts.sign_up(sign_up("ada"), &adas).await.unwrap();
    assert_eq!(book.posted().await, [("sign-up-attempt".into(), "ada@example.com".into())]);
    let shut = book.services.accounts.sign_in(sign_in("ada", MALLORYS), &mallorys).await;
    assert!(matches!(shut, Err(SignInError::EmailNotVerified)), "{shut:?}");
    let token = match book.mail().await.as_slice() {
        [mail] => mail.link.as_ref().unwrap().token.clone(),
        mails => panic!("{token} is replaced by one: {mails:?}"),
    };
    assert!(!book.services.accounts.link_signs_in_this_browser(&token, &adas).await.unwrap());
    let reset = told_to_set_another(&book, &token, &adas).await;
    let stored = book.database.find_user(&user.id).await.unwrap().unwrap();
    assert!(stored.email_verified);
    assert_eq!((book.count("bookplate_sessions").await, book.count("bookplate_devices").await), (0, 0));

    assert!(!comes_in(&book, sign_in("ada", MALLORYS), &mallorys).await, "before a new one is set");
    let again = book.services.accounts.verify_email(&token, "/", None, &mallorys).await.unwrap();
    assert!(matches!(again, EmailLinkOutcome::Address { session: None }), "{again:?}");
    book.services.accounts.reset_password(&reset, new_password(NEW), &adas).await.unwrap();
    assert!(!comes_in(&book, sign_in("ada", MALLORYS), &mallorys).await, "nor after it");
    assert!(comes_in(&book, sign_in("ada", NEW), &adas).await);
    let events = book.happened(&user.id).await;
    assert!(events.contains(&("email-verification".into(), "done".into())), "{events:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_in_another_browser_asks_for_a_new_password_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    book.services.accounts.sign_up(by_mallory(), &book.browser()).await.unwrap();
    let token = book.token_in("verify-email").await;
    let adas = book.browser();
    let reset = told_to_set_another(&book, &token, &adas).await;
    assert!(book.services.accounts.is_reset_link_valid(&reset).await.unwrap());
    assert!(book.database.rows_holding(&reset).await.is_empty(), "only its hash is stored");
    for visit in [&adas, &book.browser()] {
        let again = book.services.accounts.verify_email(&token, "/", None, visit).await.unwrap();
        assert!(matches!(again, EmailLinkOutcome::Address { session: None }), "{again:?}");
    }
    book.services.accounts.reset_password(&reset, new_password(NEW), &adas).await.unwrap();
    assert!(book.services.accounts.reset_password(&reset, new_password(PASSWORD), &adas).await.is_err());
    assert_eq!(book.count("bookplate_sessions").await, 0);
    assert!(comes_in(&book, sign_in("ada", NEW), &adas).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_signs_in_no_client_without_a_device_cookie(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    book.services.accounts.sign_up(sign_up("ada"), &ClientInfo::default()).await.unwrap();
    let token = book.token_in("verify-email").await;
    told_to_set_another(&book, &token, &ClientInfo::default()).await;
    assert!(!comes_in(&book, sign_in("ada", PASSWORD), &ClientInfo::default()).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn browser_that_gave_the_password_later_is_signed_in_by_the_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    book.services.accounts.sign_up(sign_up("ada"), &book.browser()).await.unwrap();
    book.mail().await;
    let second = book.browser();
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &second).await;
    assert!(matches!(refused, Err(SignInError::EmailNotVerified)), "{refused:?}");
    let token = book.token_in("verify-email").await;
    assert!(book.services.accounts.link_signs_in_this_browser(&token, &second).await.unwrap());
    let opened = book.services.accounts.verify_email(&token, "/", None, &second).await.unwrap();
    assert!(matches!(opened, EmailLinkOutcome::Address { session: Some(_) }), "{opened:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn browser_with_a_wrong_password_is_not_signed_in_by_the_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, strict()).await;
    book.services.accounts.sign_up(by_mallory(), &book.browser()).await.unwrap();
    let token = book.token_in("verify-email").await;
    let adas = book.browser();
    assert!(!comes_in(&book, sign_in("ada", PASSWORD), &adas).await);
    assert!(!book.services.accounts.link_signs_in_this_browser(&token, &adas).await.unwrap());
    told_to_set_another(&book, &token, &adas).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn inspecting_a_link_does_not_consume_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let accounts = &book.services.accounts;
    let wanted = crate::fixtures::book::email("lovelace");
    let visit = ClientInfo::default();
    let token = book.token_in("verify-email").await;
    assert_eq!(accounts.inspect_link(&token).await.unwrap(), EmailLinkKind::Address);
    accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    let signed_in = book.resolve(&signed_in, domain::Renewal::Never).await.unwrap().signed_in;
    accounts.change_email(&wanted, "/", &signed_in, &visit).await.unwrap();
    let new = || "lovelace@example.com".to_owned();
    for (kind, meaning) in
        [("change-email", EmailLinkKind::MoveTo(new())), ("verify-email", EmailLinkKind::NewAddress(new()))]
    {
        let token = book.token_in(kind).await;
        let before = book.database.rows().await;
        assert_eq!(accounts.inspect_link(&token).await.unwrap(), meaning);
        assert_eq!(book.database.rows().await, before);
        accounts.verify_email(&token, "/", None, &visit).await.unwrap();
        assert!(accounts.inspect_link(&token).await.is_err(), "{kind}: spent");
    }
    accounts.request_password_reset(&wanted, "/", &visit).await.unwrap();
    let reset = book.token_in("reset-password").await;
    assert!(accounts.inspect_link(&reset).await.is_err(), "that is another page's");
}
