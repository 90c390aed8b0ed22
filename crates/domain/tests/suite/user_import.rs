use domain::{
    ClientInfo, ForeignBan, HashKind, ImportReport, ImportedUser, SkipReason,
    contract::{Code, PasswordAttempt, Problem, Problems, Timestamp},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{FastHasher, databases::Kind};

use crate::fixtures::book::{Book, PASSWORD, sign_in};

const LONG_AGO: Timestamp = Timestamp::from_millis(1_500_000_000_123);

fn foreign(name: &str) -> ImportedUser {
    ImportedUser {
        id: format!("id-of-{name}"),
        email: format!("{name}@example.com"),
        email_verified: true,
        name: name.to_owned(),
        created_at: Some(LONG_AGO),
        password: Some(FastHasher::former(PASSWORD)),
        fields: fields(&[("experienceLevel", json!("beginner")), ("professionalRole", json!("student"))]),
        ..ImportedUser::default()
    }
}

fn fields(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

async fn run(book: &Book, dry_run: bool, readers: &[ImportedUser]) -> ImportReport {
    let mut import = book.services.import.begin(dry_run);
    for reader in readers {
        import.take(reader.clone()).await.unwrap();
    }
    import.finish()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn imported_user_signs_in_with_the_old_password_and_is_rehashed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let reader = ImportedUser { email: "Ada@Example.com".into(), ..foreign("ada") };
    let report = run(&book, false, &[reader]).await;
    assert_eq!((report.found, report.imported, report.passwords.scrypt), (1, 1, 1));
    let stored = book.database.find_password("id-of-ada").await.unwrap();
    assert_eq!(stored, Some(FastHasher::former(PASSWORD)));

    let signed_in = book.enters("ada", &ClientInfo::default()).await;
    let user = signed_in.user;
    assert_eq!((user.id.as_str(), user.email.as_str()), ("id-of-ada", "ada@example.com"));
    assert_eq!((user.created_at, user.updated_at), (LONG_AGO, LONG_AGO));
    assert!(user.email_verified);
    assert_ne!(book.database.find_password("id-of-ada").await.unwrap(), stored);
    book.enters("ada", &ClientInfo::default()).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_the_same_and_writes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("here").await;
    let readers = [
        foreign("ada"),
        ImportedUser { email: "ADA@example.com".into(), ..foreign("twin") },
        foreign("here"),
        ImportedUser { email: "odd".into(), ..foreign("odd") },
    ];
    let before = book.database.rows().await;
    let dry = run(&book, true, &readers).await;
    assert_eq!(book.database.rows().await, before);
    assert!(dry.dry_run);
    assert_eq!((dry.imported, dry.left_out.len()), (1, 3));
    let wet = run(&book, false, &readers).await;
    assert_eq!(ImportReport { dry_run: true, ..wet }, dry);
    assert_eq!(book.count("bookplate_users").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn existing_users_are_not_changed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    run(&book, false, &[foreign("ada")]).await;
    book.enters("ada", &ClientInfo::default()).await;
    let before = book.database.rows().await;
    for dry_run in [true, false] {
        let changed = ImportedUser { name: "Another name".into(), ..foreign("ada") };
        let report = run(&book, dry_run, &[changed]).await;
        let expected = ImportReport { dry_run, found: 1, already_there: 1, ..ImportReport::default() };
        assert_eq!(report, expected, "{dry_run:?}");
    }
    assert_eq!(book.database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unusable_users_are_skipped_with_a_reason(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("taken").await;
    let with_id = |id: &str| ImportedUser { id: id.to_owned(), ..foreign("ada") };
    let with_email = |email: &str| ImportedUser { email: email.to_owned(), ..foreign("ada") };
    for (reader, why) in [
        (with_id(""), SkipReason::Id),
        (with_id("two words"), SkipReason::Id),
        (with_id("nul\0"), SkipReason::Id),
        (with_id(&"i".repeat(256)), SkipReason::Id),
        (with_email(""), SkipReason::Address),
        (with_email("ada@localhost"), SkipReason::Address),
        (with_email("ädä@example.com"), SkipReason::Address),
        (with_email("TAKEN@example.com"), SkipReason::AddressTaken),
    ] {
        let report = run(&book, false, std::slice::from_ref(&reader)).await;
        assert_eq!(report.left_out.len(), 1, "{reader:?}");
        let left_out = &report.left_out[0];
        assert_eq!(
            (&left_out.id, &left_out.email, left_out.reason),
            (&reader.id, &reader.email, why),
            "{why:?}"
        );
        assert_eq!((report.found, report.imported), (1, 0), "{why:?}");
    }
    assert_eq!(book.count("bookplate_users").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn users_without_an_address_of_their_own_are_counted_and_not_listed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let with = |name: &str, email: &str, pairs: &[(&str, Value)]| ImportedUser {
        email: email.to_owned(),
        fields: fields(pairs),
        ..foreign(name)
    };
    let phone = ("phoneNumber", json!("+49 30 123456"));
    let readers = [
        with("a", "temp-8f2k@example.com", &[("isAnonymous", json!(true))]),
        with("b", "temp-9c1d@localhost", &[("is_anonymous", json!(true))]),
        with("c", "+4930123456@book.example.org", std::slice::from_ref(&phone)),
        with("d", "", &[("phone_number", json!("+4930654321"))]),
        with("e", "grace@example.com", &[phone, ("isAnonymous", json!(false))]),
        with("f", "hopper1906@example.com", &[("phoneNumber", json!(null))]),
    ];
    for dry_run in [true, false] {
        let report = run(&book, dry_run, &readers).await;
        assert_eq!((report.found, report.imported, report.left_out.len()), (6, 2, 0), "{dry_run}");
        assert_eq!((report.anonymous, report.phone_only), (2, 2), "{dry_run}");
    }
    assert_eq!(book.count("bookplate_users").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_internationalised_address_is_imported_in_ascii_and_as_one_account(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let with = |name: &str, email: &str| ImportedUser { email: email.to_owned(), ..foreign(name) };
    let readers = [with("a", "name@почта.рф"), with("b", "Name@xn--80a1acny.xn--p1ai")];
    let report = run(&book, false, &readers).await;
    assert_eq!((report.imported, report.left_out[0].reason), (1, SkipReason::AddressTaken));
    let user = book.database.find_user("id-of-a").await.unwrap().unwrap();
    assert_eq!(user.email, "name@xn--80a1acny.xn--p1ai");
}

/// Passwords that normalisation changes: a combining accent, an ellipsis, full-width letters, a no-break space.
const TYPED: [&str; 4] =
    ["cafe\u{301}-haus-7", "more\u{2026}later-7", "\u{ff50}ass-haus-7", "no\u{a0}break-haus"];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_a_password_as_it_was_typed_opens_and_is_renewed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    for typed in TYPED {
        let book = Book::open(kind.migrated().await).await;
        let reader = ImportedUser { password: Some(FastHasher::former(typed)), ..foreign("ada") };
        run(&book, false, &[reader]).await;
        book.services.run_maintenance().await.unwrap();
        let accounts = &book.services.accounts;
        let wrong = accounts.sign_in(sign_in("ada", "no\u{a0}such-password"), &ClientInfo::default()).await;
        assert!(wrong.is_err(), "{typed:?}");
        let signed_in = accounts.sign_in(sign_in("ada", typed), &ClientInfo::default()).await.unwrap();
        let attempt = PasswordAttempt::parse(typed).unwrap();
        accounts.check_password(&attempt, &signed_in, &ClientInfo::default()).await.unwrap();
        let stored = book.database.find_password("id-of-ada").await.unwrap().unwrap();
        assert!(stored.starts_with("$fast$"), "{stored}");
        book.services.run_maintenance().await.unwrap();
        accounts.sign_in(sign_in("ada", typed), &ClientInfo::default()).await.unwrap();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_01_what_was_typed_is_tried_for_unknown_addresses_alike_and_only_while_it_can_help(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let tried = async |name: &str, typed: &str| {
        let before = book.ports.hasher.compared().len();
        let failed = book.services.accounts.sign_in(sign_in(name, typed), &ClientInfo::default()).await;
        assert!(failed.is_err(), "{name} {typed:?}");
        let mut kinds = book.ports.hasher.compared().split_off(before);
        kinds.sort_unstable();
        kinds
    };
    let plain = "plain-haus-7";
    assert_eq!(tried("nobody", TYPED[0]).await, [HashKind::Argon2id], "no foreign hash is there");
    let bcrypt = format!("$2b$10${}", "./aZ09".repeat(9).split_at(53).0);
    let other = ImportedUser { password: Some(bcrypt), ..foreign("other") };
    run(&book, false, &[foreign("former"), other]).await;
    book.services.run_maintenance().await.unwrap();
    let once = [HashKind::Argon2id, HashKind::Scrypt, HashKind::Bcrypt { cost: 10 }];
    let twice = once.iter().flat_map(|kind| [*kind, *kind]).collect::<Vec<_>>();
    for name in ["nobody", "former", "other"] {
        assert_eq!(tried(name, plain).await, once, "{name}");
        assert_eq!(tried(name, TYPED[0]).await, twice, "{name}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_a_question_accepts_are_kept_and_the_others_are_counted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = fields(&[
        ("experience_level", json!("advanced")),
        ("professionalRole", json!("other")),
        ("roleOther", json!("binder")),
        ("organization", json!(1842)),
        ("favouriteColour", json!("brass")),
        ("twoFactorEnabled", json!(false)),
        ("nickname", json!(null)),
    ]);
    let bob = fields(&[
        ("experienceLevel", json!("wizard")),
        ("professionalRole", json!("student")),
        ("roleOther", json!("two\nlines")),
        ("organization", json!("  ")),
        ("favouriteColour", json!("green")),
    ]);
    let readers =
        [ImportedUser { fields: ada, ..foreign("ada") }, ImportedUser { fields: bob, ..foreign("bob") }];
    let report = run(&book, false, &readers).await;

    let answers = async |id: &str| {
        let user = book.database.find_user(id).await.unwrap().unwrap();
        Value::Object(user.answers.object(&book.services.questions))
    };
    let expected = json!({
        "experienceLevel": "advanced", "professionalRole": "other", "roleOther": "binder", "organization": "1842",
    });
    assert_eq!(answers("id-of-ada").await, expected);
    let expected = json!({
        "experienceLevel": null, "professionalRole": "student", "roleOther": null, "organization": null,
    });
    assert_eq!(answers("id-of-bob").await, expected);
    let counts = serde_json::to_value(&report.answers).unwrap();
    let expected = json!({
        "experienceLevel": { "kept": 1, "refused": 1, "missing": 1, "refusedValues": { "wizard": 1 } },
        "organization": { "kept": 1, "refused": 0, "missing": 0 },
        "professionalRole": { "kept": 2, "refused": 0, "missing": 0 },
        "roleOther": { "kept": 1, "refused": 1, "missing": 0 },
    });
    assert_eq!(counts, expected);
    assert_eq!(report.fields_not_kept.into_iter().collect::<Vec<_>>(), [("favouriteColour".into(), 2)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unknown_password_hash_is_dropped(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let bcrypt = format!("$2b$10${}", "./aZ09".repeat(9).split_at(53).0);
    let greedy = "$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5";
    let readers: Vec<ImportedUser> = [Some("md5:abc"), Some(greedy), Some(bcrypt.as_str()), Some(""), None]
        .into_iter()
        .enumerate()
        .map(|(at, hash)| ImportedUser { password: hash.map(Into::into), ..foreign(&format!("r{at}")) })
        .collect();
    let report = run(&book, false, &readers).await;
    let passwords = &report.passwords;
    assert_eq!((passwords.unknown, passwords.bcrypt, passwords.none, passwords.scrypt), (2, 1, 2, 0));
    assert_eq!(report.imported, 5);
    for (at, expected) in [None, None, Some(bcrypt), None, None].into_iter().enumerate() {
        assert_eq!(book.database.find_password(&format!("id-of-r{at}")).await.unwrap(), expected, "{at}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn active_bans_are_imported_and_expired_ones_are_not(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ban = |until| Some(ForeignBan { reason: Some("spam\u{1b}[2J".into()), until });
    let readers = [
        ImportedUser { ban: ban(None), ..foreign("ada") },
        ImportedUser { ban: ban(Some(LONG_AGO)), ..foreign("bob") },
    ];
    assert_eq!(run(&book, false, &readers).await.banned, 1);
    let refused = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await;
    let problems = Problems::from(refused.unwrap_err());
    assert_eq!(problems, Problem::new(Code::BannedUser).into());
    book.enters("bob", &ClientInfo::default()).await;
    let ada = book.database.find_user("id-of-ada").await.unwrap().unwrap();
    assert_eq!(ada.ban.ban_reason.as_deref(), Some("spam[2J"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn invalid_names_and_images_are_cut_or_dropped(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let readers = [
        ImportedUser { name: "A\nda\u{202e}".into(), image: Some("javascript:x".into()), ..foreign("ada") },
        ImportedUser { name: "b".repeat(300), image: Some("https://x/y.png".into()), ..foreign("bob") },
    ];
    let report = run(&book, false, &readers).await;
    assert_eq!((report.names_cut, report.images_dropped), (2, 1));
    let ada = book.database.find_user("id-of-ada").await.unwrap().unwrap();
    assert_eq!((ada.name.as_str(), ada.image), ("Ada", None));
    let bob = book.database.find_user("id-of-bob").await.unwrap().unwrap();
    assert_eq!((bob.name, bob.image.as_deref()), ("b".repeat(200), Some("https://x/y.png")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn import_is_in_the_audit_log(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    run(&book, false, &[foreign("ada")]).await;
    assert_eq!(book.happened("id-of-ada").await, [("import".to_owned(), "done".to_owned())]);
}
