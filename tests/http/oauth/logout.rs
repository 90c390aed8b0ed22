use super::{BOOK, app, code, encoded, exchange, hidden, page_of_book, renew, to};
use crate::fields::Fields;

#[tokio::test]
async fn the_book_signs_its_reader_out_everywhere_and_gets_them_back() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let mut page = page_of_book(&app);
    let code = code(&mut reader, &[]).await;
    let issued = exchange(&mut page, &code).await.json();
    let bye = format!("{BOOK}/");
    let hint = issued["id_token"].as_str().unwrap();
    let sent = [("id_token_hint", hint), ("post_logout_redirect_uri", bye.as_str()), ("state", "x")];
    let reply = reader.get(&format!("/oauth2/logout?{}", encoded(&sent))).await;
    assert_eq!((reply.status.as_u16(), to(&reply)), (303, "https://book.example.org/?state=x"));
    assert_eq!(reader.session(), None);
    assert_eq!(renew(&mut page).await.status, 400);
    assert_eq!(app.sessions().await, 0);
}

#[tokio::test]
async fn without_an_id_token_the_reader_is_asked_and_then_sent_back() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let sent =
        [("client_id", "book"), ("post_logout_redirect_uri", "https://book.example.org/"), ("state", "x")];
    let led = reader.get(&format!("/oauth2/logout?{}", encoded(&sent))).await;
    assert!(to(&led).starts_with("/sign-out?next=/oauth2/logout"), "{}", to(&led));
    assert!(reader.session().is_some());
    let page = reader.get(to(&led)).await;
    assert!(page.text().contains("go on to The Other Book"), "{}", page.text());
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self' https://book.example.org;")
    );
    let next = hidden(&page, "next");
    let out = reader.form(to(&led), Fields::new(&[]).with("next", &next)).await;
    let back = reader.get(to(&out)).await;
    assert_eq!(to(&back), "https://book.example.org/?state=x");
    let hostile = [("client_id", "book"), ("post_logout_redirect_uri", "https://evil.example/")];
    let refused = reader.get(&format!("/oauth2/logout?{}", encoded(&hostile))).await;
    assert_eq!((refused.status.as_u16(), refused.header("location")), (400, None));
}
