//! In development: the mails in the outbox file, on a page. Only for a server on this machine that has no mail server, and
//! only with the key that is logged at start: whoever sees the page can open every account, and any program on the machine,
//! or a page that somebody has opened there, can send requests to it.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use askama::Template;
use axum::{
    extract::{ConnectInfo, Query, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get},
};
use contract::{Code, Problem};
use domain::Entropy;
use http::header;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::show::fallback;
use crate::http::{
    app_state::AppState,
    assets,
    errors::ApiError,
    security_headers::{self, PageSources},
};

/// Where the page is.
pub const PATH: &str = "/dev/outbox";

/// How many mails are shown, the last ones.
const SHOWN: usize = 100;
/// How much of the file's end is read, in bytes.
const READ: u64 = 1024 * 1024;

/// The outbox file, and the key that opens its page.
#[derive(Clone)]
pub struct Outbox {
    file: Arc<Path>,
    key: Arc<str>,
}

impl Outbox {
    /// The page of this file, with a new key of 128 bits.
    pub fn new(file: PathBuf, entropy: &dyn Entropy) -> Self {
        let mut key = [0; 16];
        entropy.fill(&mut key);
        let key = format!("{:032x}", u128::from_be_bytes(key));
        Self { file: file.into(), key: key.into() }
    }

    /// The path and query that open the page.
    pub fn path(&self) -> String {
        format!("{PATH}?key={}", self.key)
    }

    fn is_opened_by(&self, request: &Request) -> bool {
        let key = Query::<Key>::try_from_uri(request.uri());
        key.is_ok_and(|Query(Key { key })| key.as_bytes().ct_eq(self.key.as_bytes()).into())
    }
}

/// Omits the key.
impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outbox").field(&self.file).finish()
    }
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

/// A mail, as `adapters::mail::OutboxFile` writes it.
#[derive(Deserialize)]
struct Mail {
    #[serde(rename = "type")]
    kind: String,
    to: String,
    subject: String,
    url: Option<String>,
    text: String,
    at: String,
}

impl Mail {
    /// The link in it, if it is one that a page may lead to.
    fn web_address(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| url.starts_with("http://") || url.starts_with("https://"))
    }
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage<'a> {
    book: &'a str,
    stylesheet: Option<&'static str>,
    file: std::path::Display<'a>,
    mails: &'a [Mail],
}

/// The page of an outbox file. It is not to be routed where the public origin is another machine.
pub fn page(state: &AppState, outbox: Outbox) -> MethodRouter<AppState> {
    let file = Arc::clone(&outbox.file);
    get(move |State(state): State<AppState>| show(state, Arc::clone(&file)))
        .layer(from_fn_with_state((state.clone(), outbox), require_developer))
}

/// Answers 404 without the key, and to requests from other machines, through a proxy, or under another host name (DNS
/// rebinding): only a developer at this machine may see the page.
async fn require_developer(
    State((state, outbox)): State<(AppState, Outbox)>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own =
        state.site.origin.as_str().split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
    let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    let here = peer.is_none_or(|peer| peer.to_canonical().is_loopback());
    if own && here && !forwarded && outbox.is_opened_by(&request) {
        return next.run(request).await;
    }
    fallback(State(state), request).await
}

async fn show(state: AppState, file: Arc<Path>) -> Response {
    let path = Arc::clone(&file);
    let read = tokio::task::spawn_blocking(move || last_mails(&path)).await;
    let page = read
        .map_err(io::Error::other)
        .and_then(|read| read)
        .and_then(|mails| html(&state.site.book.name, &file, &mails).map_err(io::Error::other));
    let page = match page {
        Ok(page) => page,
        Err(error) => {
            tracing::error!(%error, "the outbox cannot be read");
            return ApiError::from(Problem::new(Code::Internal)).into_response();
        }
    };
    let mut response = Html(page).into_response();
    security_headers::page(&PageSources::default(), response.headers_mut());
    response
}

