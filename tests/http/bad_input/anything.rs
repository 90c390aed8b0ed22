//! Anything at all, drawn by chance.

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
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

/// Values a careful client would send, so that what follows the first check is reached too.
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

    /// Posts a body as a stranger and as a reader; neither may be answered with a fault of ours.
    fn post(&self, path: &str, content_type: &str, body: &str) -> Result<(), TestCaseError> {
        for mut client in [self.app.browser(), self.reader.clone()] {
            let reply = self.runtime.block_on(client.post(path, content_type, body.to_owned()));
            prop_assert!(reply.status.as_u16() < 500, "{path} {body}: {}", reply.text());
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

fn security_38_any_json_is_answered(kind: Kind) {
    let bench = Bench::new(kind);
    let body = vec((member(), value()), 0..9)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()));
    let endpoint = select(&ENDPOINTS[..]).prop_map(|(path, _)| path);
    let outcome = runner(160).run(&(endpoint, prop_oneof![9 => body, 1 => value()]), |(path, body)| {
        bench.post(path, "application/json", &body.to_string())
    });
    outcome.unwrap();
}

fn security_38_any_form_is_answered(kind: Kind) {
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

macro_rules! by_chance {
    ($module:ident, $kind:expr) => {
        mod $module {
            #[test]
            fn security_38_any_json_is_answered() {
                super::security_38_any_json_is_answered($kind);
            }
            #[test]
            fn security_38_any_form_is_answered() {
                super::security_38_any_form_is_answered($kind);
            }
        }
    };
}
by_chance!(sqlite, testkit::databases::Kind::Sqlite);
by_chance!(postgres, testkit::databases::Kind::Postgres);
