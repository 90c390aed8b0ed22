//! Malformed requests, at every path.

use bookplate::server::ServerLimits;

use super::Server;
use crate::app::a_database;

const ADDRESSES: &[&str] = &[
    "/",
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/account",
    "/account/security",
    "/account/security/password",
    "/account/security/email",
    "/account/sessions",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/data",
    "/account/data/export",
    "/account/data/delete",
    "/forgot-password",
    "/reset-password",
    "/reset-password?token=x",
    "/verify-email",
    "/verify-email?token=x",
    "/verify-email/send",
    "/.well-known/change-password",
    "/.well-known/security.txt",
    "/login",
    "/nothing",
    "/robots.txt",
    "/api/auth",
    "/api/auth/",
    "/api/auth/ok",
    "/api/auth/error",
    "/api/auth/jwks",
    "/api/auth/token",
    "/api/auth/user",
    "/api/auth/session",
    "/api/auth/session/refresh",
    "/api/auth/get-session",
    "/api/auth/update-user",
    "/api/auth/sign-in/email",
    "/api/auth/sign-up/email",
    "/api/auth/sign-out",
    "/api/auth/list-sessions",
    "/api/auth/list-accounts",
    "/api/auth/revoke-session",
    "/api/auth/revoke-sessions",
    "/api/auth/revoke-other-sessions",
    "/api/auth/unlink-account",
    "/api/auth/change-password",
    "/api/auth/verify-password",
    "/api/auth/request-password-reset",
    "/api/auth/reset-password",
    "/api/auth/reset-password/x",
    "/api/auth/reset-password/x?callbackURL=",
    "/api/auth/change-email",
    "/api/auth/send-verification-email",
    "/api/auth/verify-email",
    "/api/auth/verify-email?token=x&callbackURL=/",
    "/api/auth/delete-user",
    "/api/auth/delete-user/callback",
    "/api/auth/delete-user/callback?token=x",
    "/api/auth/nothing",
];

const METHODS: &[&str] = &[
    "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PRI", "G\0T",
    "@", "",
];

/// Variants of a request target.
const TARGETS: &[(&str, &str)] = &[
    ("", ""),
    ("http://localhost:3001", ""),
    ("http://user:password@localhost:3001", ""),
    ("http://", ""),
    ("http://[::1", ""),
    ("javascript:", ""),
    ("//evil.example", ""),
    ("/..", ""),
    ("*", ""),
    ("localhost:3001", ""),
    ("", "%"),
    ("", "%00"),
    ("", "%ff%fe"),
    ("", "\u{1f4a9}"),
    ("", "#fragment"),
    ("", "?%00=%ff"),
    ("", "?a[b]=c&a=d&&=&next=%"),
    ("", "\\..\\"),
    ("", ";a=b"),
    ("", "//"),
    ("", "\x7f"),
];

const VERSIONS: &[&str] =
    &["HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3", "HTTP/1.1.1", "http/1.1", "ICY"];

const HEADERS: &[&[u8]] = &[
    b"Host:",
    b"Host: :",
    b"Host: [",
    b"Host: a b",
    b"Host: \xff\xfe",
    b"Host: localhost:3001\r\nHost: localhost:3001",
    b"Host: localhost:3001\r\nCookie: better-auth.session_token=%ff%00; =; ;;;",
    b"Host: localhost:3001\r\nCookie: better-auth.session_token=a.b\r\nCookie: better-auth.session_token=c.d",
    b"Host: localhost:3001\r\nCookie: \xff\xff=\xff",
    b"Host: localhost:3001\r\nAuthorization: Bearer \xff",
    b"Host: localhost:3001\r\nAuthorization: Bearer ..",
    b"Host: localhost:3001\r\nAuthorization:",
    b"Host: localhost:3001\r\nOrigin: \xff\r\nSec-Fetch-Site: \xff",
    b"Host: localhost:3001\r\nContent-Type: \xff",
    b"Host: localhost:3001\r\nContent-Type: application/json; charset=\xff",
    b"Host: localhost:3001\r\nAccept: \xff\r\nAccept-Encoding: \xff\r\nAccept-Language: \xff",
    b"Host: localhost:3001\r\nReferer: \xff\r\nX-Forwarded-For: \xff,,,",
    b"Host: localhost:3001\r\nUpgrade: websocket\r\nConnection: Upgrade",
    b"Host: localhost:3001\r\nUpgrade: h2c\r\nHTTP2-Settings: \xff\r\nConnection: Upgrade, HTTP2-Settings",
    b"Host: localhost:3001\r\nExpect: 200-maybe",
    b"Host: localhost:3001\r\nRange: bytes=9-1,-,\xff\r\nIf-None-Match: \xff",
    b"Host: localhost:3001\r\nTE: \xff\r\nTrailer: Content-Length",
    b"Host: localhost:3001\r\n\xff: \xff",
    b"Host: localhost:3001\r\n\0: \0",
];

