//! Against a server that speaks the API of each provider, checks what it is sent as the provider's documentation describes it,
//! and answers what a test plans.

use std::{collections::VecDeque, net::SocketAddr};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::Link;
use rstest::rstest;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::config::MailProvider;

const KEY: &str = "re_Kf93jd_o2kLmZ";
const ID: &str = "0b0c7a52-2f0e-4c1d-9a51-0d6d4c3a1b2f";
const ALL: [MailProvider; 4] =
    [MailProvider::Resend, MailProvider::Postmark, MailProvider::Brevo, MailProvider::Own];

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Received {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Value,
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    planned: VecDeque<Planned>,
}

/// A status, headers and a body.
type Planned = (u16, Vec<(&'static str, &'static str)>, Value);

/// The server of an API.
struct ApiServer {
    provider: MailProvider,
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl ApiServer {
    async fn start(provider: MailProvider) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(answer).with_state((provider, Arc::clone(&shared)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { provider, address, shared }
    }

    fn plan(&self, status: u16, headers: &[(&'static str, &'static str)], body: Value) {
        self.shared.lock().unwrap().planned.push_back((status, headers.to_vec(), body));
    }

    fn received(&self) -> Vec<Received> {
        self.shared.lock().unwrap().received.clone()
    }

    fn mailer(&self, key: &str) -> ApiMailer {
        let path = match self.provider {
            MailProvider::Resend => "/emails",
            MailProvider::Postmark => "/email",
            MailProvider::Brevo => "/v3/smtp/email",
            MailProvider::Own => "/hooks/mail?book=tea",
        };
        let endpoint = Url::parse(&format!("http://{}{path}", self.address)).unwrap();
        let api = MailApi { provider: self.provider, endpoint, key: key.to_owned().into() };
        ApiMailer::new(&api, from(), &MailTls::default()).unwrap()
    }
}

async fn answer(
    State((provider, shared)): State<(MailProvider, Arc<Mutex<Shared>>)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let planned = {
        let mut shared = shared.lock().unwrap();
        shared.received.push(received.clone());
        shared.planned.pop_front()
    };
    let (status, headers, body) = planned.unwrap_or_else(|| judge(provider, &received));
    let mut response = (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// What the provider answers to a request, as far as its documentation says.
fn judge(provider: MailProvider, request: &Received) -> Planned {
    let header = |name: &str| request.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let bearer = format!("Bearer {KEY}");
    let is_json = request.method != "POST" || header("content-type").starts_with("application/json");
    let (key_fits, path, has_all, accepted, unauthorized) = match provider {
        MailProvider::Resend => (
            header("authorization") == bearer,
            "/emails",
            has_members(&request.body, &["from", "to", "subject", "text", "html", "headers"]),
            json!({ "id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794" }),
            (403, json!({ "statusCode": 403, "name": "invalid_api_key", "message": "API key is invalid" })),
        ),
        MailProvider::Postmark => (
            header("x-postmark-server-token") == KEY && header("accept") == "application/json",
            "/email",
            has_members(
                &request.body,
                &[
                    "From",
                    "To",
                    "Subject",
                    "TextBody",
                    "HtmlBody",
                    "Headers",
                    "MessageStream",
                    "TrackOpens",
                    "TrackLinks",
                ],
            ),
            json!({ "To": "ada@example.org", "ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a" }),
            (401, json!({ "ErrorCode": 10, "Message": "Request does not contain a valid Server token." })),
        ),
        MailProvider::Brevo => (
            header("api-key") == KEY,
            "/v3/smtp/email",
            has_members(&request.body, &["sender", "to", "subject", "textContent", "htmlContent", "headers"]),
            json!({ "messageId": "<201798300811.5787683@relay.domain.com>" }),
            (401, json!({ "code": "unauthorized", "message": "Key not found" })),
        ),
        MailProvider::Own => (
            header("authorization") == bearer,
            "/hooks/mail?book=tea",
            has_members(&request.body, &["id", "type", "from", "to", "subject", "text", "html", "url"]),
            Value::Null,
            (401, json!({ "message": "no" })),
        ),
    };
    if !key_fits {
        return (unauthorized.0, Vec::new(), unauthorized.1);
    }
    if request.method == "POST" && (!is_json || request.path != path || !has_all) {
        return (400, Vec::new(), json!({ "message": "not as documented" }));
    }
    (if provider == MailProvider::Brevo { 201 } else { 200 }, Vec::new(), accepted)
}

/// Whether an object has these members and no other.
fn has_members(body: &Value, names: &[&str]) -> bool {
    body.as_object()
        .is_some_and(|it| it.len() == names.len() && names.iter().all(|name| it.contains_key(*name)))
}

fn from() -> Mailbox {
    Mailbox::new(Some("Tee & Beweise, größer".to_owned()), "accounts@book.example".parse().unwrap())
}

fn mail() -> MailMessage {
    let url = "https://accounts.example.org/reset?token=t&x=1".to_owned();
    MailMessage {
        id: ID.to_owned(),
        kind: "reset-password".to_owned(),
        to: "ada@example.org".to_owned(),
        subject: "Choose a new password for Tee".to_owned(),
        text: format!("Größe\n{url}\n"),
        html: "<p>Größe".to_owned(),
        link: Some(Link { url, token: "t".to_owned(), code: None }),
        written_at: 1_795_215_905_131,
    }
}

#[tokio::test]
async fn each_provider_takes_the_request_that_its_documentation_describes() {
    for provider in ALL {
        let server = ApiServer::start(provider).await;
        let sent = server.mailer(KEY).send(&mail()).await;
        assert_eq!(sent, Ok(()), "{provider:?}");
        let [Received { method, headers, body, .. }] = server.received().try_into().unwrap();
        assert_eq!(method, "POST");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("bookplate/"), "{provider:?}");
        let whole = "\"Tee & Beweise, größer\" <accounts@book.example>";
        let mail = mail();
        match provider {
            MailProvider::Resend => {
                assert_eq!((&body["from"], &body["to"]), (&json!(whole), &json!(["ada@example.org"])));
                assert_eq!((&body["text"], &body["html"]), (&json!(mail.text), &json!(mail.html)));
                assert_eq!(headers["idempotency-key"], ID);
            }
            MailProvider::Postmark => {
                assert_eq!((&body["From"], &body["To"]), (&json!(whole), &json!("ada@example.org")));
                assert_eq!((&body["TextBody"], &body["HtmlBody"]), (&json!(mail.text), &json!(mail.html)));
                assert_eq!((&body["TrackLinks"], &body["TrackOpens"]), (&json!("None"), &json!(false)));
            }
            MailProvider::Brevo => {
                let sender = json!({ "name": "Tee & Beweise, größer", "email": "accounts@book.example" });
                assert_eq!(
                    (&body["sender"], &body["to"]),
                    (&sender, &json!([{ "email": "ada@example.org" }]))
                );
                assert_eq!(body["headers"]["idempotencyKey"], ID);
            }
            MailProvider::Own => {
                assert_eq!((&body["id"], &body["type"]), (&json!(ID), &json!("reset-password")));
                assert_eq!(body["url"], mail.link.unwrap().url);
                assert_eq!(headers["idempotency-key"], ID);
                let documented = include_str!("../../../../docs/MAIL-ENDPOINT.md");
                for member in body.as_object().unwrap().keys() {
                    assert!(documented.contains(&format!("`{member}`")), "{member} is documented");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_same_message_is_the_same_request_each_time() {
    for provider in ALL {
        let server = ApiServer::start(provider).await;
        let mailer = server.mailer(KEY);
        mailer.send(&mail()).await.unwrap();
        mailer.send(&mail()).await.unwrap();
        let [first, second] = server.received().try_into().unwrap();
        assert_eq!(first.body, second.body);
        assert_eq!(first.headers.get("idempotency-key"), second.headers.get("idempotency-key"));
    }
}

/// What is wrong with this message is final; what is wrong with us, our account or the hour is not.
#[rstest]
#[case(MailProvider::Resend, 422, json!({ "name": "validation_error", "message": "Invalid `to` field" }), true)]
#[case(MailProvider::Resend, 400, json!({ "name": "validation_error", "message": "one or more fields" }), true)]
#[case(MailProvider::Resend, 409, json!({ "name": "invalid_idempotent_request", "message": "used" }), true)]
#[case(MailProvider::Resend, 409, json!({ "name": "concurrent_idempotent_requests", "message": "wait" }), false)]
#[case(MailProvider::Resend, 403, json!({ "name": "validation_error", "message": "domain is not verified" }), false)]
#[case(MailProvider::Resend, 422, json!({ "name": "invalid_from_address", "message": "Invalid `from`" }), false)]
#[case(MailProvider::Resend, 401, json!({ "name": "missing_api_key", "message": "Missing API key" }), false)]
#[case(MailProvider::Resend, 429, json!({ "name": "daily_quota_exceeded", "message": "quota" }), false)]
#[case(MailProvider::Resend, 500, json!({ "name": "application_error", "message": "unexpected" }), false)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 406, "Message": "marked as inactive" }), true)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 300, "Message": "Invalid 'To' address: 'x'." }), true)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 300, "Message": "Invalid 'From' address: 'x'." }), false)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 400, "Message": "Sender signature not found" }), false)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 405, "Message": "Not allowed to send" }), false)]
#[case(MailProvider::Postmark, 422, json!({ "ErrorCode": 412, "Message": "Account is pending" }), false)]
#[case(MailProvider::Postmark, 401, json!({ "ErrorCode": 10, "Message": "Bad token" }), false)]
#[case(MailProvider::Postmark, 503, json!({ "ErrorCode": 100, "Message": "Maintenance" }), false)]
#[case(MailProvider::Brevo, 400, json!({ "code": "invalid_parameter", "message": "email is not valid in to" }), true)]
#[case(MailProvider::Brevo, 400, json!({ "code": "invalid_parameter", "message": "sender is not valid" }), false)]
#[case(MailProvider::Brevo, 402, json!({ "code": "not_enough_credits", "message": "credits" }), false)]
#[case(MailProvider::Brevo, 401, json!({ "code": "unauthorized", "message": "Key not found" }), false)]
#[case(MailProvider::Brevo, 400, json!({ "code": "account_under_validation", "message": "wait" }), false)]
#[case(MailProvider::Own, 422, json!({ "message": "no such mailbox" }), true)]
#[case(MailProvider::Own, 400, Value::Null, true)]
#[case(MailProvider::Own, 413, Value::Null, true)]
#[case(MailProvider::Own, 404, Value::Null, false)]
#[case(MailProvider::Own, 302, Value::Null, false)]
#[case(MailProvider::Own, 502, Value::Null, false)]
#[tokio::test]
async fn a_status_says_whether_the_message_is_tried_again(
    #[case] provider: MailProvider,
    #[case] status: u16,
    #[case] body: Value,
    #[case] is_final: bool,
) {
    let server = ApiServer::start(provider).await;
    server.plan(status, &[], body.clone());
    let refused = server.mailer(KEY).send(&mail()).await.unwrap_err();
    let (MailerError::Final(reason) | MailerError::Passing(reason)) = &refused else { panic!("{refused:?}") };
    assert_eq!(matches!(refused, MailerError::Final(_)), is_final, "{refused:?}");
    assert!(reason.contains(&status.to_string()), "{reason}");
    let said = body.get("message").or(body.get("Message")).and_then(Value::as_str).unwrap_or_default();
    assert!(reason.contains(said), "{reason}");
}

#[tokio::test]
async fn retry_after_is_honoured_and_nothing_is_sent_before() {
    let server = ApiServer::start(MailProvider::Resend).await;
    let mailer = server.mailer(KEY);
    for (headers, seconds) in [
        (vec![("retry-after", "120")], 120),
        (vec![("retry-after", "0.4")], 1),
        (
            vec![("date", "Mon, 30 Nov 2026 12:00:00 GMT"), ("retry-after", "Mon, 30 Nov 2026 12:01:30 GMT")],
            90,
        ),
    ] {
        server.plan(429, &headers, json!({ "name": "rate_limit_exceeded", "message": "Too many requests" }));
        let asked = mailer.send(&mail()).await.unwrap_err();
        assert!(matches!(&asked, MailerError::RetryAfter(_, it) if *it == seconds), "{headers:?}: {asked:?}");
        let count = server.received().len();
        let meanwhile = mailer.send(&mail()).await.unwrap_err();
        assert!(matches!(meanwhile, MailerError::RetryAfter(_, it) if it <= seconds), "{meanwhile:?}");
        assert_eq!(server.received().len(), count, "no request before that");
        *mailer.paused_until.lock().unwrap() = None;
    }
    mailer.send(&mail()).await.unwrap();
    server.plan(503, &[("retry-after", "soon")], Value::Null);
    assert!(matches!(mailer.send(&mail()).await, Err(MailerError::Passing(_))));
}

#[tokio::test]
async fn a_check_tells_a_wrong_key_and_a_server_that_is_not_there() {
    for provider in ALL {
        let server = ApiServer::start(provider).await;
        assert_eq!(server.mailer(KEY).check().await, Ok(server.address.to_string()), "{provider:?}");
        let refused = server.mailer("re_wrong_key").check().await.unwrap_err();
        assert!(refused.contains("refuses the key") && !refused.contains("re_wrong"), "{refused}");
        assert!(server.received().iter().all(|it| it.method != "POST"), "a check sends no message");
    }
    let server = ApiServer::start(MailProvider::Resend).await;
    server.plan(
        401,
        &[],
        json!({ "name": "restricted_api_key", "message": "restricted to only send emails" }),
    );
    assert!(server.mailer(KEY).check().await.is_ok(), "a key that may only send");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = ApiServer { address: free, ..server };
    let refused = nobody.mailer(KEY).check().await.unwrap_err();
    assert!(refused.contains("cannot be reached"), "{refused}");
    assert!(matches!(nobody.mailer(KEY).send(&mail()).await, Err(MailerError::Passing(_))));
}

#[tokio::test]
async fn a_key_is_in_no_message() {
    let server = ApiServer::start(MailProvider::Resend).await;
    let mailer = server.mailer(KEY);
    server.plan(422, &[], json!({ "name": "validation_error", "message": "re_Kf93jd_o2kLmZ\n is not it" }));
    let Err(MailerError::Final(reason)) = mailer.send(&mail()).await else { panic!("final") };
    assert!(!reason.contains(KEY) && !reason.contains('\n'), "{reason}");
    assert!(!format!("{mailer:?}").contains(KEY));
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_cannot_be_read_is_passing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = ApiServer {
        provider: MailProvider::Own,
        address: listener.local_addr().unwrap(),
        shared: Arc::default(),
    };
    let mailer = ApiMailer { send_timeout: Duration::from_millis(200), ..server.mailer(KEY) };
    assert!(matches!(mailer.send(&mail()).await, Err(MailerError::Passing(_))));
}

#[test]
fn an_authority_of_ones_own_is_trusted_and_a_broken_file_is_not() {
    let tls = |pem: &[u8]| MailTls { off: false, authorities: Some(pem.to_vec()) };
    assert!(tls_config(&tls(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).is_err());
    assert!(tls_config(&MailTls::default()).is_ok());
}
