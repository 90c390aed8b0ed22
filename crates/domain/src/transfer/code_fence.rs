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
