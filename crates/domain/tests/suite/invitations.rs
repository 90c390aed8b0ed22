//! Modes of sign-up, and invitations.

use domain::{
    AccountRules, ChangeEmailError, ClientInfo, EmailLinkOutcome, InviteError, Invited, NewInvitation,
    Settings, SignUp, SignUpError, SignUpMode,
    contract::{Email, Problems},
};
use rstest::rstest;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::book::{Book, DAY, email, settings, sign_up, strict};

fn with_mode(settings: Settings, mode: SignUpMode) -> Settings {
    let accounts = AccountRules { sign_up: mode, ..settings.accounts };
    Settings { accounts, ..settings }
}

fn domains() -> SignUpMode {
    SignUpMode::Domains(vec!["example.com".into(), "uni.example.edu".into()])
}

async fn invite(book: &Book, name: Option<&str>, uses: u32) -> Invited {
    let expires_at = book.services.cleanup.now().plus_seconds(7 * DAY);
    let new = NewInvitation { email: name.map(email), uses, expires_at, by_mail: true };
    book.services.invitations.create(new).await.unwrap()
}

async fn signs_up_with(book: &Book, name: &str, token: Option<&str>) -> Result<(), SignUpError> {
    let command = SignUp { invitation: token.map(str::to_owned), ..sign_up(name) };
    book.services.accounts.sign_up(command, &ClientInfo::default()).await.map(drop)
}

