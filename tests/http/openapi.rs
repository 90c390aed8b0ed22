//! The OpenAPI document: served, committed, shown as a page, and consistent with the router.

use std::{collections::BTreeSet, env, fs, io::Read, path::Path};

use flate2::read::GzDecoder;
use http::{Method, header};
use serde_json::Value;

use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::Client,
    page::Page,
};

const NEWER: &str = "/api/openapi.json";
const OLDER: &str = "/api/openapi-3.0.json";
const PAGE: &str = "/api/docs";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn description(client: &mut Client, path: &str) -> Value {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

/// Every operation as (method, path, operation).
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, it)| (method.as_str(), path.as_str(), it))
    });
    each.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_document_is_what_is_served() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let served = app.script().get(NEWER).await.text().to_owned();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&file, &served).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(served.lines()).position(|(kept, served)| kept != served);
    assert!(
        kept == served,
        "docs/openapi.json differs from what is served, first in line {}. \
         cargo xtask openapi writes it; read the difference.",
        differs.unwrap_or_else(|| kept.lines().count().min(served.lines().count())) + 1,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_router_have_the_same_operations() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut client = app.script();
    let document = description(&mut client, NEWER).await;
    let described: BTreeSet<(&str, &str)> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let mut there = BTreeSet::new();
    for path in document["paths"].as_object().unwrap().keys() {
        let filled_in = path.replace("{id}", "c1").replace("{messageId}", "m1").replace("{token}", "t1");
        for method in METHODS {
            let asked = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let reply = client.send(client.request(asked, &filled_in), "").await;
            // A wrong method of the wire is a 404 without a body; one place answers a 405 that is its own.
            let is_wrong = reply.status == 405 && reply.code() == "METHOD_NOT_ALLOWED";
            let is_nothing = is_wrong || reply.status == 404 && reply.body.is_empty();
            if !is_nothing {
                there.insert((method, path.as_str()));
            }
        }
    }
    assert_eq!(described, there);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reference_resolves_and_every_operation_id_is_unique() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for path in [NEWER, OLDER] {
        let document = description(&mut app.script(), path).await;
        let mut targets = BTreeSet::new();
        references(&document, &mut targets);
        for target in &targets {
            assert!(document.pointer(&target[1..]).is_some(), "{path}: {target}");
        }
        for schema in document["components"]["schemas"].as_object().unwrap().keys() {
            let used = targets.contains(&format!("#/components/schemas/{schema}"));
            assert!(used, "{path}: nothing refers to {schema}");
        }
        let mut names = BTreeSet::new();
        for (method, at, operation) in operations(&document) {
            let name = operation["operationId"].as_str().unwrap();
            let is_camel = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(is_camel && names.insert(name), "{method} {at}: {name}");
            for member in ["summary", "tags", "security", "responses"] {
                assert!(!operation[member].is_null(), "{method} {at}: {member}");
            }
        }
    }
}

