//! Text as a fenced code block (`CommonMark` 0.31, section 4.5).

/// Wraps any text in a code block, with a fence longer than every run of backticks inside.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}")
}

/// A code block that is open at the end of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenFence {
    /// Its fence, such as three backticks.
    fence: String,
    /// The line that opens it.
    line: String,
}

impl OpenFence {
    /// The block that is open after a text that begins with this one open.
    pub(super) fn after(mut open: Option<Self>, text: &str) -> Option<Self> {
        for line in text.lines() {
            let indented = line.trim_start_matches(' ');
            let mark =
                indented.chars().next().filter(|c| matches!(c, '`' | '~') && line.len() - indented.len() < 4);
            let Some(mark) = mark else { continue };
            let info = indented.trim_start_matches(mark);
            let length = indented.len() - info.len();
            let closes = |open: &Self| {
                open.fence.starts_with(mark) && length >= open.fence.len() && info.trim().is_empty()
            };
            if open.as_ref().is_some_and(closes) {
                open = None;
            } else if open.is_none() && length >= 3 && !(mark == '`' && info.contains('`')) {
                open = Some(Self { fence: mark.to_string().repeat(length), line: indented.to_owned() });
            }
        }
        open
    }

    /// What opens it again.
    pub(super) fn opening(&self) -> String {
        format!("{}\n", self.line)
    }

    /// What closes it behind a text.
    pub(super) fn closing(&self, text: &str) -> String {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        format!("{end}{}", self.fence)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fence_is_longer_than_any_in_the_text(text in "[`a\\n]{0,40}") {
            let code = fenced(&text, "");
            let (fence, _) = code.split_once('\n').unwrap();
            let inside = code.strip_prefix(fence).unwrap().strip_suffix(fence).unwrap();
            prop_assert!(!inside.contains(fence));
            prop_assert!(inside.starts_with('\n') && inside.ends_with('\n'));
        }
    }
}
