//! A limit on the empty cells that the parser adds to short table rows.

/// Cells that may be added for a short message.
const ALLOWANCE: usize = 4096;

/// The most cells that are added for any message. Above `1 << 18` in a table, the parser gives up in the middle of a row.
const MAX_CELLS: usize = 200_000;

/// The offsets at which delimiter rows have to be altered so that they begin no table: those of each block of lines that
/// would add more cells than the text has bytes. A table of 500 columns and 500 rows of one letter takes 3 kB and has a
/// quarter of a million cells.
///
/// The count is an upper bound: any line of table punctuation may be a delimiter row, and every line up to the next empty
/// one a row of the table.
pub(super) fn sparse_tables(text: &str) -> Vec<usize> {
    let mut left = (text.len() + ALLOWANCE).min(MAX_CELLS);
    let mut found = Vec::new();
    let mut block = Block::default();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if line.trim_start_matches(['>', ' ', '\t']).trim_end().is_empty() {
            block.end(&mut left, &mut found);
        } else {
            block.line(line, start);
        }
        start += line.len();
    }
    block.end(&mut left, &mut found);
    found
}

/// Lines without an empty one between them.
#[derive(Default)]
struct Block {
    /// The offset of a hyphen in each possible delimiter row.
    delimiters: Vec<usize>,
    columns: usize,
    added: usize,
}

impl Block {
    fn line(&mut self, line: &str, start: usize) {
        let pipes = line.matches('|').count().saturating_sub(line.matches("\\|").count());
        let cells = pipes.saturating_sub(1).max(1);
        self.added += self.columns.saturating_sub(cells);
        let is_punctuation = |c: char| matches!(c, '|' | ':' | '-' | '>') || c.is_ascii_whitespace();
        if let Some(at) = line.rfind('-').filter(|_| line.chars().all(is_punctuation)) {
            self.delimiters.push(start + at);
            self.columns = self.columns.max(pipes + 1);
        }
    }

    fn end(&mut self, left: &mut usize, found: &mut Vec<usize>) {
        let block = std::mem::take(self);
        match left.checked_sub(block.added) {
            Some(rest) => *left = rest,
            None => found.extend(block.delimiters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize, row: &str, rows: usize) -> String {
        format!("{}|\n{}|\n{}\n", "|a".repeat(columns), "|-".repeat(columns), format!("{row}\n").repeat(rows))
    }

    #[test]
    fn ordinary_tables_are_kept() {
        for text in [table(5, "| a | b |", 300), table(30, "a", 100), table(300, &"| b ".repeat(300), 50)] {
            assert!(sparse_tables(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn sparse_tables_over_the_limit_are_altered() {
        let one = table(60, "b", 120);
        let text = one.repeat(20);
        let found = sparse_tables(&text);
        assert!(!found.is_empty() && found.len() < 20);
        assert!(found.iter().all(|at| text[..*at].ends_with('|') && text[*at..].starts_with("-|\n")));
        assert!(found[0] > one.len());
        assert_eq!(sparse_tables(&table(1000, "> b", 1000)).len(), 1);
    }
}