fn refusal(outcome: Result<(), SignUpError>) -> String {
    format!("{:?}", outcome.unwrap_err())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_used_no_more_often_than_it_allows_however_many_come_at_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(1, 3)] uses: u32,
) {
    let database = kind.migrated().await;
    let book = std::sync::Arc::new(Book::with(database, with_mode(settings(), SignUpMode::Invite)).await);
    let token = invite(&book, None, uses).await.link.token;
    let mut at_once = JoinSet::new();
    for number in 0..12 {
        let (book, token) = (std::sync::Arc::clone(&book), token.clone());
        at_once.spawn(async move { signs_up_with(&book, &format!("reader{number}"), Some(&token)).await });
    }
    let outcomes = at_once.join_all().await;
    let (opened, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(opened.len(), uses as usize);
    assert!(refused.into_iter().all(|outcome| refusal(outcome) == "InvalidInvitation"));
    assert_eq!(book.count("bookplate_users").await, i64::from(uses), "nothing is left of the others");
    assert_eq!(book.count("bookplate_invitations").await, 0, "one that is used up is gone");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_mode_admits_whom_it_says(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(settings(), SignUpMode::Invite)).await;
    let token = invite(&book, None, 9).await.link.token;
    let cases = [
        (SignUpMode::Open, None, ""),
        (SignUpMode::Open, Some("made up"), ""),
        (SignUpMode::Invite, None, "InvitationRequired"),
        (SignUpMode::Invite, Some("made up"), "InvalidInvitation"),
        (SignUpMode::Invite, Some(&*token), ""),
        (domains(), None, ""),
        (SignUpMode::Domains(vec!["example.org".into()]), None, "DomainNotAllowed"),
        (SignUpMode::Domains(vec!["mple.com".into()]), None, "DomainNotAllowed"),
        (SignUpMode::Domains(vec!["example.org".into()]), Some("made up"), "InvalidInvitation"),
        (SignUpMode::Domains(vec!["example.org".into()]), Some(&*token), ""),
        (SignUpMode::Closed, None, "Disabled"),
        (SignUpMode::Closed, Some(&*token), "Disabled"),
    ];
    for (number, (mode, token, refused)) in cases.into_iter().enumerate() {
        let services = book.restarted(with_mode(settings(), mode.clone())).await;
        let name = format!("reader{number}");
        let command = SignUp { invitation: token.map(str::to_owned), ..sign_up(&name) };
        let outcome = services.accounts.sign_up(command, &ClientInfo::default()).await;
        let said = outcome.err().map(|error| format!("{error:?}")).unwrap_or_default();
        assert_eq!(said, refused, "{mode:?} {token:?}");
    }
    let uses_left = "select uses_left from bookplate_invitations";
    assert_eq!(book.database.number(uses_left).await, 7, "used only where one was needed");
    let refused = "select count(*) from bookplate_events where kind = 'sign-up' and user_id is null
        and outcome in ('not-invited', 'invalid-invitation', 'other-domain', 'sign-up-disabled')";
    assert_eq!(book.database.number(refused).await, 7);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_no_refusal_tells_whether_an_address_has_an_account(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    for mode in [SignUpMode::Invite, SignUpMode::Closed, SignUpMode::Domains(vec!["example.org".into()])] {
        let services = book.restarted(with_mode(settings(), mode.clone())).await;
        for token in [None, Some("made up".to_owned())] {
            let hashed = book.ports.hasher.work().hashed;
            let mut said = Vec::new();
            for name in ["ada", "nobody"] {
                let command = SignUp { invitation: token.clone(), ..sign_up(name) };
                let refused = services.accounts.sign_up(command, &ClientInfo::default()).await.unwrap_err();
                said.push(Problems::from(refused));
            }
            assert_eq!(said[0], said[1], "{mode:?}");
            assert_eq!(book.ports.hasher.work().hashed, hashed, "no work is done for who may not sign up");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_an_invitation_cannot_be_tried_with_one_address_after_the_other(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(strict(), SignUpMode::Invite)).await;
    let first = invite(&book, None, 1).await.link.token;
    signs_up_with(&book, "ada", Some(&first)).await.unwrap();
    let second = invite(&book, None, 1).await.link.token;
    signs_up_with(&book, "ada", Some(&second)).await.unwrap();
    assert_eq!(refusal(signs_up_with(&book, "grace", Some(&second)).await), "InvalidInvitation");
    assert_eq!(book.count("bookplate_invitations").await, 0);
    assert_eq!(
        book.posted().await,
        [
            ("verify-email".into(), "ada@example.com".into()),
            ("sign-up-attempt".into(), "ada@example.com".into())
        ]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_for_an_address_opens_one_account_with_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(settings(), SignUpMode::Invite)).await;
    let replaced = invite(&book, Some("ada"), 1).await.link.token;
    let invited = invite(&book, Some("ada"), 5).await;
    assert!(invited.is_mailed && invited.invitation.uses_left == 1);
    let mails = book.mail().await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text.contains(&invited.link.url) && mails[1].to == "ada@example.com");
    assert_eq!(invited.link.url, format!("https://book.example/sign-up?token={}", invited.link.token));

    let token = &invited.link.token;
    assert_eq!(refusal(signs_up_with(&book, "eve", Some(token)).await), "InvalidInvitation");
    assert_eq!(refusal(signs_up_with(&book, "ada", Some(&replaced)).await), "InvalidInvitation");
    signs_up_with(&book, "ada", Some(token)).await.unwrap();
    assert_eq!(book.count("bookplate_invitations").await, 0);
    assert_eq!(refusal(signs_up_with(&book, "ada", Some(token)).await), "InvalidInvitation");
    let expires_at = book.services.cleanup.now().plus_seconds(DAY);
    let again = NewInvitation { email: Some(email("ada")), uses: 1, expires_at, by_mail: true };
    assert!(matches!(book.services.invitations.create(again).await, Err(InviteError::EmailTaken)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_10_an_invitation_is_stored_as_a_hash_expires_and_is_withdrawn(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(settings(), SignUpMode::Invite)).await;
    let [old, grace, any] = [
        invite(&book, Some("ada"), 1).await,
        invite(&book, Some("grace"), 1).await,
        invite(&book, None, 2).await,
    ];
    for invited in [&old, &grace, &any] {
        assert_eq!(book.database.rows_holding(&invited.link.token).await, Vec::<String>::new());
    }
    let invitations = &book.services.invitations;
    assert_eq!(invitations.list().await.unwrap().len(), 3);
    assert_eq!(invitations.revoke("Grace@example.com").await.unwrap(), grace.invitation);
    assert_eq!(refusal(signs_up_with(&book, "grace", Some(&grace.link.token)).await), "InvalidInvitation");
    assert!(matches!(invitations.revoke("grace@example.com").await, Err(InviteError::Unknown)));
    assert!(matches!(invitations.revoke(&any.invitation.id[..5]).await, Err(InviteError::Unknown)));
    assert_eq!(invitations.revoke(&any.invitation.id[..12]).await.unwrap(), any.invitation);
    let kinds =
        "select count(*) from bookplate_events where user_id is null and outcome = 'done' and kind = ";
    assert_eq!(book.database.number(&format!("{kinds}'invitation'")).await, 3);
    assert_eq!(book.database.number(&format!("{kinds}'invitation-revocation'")).await, 2);

    book.ports.clock.advance_seconds(7 * DAY);
    assert_eq!(refusal(signs_up_with(&book, "ada", Some(&old.link.token)).await), "InvalidInvitation");
    assert!(invitations.find(&old.link.token).await.unwrap().is_none());
    assert!(invitations.list().await.unwrap().is_empty());
    assert_eq!(book.services.run_maintenance().await.unwrap().invitations, 1);
    assert_eq!(book.count("bookplate_invitations").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_made_only_where_one_is_needed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    for (mode, refused) in [
        (SignUpMode::Open, Some("NotNeeded")),
        (SignUpMode::Closed, Some("Closed")),
        (SignUpMode::Invite, None),
        (domains(), None),
    ] {
        let services = book.restarted(with_mode(settings(), mode)).await;
        let expires_at = services.cleanup.now().plus_seconds(DAY);
        let new = NewInvitation { email: None, uses: 1, expires_at, by_mail: true };
        let outcome = services.invitations.create(new.clone()).await;
        assert_eq!(outcome.err().map(|error| format!("{error:?}")).as_deref(), refused);
    }
    let services = book.restarted(with_mode(settings(), SignUpMode::Invite)).await;
    let expires_at = services.cleanup.now();
    let past = NewInvitation { email: None, uses: 1, expires_at, by_mail: true };
    assert!(matches!(services.invitations.create(past).await, Err(InviteError::Expired)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn where_accounts_are_for_domains_they_stay_there(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(strict(), domains())).await;
    let visit = book.browser();
    book.services.accounts.sign_up(sign_up("ada"), &visit).await.unwrap();
    let token = book.token_in("verify-email").await;
    let verified = book.services.accounts.verify_email(&token, "/", None, &visit).await.unwrap();
    assert!(matches!(verified, EmailLinkOutcome::Address { session: Some(_) }));
    let signed_in = book.enters("ada", &visit).await;
    let moves_to = async |address: &str| {
        let address = Email::parse(address).unwrap();
        book.services.accounts.change_email(&address, "/", &signed_in, &visit).await
    };
    assert!(matches!(moves_to("ada@example.org").await, Err(ChangeEmailError::DomainNotAllowed)));
    moves_to("ada@uni.example.edu").await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_address_invited_after_its_account_moved_there_is_forgotten_with_the_account(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_mode(settings(), SignUpMode::Invite)).await;
    let token = invite(&book, Some("ada"), 1).await.link.token;
    signs_up_with(&book, "ada", Some(&token)).await.unwrap();
    invite(&book, Some("grace"), 1).await;
    book.mail().await;
    let moved = "update bookplate_users set email = 'grace@example.com'";
    book.database.arrange(moved).await;
    let ada = book.services.admin.find("grace@example.com").await.unwrap();
    book.services.admin.delete(&ada).await.unwrap();
    book.mail().await;
    assert_eq!(book.database.rows_holding("grace@example.com").await, Vec::<String>::new());
}
