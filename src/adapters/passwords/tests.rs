use domain::contract::Problem;

use super::*;

/// The example of Better Auth's wire: NFKC makes the first character two.
const WIRE: &str = "cf2367b99047e021f3491216634a410d:4e670629977984216e75c2971ae360c10838aa6a8ee3e267edbce923073420\
                    8b17f5cdac97055418373c4d9166953dc56bf42171d8f205fefdd922b44fd8bd64";
/// Made with Node's own scrypt, from `correct-horse-1`.
const NODE: &str = "000102030405060708090a0b0c0d0e0f:99b92e4e090f36e3374996c64903fea52f9108c61d5b397d9d601cff2b612f\
                    444033d2292b3fe5b23c0df50259a47a50a75272e30aebca6d84244113951e92a2";
/// Made with bcryptjs 3 and confirmed with Python's bcrypt 5: a password and what follows `$2b$04$`.
const BCRYPT: [(&str, &str); 4] = [
    ("correct-horse-1", "abcdefghijklmnopqrstuu3b4tJYXqXwo.uoptJmL0w.cHKy2JFTq"),
    ("caf\u{e9}-and-more", "abcdefghijklmnopqrstuu11GojCTZMATICTWGL7be9GnAA3YHOyK"),
    ("before\0after", "abcdefghijklmnopqrstuucDcJbD0lVVtxDo.95sMSbnI20wC8g26"),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
    ),
];

fn attempt(text: &str) -> PasswordAttempt {
    PasswordAttempt::parse(text).unwrap()
}

fn new(text: &str) -> NewPassword {
    NewPassword::parse(text, NewPassword::MIN).unwrap()
}

async fn verifies(text: &str, stored: &str) -> bool {
    HashingPool::with_workers(1).verify(attempt(text), Some(stored.to_owned())).await.unwrap()
}

#[tokio::test]
async fn a_hash_has_the_agreed_parameters_and_verifies() {
    let hasher = HashingPool::with_workers(1);
    let phc = hasher.hash(new("correct-horse-1")).await.unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    assert!(hasher.is_current(&phc));
    assert!(hasher.verify(attempt("correct-horse-1"), Some(phc.clone())).await.unwrap());
    assert!(!hasher.verify(attempt("correct-horse-2"), Some(phc)).await.unwrap());
    assert!(!hasher.verify(attempt("correct-horse-1"), None).await.unwrap());
}

#[tokio::test]
async fn security_07_a_password_is_compared_in_full_beyond_72_bytes_and_nul() {
    let hasher = HashingPool::with_workers(1);
    let long = format!("{}\0{}", "x".repeat(100), "a");
    let phc = hasher.hash(new(&long)).await.unwrap();
    let other = attempt(&format!("{}\0{}", "x".repeat(100), "b"));
    assert!(!hasher.verify(other, Some(phc)).await.unwrap());
}

#[tokio::test]
async fn security_07_every_length_from_8_to_128_characters_opens_what_it_closed_and_longer_ones_are_refused()
{
    let hasher = HashingPool::with_workers(1);
    for length in [8, 72, 73, 128] {
        let password = "ä".repeat(length);
        let phc = hasher.hash(new(&password)).await.unwrap();
        assert!(hasher.verify(attempt(&password), Some(phc.clone())).await.unwrap(), "{length}");
        let shorter = "ä".repeat(length - 1);
        assert!(!hasher.verify(attempt(&shorter), Some(phc)).await.unwrap(), "{length}");
    }
    let refused: Result<_, Problem> = PasswordAttempt::parse(&"ä".repeat(129));
    assert!(refused.is_err());
}

#[tokio::test]
async fn security_07_a_scrypt_hash_of_better_auth_verifies_after_normalisation() {
    assert!(verifies("\u{fb01}ne-pass-9", WIRE).await);
    assert!(verifies("fine-pass-9", WIRE).await);
    assert!(!verifies("fine-pass-8", WIRE).await);
    assert!(verifies("correct-horse-1", NODE).await);
    assert!(verifies("correct-horse-1", &NODE.replace(":99b9", ":99B9")).await);
    assert!(!verifies("correct-horse-1", &NODE.replace(":99b9", ":99b8")).await);
    assert!(!verifies("correct-horse-1", &NODE.replace("0001", "0002")).await);
}

