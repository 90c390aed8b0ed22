//! Static files, in a build that includes the site.

use std::io::Write;

use bookplate::http::{FILES, STYLESHEET};
use flate2::{Compression, write::GzEncoder};
use http::Method;

use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_build_without_a_site_still_serves_pages() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let page = app.browser().get("/sign-in").await.page();
    let linked = page.all("link").filter(|it| it.get("rel") == Some("stylesheet")).count();
    assert_eq!(linked, usize::from(STYLESHEET.is_some()));
    assert_eq!(page.all("script").count() > 0, STYLESHEET.is_some(), "no script is named that is not there");
    assert_eq!(STYLESHEET.is_some(), !FILES.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_sent_in_the_preferred_encoding() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    for file in FILES {
        let cases = [
            ("gzip, deflate, br, zstd", file.brotli.map(|it| (it, "br"))),
            ("gzip", file.gzip.map(|it| (it, "gzip"))),
            ("br;q=0, gzip;q=0.5", file.gzip.map(|it| (it, "gzip"))),
            ("identity", None),
            ("", None),
        ];
        for (accepted, compressed) in cases {
            let request = browser.request(Method::GET, file.path).header("accept-encoding", accepted);
            let reply = browser.send(request, "").await;
            let (bytes, encoding) =
                compressed.map_or((file.identity, None), |(bytes, name)| (bytes, Some(name)));
            assert_eq!(reply.status, 200, "{}", file.path);
            assert_eq!(reply.header("content-encoding"), encoding, "{} {accepted}", file.path);
            assert!(reply.body == bytes, "{} {accepted}", file.path);
            assert_eq!(reply.header("content-type"), Some(file.content_type), "{accepted:?} {compressed:?}");
            assert_eq!(reply.header("vary"), Some("accept-encoding"), "{accepted:?} {compressed:?}");
            assert_eq!(
                reply.header("x-content-type-options"),
                Some("nosniff"),
                "{accepted:?} {compressed:?}"
            );
            assert!(reply.cookies().is_empty(), "{accepted:?} {compressed:?}");
        }
        assert!(file.brotli.is_none_or(|bytes| bytes.len() < file.identity.len()), "{}", file.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_hashed_file_is_immutable() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for file in FILES {
        let keep =
            if file.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        assert_eq!(app.browser().get(file.path).await.header("cache-control"), Some(keep), "{}", file.path);
        assert_eq!(file.immutable, file.path.starts_with("/pkg/"), "{}", file.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cached_file_is_answered_with_304() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    for file in FILES {
        let etag = browser.get(file.path).await.header("etag").unwrap().to_owned();
        let request = browser.request(Method::GET, file.path).header("if-none-match", &etag);
        let reply = browser.send(request, "").await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0), "{}", file.path);
        assert_eq!(reply.header("etag"), Some(etag.as_str()));
        let request = browser.request(Method::GET, file.path).header("if-none-match", "\"another\"");
        assert_eq!(browser.send(request, "").await.status, 200);
        let request = browser.request(Method::POST, file.path);
        assert_eq!(browser.send(request, "").await.status, 404, "a file is read, not written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_a_page_references_exists() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    for path in ["/", "/account"] {
        let page = browser.get(path).await.page();
        let named = page.elements().filter(|it| it.tag == "link" || it.tag == "script");
        for address in named.filter_map(|it| it.get("href").or(it.get("src"))) {
            let status = browser.get(address).await.status;
            assert_eq!(status, if FILES.is_empty() { 404 } else { 200 }, "{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_txt_is_served() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.browser().get("/robots.txt").await;
    if FILES.is_empty() {
        assert_eq!(reply.status, 404);
    } else {
        assert_eq!(reply.status, 200);
        assert!(reply.text().starts_with("User-agent: *"), "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_names_an_icon_that_is_an_image() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let page = app.browser().get("/sign-in").await.page();
    let named = page.all("link").find(|it| it.get("rel").is_some_and(|rel| rel.contains("icon")));
    for address in [named.unwrap().get("href").unwrap(), "/favicon.ico"] {
        let reply = app.browser().get(address).await;
        assert_eq!(reply.status, if FILES.is_empty() { 404 } else { 200 }, "{address}");
        let kind = reply.header("content-type").unwrap_or_default();
        assert!(FILES.is_empty() || kind.starts_with("image/"), "{address}: {kind}");
    }
}

/// Transfer sizes: the page with its styles fits into the initial window (RFC 6928), and the WASM is small.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_is_small() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let page = app.browser().get("/sign-in").await;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&page.body).unwrap();
    let weight = |kind: &str| -> usize {
        let named = FILES.iter().filter(|it| it.path.ends_with(kind) && page.text().contains(it.path));
        named.map(|it| it.brotli.unwrap_or(it.identity).len()).sum()
    };
    let shown = packed.finish().unwrap().len() + weight(".css");
    assert!(shown <= 14 * 1024, "page and styles: {shown} bytes");
    let program = weight(".wasm");
    assert!(program <= 150 * 1024, "program: {program} bytes");
    assert_eq!(program > 0, !FILES.is_empty(), "the page names its program");
}
