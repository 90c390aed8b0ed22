//! The author's own pages under every page of ours, and how long things are kept.

use super::every_page;
use crate::app::{TestApp, a_database};

const BOOK: &str = "[book]
terms_url = \"https://book.example.org/terms?a&b\"
imprint_url = \"https://book.example.org/imprint\"
support = \"help@example.org\"";

#[tokio::test(flavor = "multi_thread")]
async fn the_authors_pages_stand_under_every_page_and_in_every_mail() {
    let app = TestApp::declared(a_database().await, &[], BOOK).await;
    for (mut browser, path, _) in every_page(&app).await {
        let page = browser.get(path).await.page();
        let links = page.inside(page.one("footer")).filter_map(|it| it.get("href"));
        assert_eq!(
            links.collect::<Vec<_>>(),
            [
                "https://book.example.org/terms?a&b",
                "https://book.example.org/imprint",
                "mailto:help@example.org"
            ],
            "{path}"
        );
    }
    let mail = app.mail("verify-email", "ada@example.com").await;
    assert!(mail.text.contains("\nTerms: https://book.example.org/terms?a&b\n"), "{}", mail.text);
    assert!(mail.text.contains("\nSupport: help@example.org\n"), "{}", mail.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn your_data_says_how_long_it_is_kept() {
    let variables = [
        ("BOOKPLATE_KEEP_CONVERSATIONS", "90"),
        ("BOOKPLATE_KEEP_IDLE_ACCOUNTS", "365"),
        ("BOOKPLATE_KEEP_EVENTS", "1"),
    ];
    let app = TestApp::with(a_database().await, &variables).await;
    let text = app.reader("ada@example.com").await.get("/account/data").await.text().to_owned();
    for words in [
        "When you have not signed in for 365 days it is deleted",
        "Thirty days before, you get a mail; signing in keeps it.",
        "A conversation is deleted 90 days after its last message.",
        "is kept for a day.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let usual = TestApp::on(a_database().await).await;
    let text = usual.reader("ada@example.com").await.get("/account/data").await.text().to_owned();
    for words in [
        "Your account is kept until you delete it.",
        "A conversation is kept until you delete it.",
        "for 365 days.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
