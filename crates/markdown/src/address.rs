//! Filter for the URLs that a message may link to.

use url::Url;

use super::escape;

/// The longest URL, in bytes; about what browsers support.
const MAX_LENGTH: usize = 2048;

/// The URL as a browser would follow it, if it is an absolute `http`, `https` or `mailto` URL.
///
/// The result is parsed and serialized again (URL Standard, section 4.4), so that a host in look-alike letters becomes
/// `xn--…`. Refused are other schemes, relative URLs, and what browsers and people read differently: user info before an
/// `@`, backslashes, bidirectional controls.
pub fn safe_address(written: &str) -> Option<String> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let written: String = written.chars().filter(|c| !c.is_control()).collect();
    let written = written.trim();
    if written.contains(|c| c == '\\' || escape::is_hidden(c)) {
        return None;
    }
    let (scheme, rest) = written.split_once(':')?;
    if scheme.eq_ignore_ascii_case("mailto") {
        return mail(written, rest);
    }
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    // Without two slashes the URL may be relative to the page; of three, browsers skip one.
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let url = Url::parse(written).ok()?;
    let is_plain = url.has_host() && url.username().is_empty() && url.password().is_none();
    (is_plain && matches!(url.scheme(), "http" | "https")).then(|| url.into())
}

fn mail(written: &str, to: &str) -> Option<String> {
    if to.is_empty() || to.starts_with('/') {
        return None;
    }
    let url = Url::parse(written).ok()?;
    (url.scheme() == "mailto").then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_and_mail_are_safe_address() {
        for (written, address) in [
            ("https://example.com", "https://example.com/"),
            (" HTTP://Example.com/a?b=c&d#e ", "http://example.com/a?b=c&d#e"),
            ("https://example.com/a\"b", "https://example.com/a%22b"),
            ("https://ex\tample.com", "https://example.com/"),
            ("https://аpple.com/", "https://xn--pple-43d.com/"),
            ("https://example.com:8080/@name", "https://example.com:8080/@name"),
            ("https://[::1]/", "https://[::1]/"),
            ("mailto:a@example.com", "mailto:a@example.com"),
        ] {
            assert_eq!(safe_address(written).as_deref(), Some(address), "{written}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for written in [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://example.com/x",
            "file:///etc/passwd",
            "ftp://example.com",
            "view-source:https://example.com",
            "//example.com",
            "/a",
            "a",
            "#a",
            "?a",
            "https:example.com",
            "https:/example.com",
            "https:///example.com",
            "https://",
            "https://\\example.com",
            "https:\\\\example.com",
            "https://good.example\\@evil.example",
            "https://book@evil.example",
            "https://@evil.example",
            "https://a:b@evil.example",
            "https://example.com\u{202E}",
            "https://a b/",
            "https://%00/",
            "mailto:",
            "mailto://x",
            "&#106;avascript:alert(1)",
            "javascript%3Aalert(1)",
            "javascript&colon;alert(1)",
        ] {
            assert_eq!(safe_address(written), None, "{written}");
        }
        assert_eq!(safe_address(&format!("https://example.com/{}", "a".repeat(MAX_LENGTH))), None);
    }
}
