//! Redirect targets that come from a request.

/// A path on Bookplate's own origin, with an optional query and fragment: safe as a `Location`.
///
/// What a browser would resolve to another origin, or to a path other than the one read here, cannot be built: the
/// value must begin with exactly one slash and hold no backslash, no control character, no doubled slash, no dot
/// segment and no encoded slash or backslash in its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// The longest path, in bytes, as it stands in a `Location`: room for an authorization request of 3 KB and what is added
    /// to it.
    const MAX: usize = 6144;

    /// The path, or `None` when it would not stay here. Characters outside ASCII are percent-encoded.
    pub fn parse(raw: &str) -> Option<Self> {
        let path = raw.split(['?', '#']).next().unwrap_or_default();
        let lower = path.to_ascii_lowercase();
        let stays = raw.starts_with('/')
            && !raw.contains('\\')
            && !raw.chars().any(char::is_control)
            && !path.contains("//")
            && !["%2f", "%5c"].iter().any(|escape| lower.contains(escape))
            && !lower.split('/').any(is_dot_segment);
        stays.then(|| Self(encode(raw))).filter(|path| path.0.len() <= Self::MAX)
    }

    /// The path as it stands in a `Location` header or a link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `.` and `..`, also percent-encoded, as a URL parser sees them (WHATWG URL, "double-dot URL path segment").
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").as_str(), "." | "..")
}

/// A path with `next` in its query.
pub fn with_next(path: &str, next: Option<&LocalPath>) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    match next {
        Some(next) => format!("{path}{sign}next={}", escaped(next.as_str())),
        None => path.to_owned(),
    }
}

/// A path as the value of a query parameter.
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace('?', "%3F")
}

fn encode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        let keep =
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'^');
        if keep {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_paths_are_kept_with_query_and_fragment() {
        for raw in ["/", "/account", "/chapter/1?tab=a&x=//y#top", "/a.b/c..d"] {
            assert_eq!(LocalPath::parse(raw).unwrap().as_str(), raw);
        }
        assert_eq!(LocalPath::parse("/kapitel/über uns").unwrap().as_str(), "/kapitel/%C3%BCber%20uns");
    }

    #[test]
    fn everything_that_could_leave_the_origin_is_refused() {
        for raw in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/%09//x",
            "/a//b",
            "/.//evil.example",
            "/a/../b",
            "/%2e%2e/x",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            " /account",
            "/a\r\nLocation: x",
            "/\u{0}",
        ] {
            assert!(LocalPath::parse(raw).is_none(), "{raw:?}");
        }
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(7000))).is_none());
        assert!(
            LocalPath::parse(&format!("/{}", "ü".repeat(1100))).is_none(),
            "over-long once it is encoded"
        );
    }
}
