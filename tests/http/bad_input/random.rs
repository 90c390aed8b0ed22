//! Random requests (property tests).

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use rstest::rstest;
use serde_json::{Map, Value, json};
use testkit::databases::Kind;
use tokio::runtime::{Builder, Runtime};

use super::{ENDPOINTS, FORMS};
use crate::{app::TestApp, client::FORM};

const MEMBERS: [&str; 20] = [
    "name",
    "email",
    "password",
    "image",
    "rememberMe",
    "callbackURL",
    "redirectTo",
    "errorCallbackURL",
    "newUserCallbackURL",
    "experienceLevel",
    "professionalRole",
    "roleOther",
    "organization",
    "next",
    "newPassword",
    "currentPassword",
    "revokeOtherSessions",
    "newEmail",
    "token",
    "session",
];

/// Member names and values that are meaningful for conversations.
const OF_CONVERSATIONS: [&str; 32] = [
    "id",
    "title",
    "status",
    "headId",
    "metadata",
    "role",
    "parts",
    "content",
    "parentId",
    "model",
    "usage",
    "format",
    "raw",
    "messages",
    "value",
    "comment",
    "tags",
    "type",
    "text",
    "citations",
    "sourceId",
    "start",
    "end",
    "kind",
    "user",
    "assistant",
    "in_progress",
    "archived",
    "c",
    "m",
    "tool-call",
    "source",
];

/// Methods and paths of the conversations API; `*` stands for an id. Event streams are left out, since they do not
/// end.
const CALLS: [(&str, &str); 15] = [
    ("GET", "/api/conversations?limit=*&cursor=*&status=*"),
    ("POST", "/api/conversations"),
    ("GET", "/api/conversations/*"),
    ("PATCH", "/api/conversations/*"),
    ("DELETE", "/api/conversations/*"),
    ("POST", "/api/conversations/*/restore"),
    ("GET", "/api/conversations/*/messages?order=*&cursor=*"),
    ("POST", "/api/conversations/*/messages"),
    ("GET", "/api/conversations/*/messages/*"),
    ("PATCH", "/api/conversations/*/messages/*"),
    ("PUT", "/api/conversations/*/messages/*/feedback"),
    ("DELETE", "/api/conversations/*/messages/*/feedback"),
    ("HEAD", "/api/conversations/*/events?after=*"),
    ("GET", "/api/search?q=*&cursor=*"),
    ("GET", "/api/*"),
];

/// Valid values, so that random requests get past the first check.
const CAREFUL: [&str; 9] = [
    "ada@example.com",
    "Ada",
    "quiet paper, ink",
    "beginner",
    "developer",
    "other",
    "/account",
    "https://a.example/x",
    "true",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&CAREFUL[..]).prop_map(str::to_owned),
        any::<String>(),
        "\\PC{0,300}",
        "[\\x00-\\x1f]{0,9}"
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn member() -> impl Strategy<Value = String> {
    prop_oneof![9 => select(&MEMBERS[..]).prop_map(str::to_owned), 1 => text()]
}