const BODIES: &[&[u8]] = &[
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b"{\"email\":\"\\ud800\",\"password\":1e999}",
    b"{\"email\":{\"email\":[]},\"password\":null}",
    b"\xef\xbb\xbf{}",
    b"email=%ff&password=%&=&&",
];

fn request(method: &str, target: &str, version: &str, headers: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} {version}\r\n").into_bytes();
    bytes.extend(headers);
    bytes.extend(format!("\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    bytes
}

fn requests(address: &str) -> Vec<Vec<u8>> {
    const HOST: &[u8] = b"Host: localhost:3001";
    let mut requests = Vec::new();
    for method in METHODS {
        requests.push(request(method, address, "HTTP/1.1", HOST, b""));
        requests.push(request(method, &format!("{address}?{}", "a".repeat(9000)), "HTTP/1.1", HOST, b"{}"));
    }
    for (before, after) in TARGETS {
        for method in ["GET", "POST"] {
            requests.push(request(method, &format!("{before}{address}{after}"), "HTTP/1.1", HOST, b""));
        }
    }
    for version in VERSIONS {
        requests.push(request("GET", address, version, HOST, b""));
    }
    for headers in HEADERS {
        for method in ["GET", "POST"] {
            requests.push(request(method, address, "HTTP/1.1", headers, b""));
        }
    }
    for kind in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "a", ""] {
        let headers =
            format!("Host: localhost:3001\r\nOrigin: http://localhost:3001\r\nContent-Type: {kind}");
        for body in BODIES {
            requests.push(request("POST", address, "HTTP/1.1", headers.as_bytes(), body));
        }
    }
    requests
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_no_bytes_cause_an_internal_error_or_end_the_service() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    for address in ADDRESSES {
        for request in requests(address) {
            let mut line = server.line().await;
            line.send(&request).await;
            let told = shown(&line.rest().await);
            // HTTP/0.9 has no status, and who hangs up says nothing.
            let status = told.strip_prefix("HTTP/1.").and_then(|it| it.split(' ').nth(1));
            assert!(told.is_empty() || status.is_some(), "{}: {told}", shown(&request));
            assert!(status.is_none_or(|it| !it.starts_with('5')), "{}: {told}", shown(&request));
            assert!(!told.to_lowercase().contains("\r\nserver:"), "{told}");
        }
        server.answers().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_38_a_truncated_request_affects_only_itself() {
    let database = a_database().await;
    let server = Server::start(database, ServerLimits::default()).await;
    let headers = b"Host: localhost:3001\r\nContent-Type: application/json";
    let whole =
        request("POST", "/api/auth/sign-in/email", "HTTP/1.1", headers, b"{\"email\":\"ada@example.com\"}");
    for end in 0..whole.len() {
        let mut line = server.line().await;
        line.send(&whole[..end]).await;
        line.finish().await;
        let told = shown(&line.rest().await);
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "after {end} bytes: {told}");
    }
    server.answers().await;
}
