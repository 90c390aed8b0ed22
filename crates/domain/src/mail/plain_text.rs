//! The plain-text part.

use super::{
    draft::{Block, Draft},
    message::MailBranding,
};

/// Longest line in characters (RFC 5322 section 2.1.1); a link or an address is not broken.
const WIDTH: usize = 78;

/// Writes a draft as plain text.
pub(super) fn render(draft: &Draft, head: &MailBranding) -> String {
    let mut parts = vec![wrapped(&draft.heading)];
    parts.extend(draft.blocks.iter().map(block));
    parts.push(format!("{}\n{}", wrapped(&draft.why), head.origin));
    // RFC 3676 section 4.3: what follows is a signature.
    format!("{}\n\n-- \n{}\n", parts.join("\n\n"), wrapped(&head.book))
}

fn block(block: &Block) -> String {
    match block {
        Block::Say(text) => wrapped(text),
        Block::Facts(facts) => {
            let lines = facts.iter().map(|(name, value)| wrapped(&format!("{name}: {value}")));
            lines.collect::<Vec<_>>().join("\n")
        }
        Block::Act { label, url, lasts } => format!("{label}:\n{url}\n\n{}", wrapped(lasts)),
        Block::Go { sentence, url } => format!("{}\n{url}", wrapped(sentence)),
    }
}

/// Breaks a paragraph between words.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 {
            let fits = column + 1 + width <= WIDTH;
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_words_are_not_broken() {
        let text = format!("{} ab {} end", "a".repeat(75), "b".repeat(100));
        let lines: Vec<usize> = wrapped(&text).lines().map(str::len).collect();
        assert_eq!(lines, [78, 100, 3]);
        assert_eq!(wrapped("  "), "");
    }
}