/// The last mails, newest first. A file that is not there yet holds none, and a line that is no mail is skipped.
fn last_mails(path: &Path) -> io::Result<Vec<Mail>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let start = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(READ).read_to_end(&mut end)?;
    // The first line may be cut off; it is then no JSON and skipped.
    let lines = end.split(|byte| *byte == b'\n').rev();
    Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).take(SHOWN).collect())
}

fn html(book: &str, file: &Path, mails: &[Mail]) -> askama::Result<String> {
    OutboxPage { book, stylesheet: assets::STYLESHEET, file: file.display(), mails }.render()
}

#[cfg(test)]
mod tests {
    use std::{env, fs, io::Write, process};

    use serde_json::json;

    use super::*;

    struct Outbox(PathBuf);

    impl Outbox {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = env::temp_dir().join(format!("bookplate-outbox-page-{name}-{}", process::id()));
            File::create(&path).unwrap().write_all(content).unwrap();
            Self(path)
        }
    }

    impl Drop for Outbox {
        fn drop(&mut self) {
            let _best_effort = fs::remove_file(&self.0);
        }
    }

    fn line(number: usize, text: &str) -> String {
        let url = number.is_multiple_of(2).then_some("http://localhost:3001/x?a=1&b=2");
        let letter = json!({"type": "kind", "to": "ada@example.org", "subject": format!("Letter {number}"), "url": url,
            "token": null, "text": text, "at": "2026-11-20T23:05:05.131Z"});
        format!("{letter}\n")
    }

    fn subjects(path: &Path) -> Vec<String> {
        last_mails(path).unwrap().into_iter().map(|mail| mail.subject).collect()
    }

    #[test]
    fn the_newest_letter_is_first_and_lines_that_are_none_are_left_out() {
        let content = format!("{}garbage\n{}{{\"type\":", line(1, "a"), line(2, "b"));
        let outbox = Outbox::new("order", content.as_bytes());
        assert_eq!(subjects(&outbox.0), ["Letter 2", "Letter 1"]);
        assert!(last_mails(Path::new("/nowhere/outbox.jsonl")).unwrap().is_empty());
    }

    #[test]
    fn a_hundred_letters_are_shown_and_a_mebibyte_is_read() {
        let many: String = (0..150).map(|number| line(number, "short")).collect();
        let outbox = Outbox::new("many", many.as_bytes());
        let shown = subjects(&outbox.0);
        assert_eq!((shown.len(), shown[0].as_str(), shown[99].as_str()), (100, "Letter 149", "Letter 50"));

        let long: String = (0..5).map(|number| line(number, &"ö".repeat(150_000))).collect();
        let outbox = Outbox::new("long", long.as_bytes());
        assert_eq!(subjects(&outbox.0), ["Letter 4", "Letter 3", "Letter 2"]);
    }

    #[test]
    fn security_06_what_stands_in_a_letter_stays_text_on_the_page() {
        let attack = "<script>alert(1)</script>\"'&".to_owned();
        let mail = Mail {
            kind: attack.clone(),
            to: attack.clone(),
            subject: attack.clone(),
            url: Some(format!("https://x/{attack}")),
            text: attack.clone(),
            at: attack.clone(),
        };
        let page = html(&attack, Path::new(&attack), &[mail]).unwrap();
        assert!(!page.contains("<script") && !page.contains("alert(1)</"), "{page}");
        assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;"));
    }

    #[test]
    fn only_a_web_address_becomes_a_link() {
        let mail = |url: &str| Mail {
            kind: String::new(),
            to: String::new(),
            subject: String::new(),
            url: Some(url.to_owned()),
            text: String::new(),
            at: String::new(),
        };
        let page = html("", Path::new(""), &[mail("http://localhost/x?a=1&b=2")]).unwrap();
        assert!(page.contains("<a href=\"http://localhost/x?a=1&#38;b=2\">"), "{page}");
        assert!(!html("", Path::new(""), &[mail("javascript:alert(1)")]).unwrap().contains("javascript"));
    }
}
