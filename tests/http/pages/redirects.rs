//! Redirects.

use http::Method;

use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::READER,
};

/// URLs that a browser resolves to another origin.
const HOSTILE: [&str; 10] = [
    "https://evil.example/",
    "//evil.example",
    "/%5Cevil.example",
    "%2F%2Fevil.example",
    "/%2F/evil.example",
    "javascript:alert(1)",
    "/.//evil.example",
    "%0d%0aSet-Cookie:%20x=y",
    "/a%0d%0aLocation:%20x",
    "%2F%09%2Fevil.example",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_reader_on_a_sign_in_page_is_redirected_to_next() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    for page in ["/sign-in", "/sign-up"] {
        for (query, location) in [
            ("", "/"),
            ("?next=/account", "/account"),
            ("?next=%2Fchapter%2F1%3Ftab%3Da%26x%3Dy", "/chapter/1?tab=a&x=y"),
        ] {
            let reply = browser.get(&format!("{page}{query}")).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(location)), "{page}{query}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{query:?} {location:?}");
        }
        for hostile in HOSTILE {
            let reply = browser.get(&format!("{page}?next={hostile}")).await;
            assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")), "{page} {hostile}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_out_reader_is_sent_to_sign_in_and_back() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    let reply = browser.get("/account").await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/sign-in?next=/account")));
    let page = browser.get(reply.location().unwrap()).await.page();
    let action = page.one("form").get("action").unwrap().to_owned();
    let fields = READER.with("next", &page.value("next").unwrap());
    assert_eq!(
        browser.form(&action.replace("/sign-in", "/sign-up"), fields).await.location(),
        Some("/account")
    );
    assert_eq!(browser.get("/account").await.status, 200);
    let reply = app.browser().get("/sign-out").await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn older_paths_redirect_to_the_pages_and_keep_next() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let aliases = [
        ("/auth/login", "/sign-in"),
        ("/auth/signup", "/sign-up"),
        ("/login", "/sign-in"),
        ("/signup", "/sign-up"),
    ];
    for (alias, page) in aliases {
        let mut browser = app.browser();
        assert_eq!(browser.get(alias).await.location(), Some(page), "{alias:?} {page:?}");
        let reply = browser.get(&format!("{alias}?a=b&next=/chapter/1%3Ftab%3Da%26x%3Dy&next=/other")).await;
        assert_eq!(reply.status, 302, "{alias:?} {page:?}");
        let expected = format!("{page}?next=%2Fchapter%2F1%3Ftab%3Da%26x%3Dy");
        assert_eq!(reply.location(), Some(expected.as_str()), "{alias:?} {page:?}");
        let followed = browser.get(&expected).await.page();
        assert_eq!(followed.value("next").as_deref(), Some("/chapter/1?tab=a&x=y"), "{alias:?} {page:?}");
        for hostile in HOSTILE {
            let reply = browser.get(&format!("{alias}?next={hostile}")).await;
            assert_eq!(reply.location(), Some(page), "{hostile}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_keeps_next() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let next = "/chapter/1?tab=a&x=50%25+more#top";
    let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    for (page, other) in [("/sign-in", "/sign-up"), ("/sign-up", "/sign-in")] {
        let here = format!("{page}?next={query}");
        let shown = app.browser().get(&here).await.page();
        assert_eq!(shown.value("next").as_deref(), Some(next), "{page:?} {other:?}");
        // The form's address and the link to the other page say the same again, and so does the form that comes back.
        let action = shown.one("form").get("action").unwrap().to_owned();
        let link = shown
            .all("a")
            .filter_map(|it| it.get("href"))
            .find(|it| it.starts_with(other))
            .unwrap()
            .to_owned();
        let wrong = READER.with("email", "nobody").with("next", next);
        let returned = app.browser().form(&action, wrong).await.page();
        let linked = app.browser().get(&link).await.page();
        for page in [returned, linked, app.browser().get(&action).await.page()] {
            assert_eq!(page.value("next").as_deref(), Some(next), "{page:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_18_a_foreign_next_is_ignored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for hostile in HOSTILE {
        for page in ["/sign-in", "/sign-up"] {
            let reply = app.browser().get(&format!("{page}?next={hostile}")).await;
            assert_eq!(reply.status, 200, "{hostile}");
            let shown = reply.page();
            assert!(shown.control("next").is_none(), "{hostile}");
            assert_eq!(shown.one("form").get("action"), Some(page), "{hostile}");
            assert!(!reply.text().contains("evil.example"), "{hostile}");
        }
    }
    // What Leptos would read back from an address as a form's error is nothing to us.
    for query in ["?__err=eyJ4IjoxfQ&__path=/sign-in", "?error=%3Cb%3Efree%20text%3C/b%3E"] {
        let page = app.browser().get(&format!("/sign-in{query}")).await.page();
        assert!(page.problem().is_none() && !page.one("body").text.contains("free text"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_loopback_name_redirects_to_the_canonical_host() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.browser();
    for host in ["127.0.0.1:3001", "[::1]:3001", "localhost", "localhost:8080"] {
        let request = |path| http::Request::builder().uri(path).header("host", host);
        let reply = browser.send(request("/sign-in?next=/account"), "").await;
        let expected = format!("{ORIGIN}/sign-in?next=/account");
        assert_eq!((reply.status.as_u16(), reply.location()), (307, Some(expected.as_str())), "{host}");
        let reply = browser.send(request("//evil.example/"), "").await;
        assert!(reply.location().is_none_or(|it| it.starts_with(&format!("{ORIGIN}/"))), "{host}");
        // The JSON entry answers: a script follows no redirect with its body.
        assert_eq!(browser.send(request("/api/auth/ok"), "").await.status, 200, "{host}");
    }
    for host in ["localhost:3001", "LOCALHOST:3001", "accounts.internal:3001"] {
        let reply = browser.send(http::Request::builder().uri("/sign-in").header("host", host), "").await;
        assert_eq!(reply.status, 200, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_server_answers_under_every_host_name() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_URL", "https://accounts.example.org")]).await;
    for host in ["accounts.example.org", "127.0.0.1:3001", "localhost"] {
        let reply =
            app.browser().send(http::Request::builder().uri("/sign-in").header("host", host), "").await;
        assert_eq!(reply.status, 200, "a proxy or a health check may ask under {host}");
    }
}

/// After a rejected form the browser shows the form's address, which may be reloaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_get_on_a_forms_path_redirects_to_its_page() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    for (action, page) in [
        ("/verify-email/send", "/verify-email"),
        ("/account/security/password", "/account/security"),
        ("/account/security/email", "/account/security"),
        ("/account/sessions/end", "/account/sessions"),
        ("/account/sessions/end-others", "/account/sessions"),
        ("/account/data/delete", "/account/data"),
    ] {
        for mut browser in [reader.clone(), app.browser()] {
            for path in [action.to_owned(), format!("{action}?next=//evil.example&token=x")] {
                let reply = browser.get(&path).await;
                assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(page)), "{path}");
                assert!(
                    reply.cookies().is_empty() && reply.header("cache-control") == Some("no-store"),
                    "{path}"
                );
            }
        }
    }
    assert_eq!((app.accounts().await, app.sessions().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_on_a_page_is_a_405() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let cases = [
        (Method::POST, "/"),
        (Method::PUT, "/sign-in"),
        (Method::DELETE, "/account"),
        (Method::PATCH, "/sign-up"),
        (Method::POST, "/login"),
    ];
    for (method, path) in cases {
        let mut browser = app.browser();
        let reply = browser.send(browser.request(method.clone(), path), "").await;
        assert_eq!(reply.status, 405, "{method} {path}");
        // RFC 9110 section 15.5.6.
        assert!(reply.header("allow").is_some_and(|it| it.contains("GET")), "{method} {path}");
        assert!(
            reply.page().one("body").text.contains("This address cannot be used that way."),
            "{method:?} {path:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_path_is_a_404() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for path in
        ["/sign-in/", "/Sign-In", "//sign-in", "/sign-in/x", "/%2e%2e/account", "/index.html", "/.env"]
    {
        for method in [Method::GET, Method::POST] {
            let mut browser = app.browser();
            let reply = browser.send(browser.request(method, path), "").await;
            assert_eq!(reply.status, 404, "{path}");
            let page = reply.page();
            assert!(page.one("body").text.contains("There is nothing at this address."), "{path}");
            let ways = || page.all("a").filter(|it| it.has_class("button")).map(|it| it.get("href"));
            // The page reads an address as a browser does, without its dots.
            let back = if path == "/%2e%2e/account" { "/account" } else { "/" };
            assert!(ways().eq([Some(back)]), "{path} {:?}", ways().collect::<Vec<_>>());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_answers_head_requests() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (path, status) in [("/", 200), ("/sign-in", 200), ("/no-such-page", 404)] {
        let mut browser = app.browser();
        let reply = browser.send(browser.request(Method::HEAD, path), "").await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0), "{path}");
    }
}
