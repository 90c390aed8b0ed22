use contract::LocalPath;
use proptest::prelude::*;
use url::Url;

/// Pieces of redirects that leave the origin.
const PIECES: [&str; 42] = [
    "/",
    "//",
    "\\",
    ".",
    "..",
    "...",
    "%2e",
    "%2E",
    "%2f",
    "%5C",
    "%252e",
    "%00",
    "%0d%0a",
    "%",
    "@",
    ":",
    ":443",
    "evil.example",
    "book.example",
    "https:",
    "javascript:",
    "?",
    "#",
    "&next=",
    "a",
    "A-Z",
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{200b}",
    "\u{2028}",
    "\u{3002}",
    "\u{ff0f}",
    "\u{ff0e}",
    "ü",
    "[",
    ";",
];

fn hostile_paths() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..8);
    pieces.prop_map(|pieces| pieces.concat())
}

/// Resolves an accepted path as a browser would, from several pages of ours.
fn check(raw: &str) -> Result<(), TestCaseError> {
    let Some(path) = LocalPath::parse(raw) else { return Ok(()) };
    let location = path.as_str();
    prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "fit for a header: {location:?}");
    for page in
        ["https://book.example/", "https://book.example/deep/er/page?x=y#z", "http://localhost:3001/sign-in"]
    {
        let page = Url::parse(page).unwrap();
        let reached = page.join(location).unwrap();
        prop_assert_eq!(reached.origin(), page.origin(), "{:?} leads to {}", location, &reached);
        prop_assert_eq!((reached.username(), reached.password()), ("", None));
        let read = location.split(['?', '#']).next().unwrap_or_default();
        prop_assert_eq!(reached.path(), read, "the path that was looked at is the one that is reached");
    }
    prop_assert_eq!(LocalPath::parse(location), Some(path.clone()), "accepted as it is sent");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn security_18_no_hostile_path_leaves_the_origin(raw in hostile_paths()) {
        check(&raw)?;
        check(&format!("/{raw}"))?;
    }

    #[test]
    fn security_18_no_text_at_all_leaves_the_origin(raw in "\\PC{0,40}", any in ".{0,40}") {
        check(&format!("/{raw}"))?;
        check(&format!("/{any}"))?;
        check(&any)?;
    }

    #[test]
    fn ordinary_paths_are_accepted(raw in "(/[a-z0-9_-]{1,8}){1,4}(\\?[a-z]=[a-z0-9]{0,5})?(#[a-z]{0,5})?") {
        prop_assert_eq!(LocalPath::parse(&raw).map(|path| path.as_str().to_owned()), Some(raw));
    }
}