/// Random JSON with often valid members and values.
fn talk() -> impl Strategy<Value = Value> {
    let word = || prop_oneof![9 => select(&OF_CONVERSATIONS[..]).prop_map(str::to_owned), 1 => text()];
    let leaf = prop_oneof![
        6 => word().prop_map(Value::from),
        2 => (-2..3_i64).prop_map(Value::from),
        1 => value(),
    ];
    leaf.prop_recursive(5, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((word(), inner), 0..7).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A nearly valid message.
fn message() -> impl Strategy<Value = Value> {
    let role = select(&["user", "assistant", "system", "tool"][..]);
    (role, vec(talk(), 0..3), vec((member_of_message(), talk()), 0..3)).prop_map(|(role, parts, members)| {
        let mut message: Map<String, Value> = members.into_iter().collect();
        message.insert("role".into(), role.into());
        message.insert("parts".into(), parts.into());
        Value::Object(message)
    })
}

fn member_of_message() -> impl Strategy<Value = String> {
    select(&["id", "parentId", "status", "model", "usage", "format", "raw", "metadata"][..])
        .prop_map(str::to_owned)
}

/// A path with percent-encoded ids.
fn address() -> impl Strategy<Value = (&'static str, String)> {
    let name = prop_oneof![4 => Just("c".to_owned()), 2 => Just("m".to_owned()), 3 => text(), 1 => "[A-Z0-9.~:@-]{1,9}"];
    let raw = prop_oneof![9 => Just(""), 1 => Just("%ff"), 1 => Just("%00")];
    (select(&CALLS[..]), vec((name, raw), 4)).prop_map(|((method, path), names)| {
        let encoded = |(name, raw): &(String, &str)| {
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string() + raw
        };
        let mut names = names.iter().map(encoded);
        let pieces: Vec<&str> = path.split('*').collect();
        let path = pieces[1..]
            .iter()
            .fold(pieces[0].to_owned(), |path, piece| path + &names.next().unwrap() + piece);
        (method, path)
    })
}

struct Bench {
    runtime: Runtime,
    app: TestApp,
    reader: crate::client::Client,
}

impl Bench {
    fn new(kind: Kind) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (app, reader) = runtime.block_on(async {
            let app = TestApp::on(kind.migrated().await).await;
            let reader = app.reader("reader@example.com").await;
            (app, reader)
        });
        Self { runtime, app, reader }
    }

    /// Posts a body signed out and signed in; neither may cause an internal error.
    fn post(&self, path: &str, content_type: &str, body: &str) -> Result<(), TestCaseError> {
        for mut client in [self.app.browser(), self.reader.clone()] {
            let reply = self.runtime.block_on(client.post(path, content_type, body.to_owned()));
            prop_assert!(reply.status.as_u16() < 500, "{path} {body}: {}", reply.text());
        }
        Ok(())
    }
}

impl Bench {
    /// Sends a body with cookie and with token; neither may cause an internal error.
    fn call(&self, method: &str, path: &str, body: &str, token: &str) -> Result<(), TestCaseError> {
        let bot = self.app.script().sending("authorization", &format!("Bearer {token}"));
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        for mut client in [bot, self.reader.clone()] {
            let request = client.request(method.clone(), path).header("content-type", "application/json");
            let reply = self.runtime.block_on(client.send(request, body.to_owned()));
            prop_assert!(reply.status.as_u16() < 500, "{} {} {}: {}", method, path, body, reply.text());
            let kind = reply.header("content-type").unwrap_or_default();
            let is_problem = kind == "application/problem+json";
            prop_assert_eq!(
                reply.status.is_client_error(),
                is_problem,
                "{} {}: {}",
                method,
                path,
                reply.text()
            );
        }
        Ok(())
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
}

#[rstest]
fn security_38_any_json_is_answered(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let bench = Bench::new(kind);
    let body = vec((member(), value()), 0..9)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()));
    let endpoint = select(&ENDPOINTS[..]).prop_map(|(path, _)| path);
    let outcome = runner(160).run(&(endpoint, prop_oneof![9 => body, 1 => value()]), |(path, body)| {
        bench.post(path, "application/json", &body.to_string())
    });
    outcome.unwrap();
}

#[rstest]
fn security_38_any_form_is_answered(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let bench = Bench::new(kind);
    let fields = vec((member(), text()), 0..9);
    let encoded =
        fields.prop_map(|it| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(it).finish());
    let body = prop_oneof![8 => encoded, 1 => "[a-z%&=\\[\\]+]{0,60}", 1 => any::<String>()];
    let path =
        prop_oneof![select(&FORMS[..]), Just("/api/auth/sign-in/email"), Just("/api/auth/sign-up/email")];
    let outcome = runner(120).run(&(path, body), |(path, body)| bench.post(path, FORM, &body));
    outcome.unwrap();
}

#[rstest]
fn security_38_any_conversations_request_is_answered(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut bench = Bench::new(kind);
    let token = bench.runtime.block_on(async {
        let body = json!({ "id": "c" });
        assert_eq!(bench.reader.json("/api/conversations", body).await.status, 201);
        let body = json!({ "id": "m", "role": "user", "content": "x" });
        assert_eq!(bench.reader.json("/api/conversations/c/messages", body).await.status, 201);
        bench.reader.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned()
    });
    let several = vec(message(), 0..4).prop_map(|messages| json!({ "messages": messages }));
    let body = prop_oneof![
        3 => message().prop_map(|body| body.to_string()),
        2 => several.prop_map(|body| body.to_string()),
        3 => talk().prop_map(|body| body.to_string()),
        1 => any::<String>(),
        1 => "[\\[\\]{}:,\"a-z0-9\\\\ ]{0,40}",
    ];
    let outcome = runner(300)
        .run(&(address(), body), |((method, path), body)| bench.call(method, &path, &body, &token));
    outcome.unwrap();
}
