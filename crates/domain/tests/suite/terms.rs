//! Accepting the author's terms.

use std::sync::Arc;

use domain::{
    AcceptTermsError, AccountRules, ClientInfo, EmailLinkOutcome, ImportedUser, NewInvitation, NewUser,
    Services, Settings, SignUp, SignUpError, SignUpMode, SignedIn, User,
    contract::{Code, PersonName, VerificationCode},
};
use rstest::rstest;
use testkit::{FastHasher, databases::Kind};

use crate::{
    data_export::copy,
    fixtures::book::{Book, DAY, PASSWORD, email, entered, settings, sign_up, strict},
};

fn asking(settings: Settings, version: &str) -> Settings {
    let accounts = AccountRules { terms_version: Some(version.to_owned()), ..settings.accounts };
    Settings { accounts, ..settings }
}

/// A sign-up that accepts the terms, naming the version that was shown or not.
fn accepting(name: &str, version: Option<&str>) -> SignUp {
    SignUp { accepted_terms: true, terms_version: version.map(str::to_owned), ..sign_up(name) }
}

async fn asked(services: &Services, user: &User) -> bool {
    services.accounts.must_accept_terms(user).await.unwrap()
}

async fn accepted(book: &Book, signed_in: &SignedIn) -> Vec<(String, i64)> {
    let terms = book.services.accounts.accepted_terms(&signed_in.user).await.unwrap();
    terms.into_iter().map(|terms| (terms.version, terms.accepted_at.millis())).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn sign_up_records_which_version_was_accepted_and_when(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, asking(settings(), "2026-11-30")).await;
    let other_version = accepting("ada", Some("2025-01-01"));
    let unticked = SignUp { terms_version: Some("2026-11-30".into()), ..sign_up("ada") };
    for wrong in [sign_up("ada"), unticked, accepting("ada", Some("")), other_version] {
        let said = format!("{wrong:?}");
        match book.services.accounts.sign_up(wrong, &ClientInfo::default()).await {
            Err(SignUpError::TermsNotAccepted(problem)) => {
                let expected = (Code::TermsNotAccepted, Some("acceptedTerms"));
                assert_eq!((problem.code, problem.field.as_deref()), expected, "{said}");
            }
            other => panic!("{said}: {other:?}"),
        }
    }
    assert_eq!(book.count("bookplate_users").await, 0);
    for (name, version) in [("ada", Some("2026-11-30")), ("grace", None)] {
        let command = accepting(name, version);
        let reader = entered(book.services.accounts.sign_up(command, &ClientInfo::default()).await.unwrap());
        assert!(!asked(&book.services, &reader.user).await, "{name}");
        let moment = reader.user.created_at;
        assert_eq!(accepted(&book, &reader).await, [("2026-11-30".to_owned(), moment.millis())]);
        let exported = copy(&book, &reader).await.accepted_terms;
        let exported: Vec<_> =
            exported.iter().map(|terms| (terms.version.as_str(), terms.accepted_at)).collect();
        assert_eq!(exported, [("2026-11-30", moment)]);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn without_terms_to_accept_nothing_is_asked_and_nothing_recorded(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::open(kind.migrated().await).await;
    for command in [sign_up("ada"), accepting("grace", Some("1"))] {
        let reader = entered(book.services.accounts.sign_up(command, &ClientInfo::default()).await.unwrap());
        assert!(!asked(&book.services, &reader.user).await);
        let refused = book.services.accounts.accept_terms("1", &reader.user, &ClientInfo::default()).await;
        assert!(matches!(refused, Err(AcceptTermsError::OtherVersion)));
    }
    assert_eq!(book.count("bookplate_accepted_terms").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_older_account_is_asked_once_and_again_when_the_version_changes(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await;
    assert!(!asked(&book.services, &ada.user).await, "nothing is asked for");
    let visit = ClientInfo::default();
    for version in ["1", "2"] {
        book.ports.clock.advance_seconds(DAY);
        let services = book.restarted(asking(settings(), version)).await;
        assert!(asked(&services, &ada.user).await, "{version}");
        for wrong in ["0", "", "3"] {
            let refused = services.accounts.accept_terms(wrong, &ada.user, &visit).await;
            assert!(matches!(refused, Err(AcceptTermsError::OtherVersion)), "{wrong}");
        }
        for _ in 0..2 {
            services.accounts.accept_terms(version, &ada.user, &visit).await.unwrap();
        }
        assert!(!asked(&services, &ada.user).await, "{version}");
    }
    let events = book.happened(&ada.user.id).await;
    assert_eq!(events.iter().filter(|(kind, _)| kind == "terms-acceptance").count(), 2, "once for each");
    let moment = |days| ada.user.created_at.plus_seconds(days * DAY).millis();
    assert_eq!(accepted(&book, &ada).await, [("1".to_owned(), moment(1)), ("2".to_owned(), moment(2))]);
    let earlier = book.restarted(asking(settings(), "1")).await;
    assert!(!asked(&earlier, &ada.user).await, "a version that was accepted once stays accepted");
    book.services.admin.delete(&ada.user).await.unwrap();
    assert_eq!(book.count("bookplate_accepted_terms").await, 0);
    let services = book.restarted(asking(settings(), "3")).await;
    services.accounts.accept_terms("3", &ada.user, &visit).await.unwrap();
    assert_eq!(book.count("bookplate_accepted_terms").await, 0, "nothing of an account that is gone");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn terms_accepted_several_times_at_once_are_recorded_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Arc::new(Book::with(kind.migrated().await, asking(settings(), "1")).await);
    let ada = book.services.admin.create(new("ada")).await.unwrap();
    let accept = |book: Arc<Book>, ada: User| async move {
        book.services.accounts.accept_terms("1", &ada, &ClientInfo::default()).await.unwrap();
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(accept(Arc::clone(&book), ada.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(book.count("bookplate_accepted_terms").await, 1);
    let events = book.happened(&ada.id).await;
    assert_eq!(events.iter().filter(|(kind, _)| kind == "terms-acceptance").count(), 1);
}

fn new(name: &str) -> NewUser {
    NewUser {
        email: email(name),
        name: PersonName::parse(name).unwrap(),
        password: None,
        email_verified: true,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_imported_or_made_by_the_operator_has_accepted_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, asking(settings(), "1")).await;
    let mut import = book.services.import.begin(false);
    let imported = ImportedUser {
        id: "id-of-ada".into(),
        email: "ada@example.com".into(),
        email_verified: true,
        password: Some(FastHasher::former(PASSWORD)),
        ..ImportedUser::default()
    };
    import.take(imported).await.unwrap();
    assert_eq!(import.finish().imported, 1);
    let ada = book.enters("ada", &ClientInfo::default()).await;
    let grace = book.services.admin.create(new("grace")).await.unwrap();
    assert_eq!(book.count("bookplate_accepted_terms").await, 0);
    for user in [&ada.user, &grace] {
        assert!(asked(&book.services, user).await, "{}", user.email);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_not_used_up_by_a_sign_up_that_accepts_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let settings = settings();
    let accounts = AccountRules { sign_up: SignUpMode::Invite, ..settings.accounts };
    let book = Book::with(kind.migrated().await, asking(Settings { accounts, ..settings }, "1")).await;
    let expires_at = book.services.cleanup.now().plus_seconds(DAY);
    let new = NewInvitation { email: None, uses: 1, expires_at, by_mail: false };
    let token = book.services.invitations.create(new).await.unwrap().link.token;
    let invited = |command: SignUp| SignUp { invitation: Some(token.clone()), ..command };
    let visit = ClientInfo::default();
    let refused = book.services.accounts.sign_up(invited(sign_up("ada")), &visit).await;
    assert!(matches!(refused, Err(SignUpError::TermsNotAccepted(_))));
    let ada = book.services.accounts.sign_up(invited(accepting("ada", Some("1"))), &visit).await;
    assert!(!asked(&book.services, &ada.unwrap().user).await);
    let refused = book.services.accounts.sign_up(accepting("grace", Some("1")), &visit).await;
    assert!(matches!(refused, Err(SignUpError::InvitationRequired)), "accepting terms is no invitation");
    assert_eq!(book.count("bookplate_accepted_terms").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_accepted_at_sign_up_is_not_asked_after_the_link_or_the_code_of_the_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with(kind.migrated().await, asking(strict(), "1")).await;
    for (name, by_code) in [("ada", false), ("grace", true)] {
        let browser = book.browser();
        book.services.accounts.sign_up(accepting(name, Some("1")), &browser).await.unwrap();
        let mails = book.mail().await;
        let link = mails[0].link.as_ref().unwrap();
        let outcome = if by_code {
            let code = VerificationCode::parse(link.code.as_deref().unwrap()).unwrap();
            book.services.accounts.verify_email_code(&code, None, &browser).await.unwrap()
        } else {
            book.services.accounts.verify_email(&link.token, "/", None, &browser).await.unwrap()
        };
        assert!(matches!(outcome, EmailLinkOutcome::Address { session: Some(_) }), "{name}: {outcome:?}");
        let user = book.services.admin.find(&format!("{name}@example.com")).await.unwrap();
        assert!(!asked(&book.services, &user).await, "{name}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_accepting_terms_does_not_tell_whether_an_address_is_taken(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, asking(strict(), "1")).await;
    for _ in 0..2 {
        let refused = book.services.accounts.sign_up(sign_up("ada"), &book.browser()).await;
        assert!(matches!(refused, Err(SignUpError::TermsNotAccepted(_))));
        let accepted = book.services.accounts.sign_up(accepting("ada", Some("1")), &book.browser()).await;
        assert!(accepted.unwrap().session.is_none());
    }
    let newer = book.restarted(asking(strict(), "2")).await;
    newer.accounts.sign_up(accepting("ada", Some("2")), &book.browser()).await.unwrap();
    let counts = (book.count("bookplate_users").await, book.count("bookplate_accepted_terms").await);
    assert_eq!(counts, (1, 1), "nobody accepts for the owner of an address");
}