#[tokio::test]
async fn a_bcrypt_hash_of_any_version_in_use_verifies() {
    for version in ["2a", "2b", "2y"] {
        for (password, rest) in BCRYPT {
            let stored = format!("${version}$04${rest}");
            assert!(verifies(password, &stored).await, "{version} {password}");
            assert!(!verifies(&format!("y{password}"), &stored).await, "{version} {password}");
        }
    }
    let costly = "$2b$10$abcdefghijklmnopqrstuu8JvzhHCQELdg3sRwHBgnAu32MGjgciS";
    assert!(verifies("correct-horse-1", costly).await);
    assert!(!verifies("before", &format!("$2b$04${}", BCRYPT[2].1)).await, "a NUL ends nothing");
}

#[tokio::test]
async fn what_is_no_hash_we_know_matches_nothing() {
    let bcrypt = BCRYPT[0].1;
    for stored in [
        String::new(),
        ":".into(),
        "correct-horse-1".into(),
        "$argon2id$".into(),
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ".into(),
        "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        NODE.replace(':', "$"),
        NODE[..160].to_owned(),
        NODE.replace(":99", ":+9"),
        format!("$2x$04${bcrypt}"),
        format!("$2b$31${bcrypt}"),
        format!("$2b$03${bcrypt}"),
        format!("$2b$04${}", &bcrypt[1..]),
        // Bits beyond the salt's sixteen bytes.
        format!("$2b$04${}", bcrypt.replacen("stuu", "stu1", 1)),
    ] {
        assert!(!verifies("correct-horse-1", &stored).await, "{stored}");
        assert!(!HashingPool::with_workers(1).is_current(&stored), "{stored}");
    }
}

#[tokio::test]
async fn a_former_hash_is_renewed_and_a_current_one_is_left_alone() {
    let hasher = HashingPool::with_workers(1);
    for stored in [NODE.to_owned(), format!("$2b$04${}", BCRYPT[0].1)] {
        let renewed = hasher.renew(attempt("correct-horse-1"), &stored).await.unwrap().unwrap();
        assert!(hasher.is_current(&renewed), "{renewed}");
        assert!(hasher.verify(attempt("correct-horse-1"), Some(renewed.clone())).await.unwrap());
        assert_eq!(hasher.renew(attempt("correct-horse-1"), &renewed).await, Ok(None));
    }
    let weaker =
        "$argon2id$v=19$m=8,t=1,p=1$Ym9va3BsYXRlLW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(!hasher.is_current(weaker));
}

#[tokio::test]
async fn security_07_a_bcrypt_hash_that_may_have_cut_the_password_is_not_renewed() {
    let hasher = HashingPool::with_workers(1);
    let stored = format!("$2b$04${}", BCRYPT[3].1);
    assert!(verifies(&"x".repeat(90), &stored).await, "bcrypt saw 72 bytes");
    for length in [72, 80, 90] {
        assert_eq!(hasher.renew(attempt(&"x".repeat(length)), &stored).await, Ok(None), "{length}");
    }
}

#[tokio::test]
async fn every_kind_of_work_can_be_burnt() {
    let hasher = HashingPool::with_workers(1);
    for kind in [HashKind::Argon2id, HashKind::Scrypt, HashKind::Bcrypt { cost: 4 }] {
        assert_eq!(hasher.dummy_verify(attempt(""), kind).await, Ok(()), "{kind:?}");
    }
    let full = HashingPool::with_workers(0);
    assert_eq!(full.dummy_verify(attempt(""), HashKind::Scrypt).await, Err(HasherBusy));
}

#[tokio::test]
async fn security_28_a_full_queue_answers_at_once() {
    let hasher = HashingPool::with_workers(0);
    assert_eq!(hasher.hash(new("correct-horse-1")).await, Err(HasherBusy));
}

#[tokio::test]
async fn security_28_two_hundred_sign_ins_at_once_use_the_memory_of_the_workers_alone() {
    let hasher = Arc::new(HashingPool::with_workers(2));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let hasher = Arc::clone(&hasher);
        tasks.spawn(async move { hasher.verify(attempt("anything"), None).await });
    }
    let outcomes = tasks.join_all().await;
    assert!(outcomes.contains(&Ok(false)));
    assert!(hasher.memory.lock().unwrap().len() <= 2);
}