/// The targets of all references.
pub(crate) fn references(value: &Value, targets: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref") {
                    Some(target) => drop(targets.insert(target.to_owned())),
                    None => references(member, targets),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, targets)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_public_and_cacheable() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for path in [NEWER, OLDER] {
        let mut elsewhere = app.script().sending("origin", "https://elsewhere.example");
        let reply = elsewhere.get(path).await;
        assert_eq!(reply.status, 200, "{path:?}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path:?}");
        assert_eq!(reply.header("access-control-allow-credentials"), None, "{path:?}");
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"), "{path:?}");
        let etag = reply.header("etag").unwrap().to_owned();
        let again = elsewhere.sending("if-none-match", &etag).get(path).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path:?}");
        assert_eq!(again.header("etag"), Some(etag.as_str()), "{path:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_3_0_document_has_no_3_1_keywords() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let newer = description(&mut app.script(), NEWER).await;
    let older = description(&mut app.script(), OLDER).await;
    assert_eq!((&newer["openapi"], &older["openapi"]), (&"3.1.0".into(), &"3.0.3".into()));
    assert_eq!(operations(&newer).len(), operations(&older).len());
    let mut wrong = Vec::new();
    newer_words("", &older, &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
    let mut known = Vec::new();
    newer_words("", &newer, &mut known);
    assert!(known.len() > 50, "the check finds what it looks for: {known:?}");
}

/// Locations of keywords that OpenAPI 3.0 does not have.
fn newer_words(at: &str, value: &Value, wrong: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_list = members.get("type").is_some_and(Value::is_array);
            let is_null = members.get("type").is_some_and(|kind| kind == "null");
            let is_aside = members.contains_key("$ref") && members.len() > 1;
            let is_newer =
                members.contains_key("const") || members.get("examples").is_some_and(Value::is_array);
            if is_list || is_null || is_aside || is_newer {
                wrong.push(at.to_owned());
            }
            for (name, member) in members.iter().filter(|(name, _)| *name != "example" && *name != "value") {
                newer_words(&format!("{at}/{name}"), member, wrong);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                newer_words(&format!("{at}/{index}"), item, wrong);
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_this_servers_cookie_and_questions() {
    let database = a_database().await;
    let toml = "[[questions]]\nname = \"shelf\"\nlabel = \"Which shelf?\"\nkind = \"choice\"\nrequired = true\n\
                options = [\"upper\", \"lower\"]\n";
    let variables =
        [("BOOKPLATE_URL", "https://accounts.example.org"), ("HOST", "127.0.0.1"), ("PORT", "3001")];
    let app = TestApp::declared(database, &variables, toml).await;
    let document = description(&mut app.script(), NEWER).await;
    let components = &document["components"];
    assert_eq!(document["servers"][0]["url"], "https://accounts.example.org");
    assert_eq!(components["securitySchemes"]["sessionCookie"]["name"], "__Secure-better-auth.session_token");
    let user = &components["schemas"]["User"];
    assert_eq!(user["properties"]["shelf"]["enum"], serde_json::json!(["upper", "lower", null]));
    assert!(user["properties"].get("experienceLevel").is_none());
    let sign_up = &components["schemas"]["SignUp"];
    assert!(sign_up["required"].as_array().unwrap().contains(&"shelf".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_every_operation_and_problem_without_external_resources() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let document = description(&mut app.script(), NEWER).await;
    let reply = app.browser().get(PAGE).await;
    assert_eq!(reply.status, 200);
    let page = reply.page();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(page.by_id(name).is_some(), "{method} {path}");
    }
    for schema in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.by_id(&format!("schema-{schema}")).is_some(), "{schema}");
    }
    for code in contract::Code::ALL.iter().filter_map(|code| code.wire()) {
        assert!(page.by_id(code).is_some(), "{code}");
    }
    let loads = |it: &crate::page::Element| it.has("src") || it.text.contains("import");
    assert!(!page.all("script").any(loads), "no script of ours");
    for element in page.elements() {
        for (name, value) in element.attributes() {
            let loads = matches!(name, "src" | "href") && element.tag != "a";
            assert!(!loads || value.starts_with('/'), "<{} {name}={value}>", element.tag);
            if let Some(place) = value.strip_prefix('#').filter(|_| name == "href") {
                assert!(page.by_id(place).is_some(), "nothing at #{place}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_compressed_on_request() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let plain = app.browser().get(PAGE).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    let refuses = app.browser().sending("accept-encoding", "br, gzip;q=0").get(PAGE).await;
    assert_eq!(refuses.header("content-encoding"), None);
    let reply = app.browser().sending("accept-encoding", "br;q=1.0, gzip;q=0.8, *;q=0.1").get(PAGE).await;
    assert_eq!(
        (reply.header("content-encoding"), reply.header("vary")),
        (Some("gzip"), Some("accept-encoding"))
    );
    assert!(reply.header("content-security-policy").is_some_and(|policy| policy.contains("'nonce-")));
    assert!(reply.body.len() * 4 < plain.body.len(), "{} of {}", reply.body.len(), plain.body.len());
    let mut html = String::new();
    GzDecoder::new(reply.body.as_ref()).read_to_string(&mut html).unwrap();
    // But for the nonces, which are new for each.
    assert_eq!((html.len(), Page::read(&html).title()), (plain.body.len(), plain.page().title()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_problem_is_an_anchor_on_the_page() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let page = app.browser().get(PAGE).await.page();
    for path in ["/api/conversations", "/api/nowhere"] {
        let problem = app.script().get(path).await.json();
        let (to, place) = problem["type"].as_str().unwrap().split_once('#').unwrap();
        assert_eq!((to, page.by_id(place).is_some()), (PAGE, true), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_on_the_document_is_a_problem() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut client = app.script();
    for path in [NEWER, OLDER] {
        let reply = client.send(client.request(Method::PUT, path).header(header::ORIGIN, ORIGIN), "").await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (405, "METHOD_NOT_ALLOWED"), "{path:?}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path:?}");
        assert!(reply.header("allow").unwrap().contains("GET"), "{path:?}");
    }
}
