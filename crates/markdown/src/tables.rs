//! A bound on cells that nobody wrote.

/// Cells that a short message may leave out.
const ALLOWANCE: usize = 4096;

/// The parser fills up short rows of a table. This many cells it does not have to invent in any text; at some more than
/// that (`1 << 18` in a table) it gives up in the middle of a row.
const MOST: usize = 200_000;

/// Where the line under the head of a table is spoilt, so that it is none: in each block of lines that would make the
/// parser invent more cells than there are bytes of text. A table of 500 columns and 500 rows of one letter takes 3 kB and
/// has a quarter of a million cells.
///
/// Counted are more cells than there can be: each line of signs could be the one under a head, and each line up to the
/// next empty one a row.
pub(super) fn too_empty(text: &str) -> Vec<usize> {
    let mut left = (text.len() + ALLOWANCE).min(MOST);
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
    /// Where lines that may be under a head have a sign to spoil.
    heads: Vec<usize>,
    columns: usize,
    invented: usize,
}

impl Block {
    fn line(&mut self, line: &str, start: usize) {
        let pipes = line.matches('|').count().saturating_sub(line.matches("\\|").count());
        let cells = pipes.saturating_sub(1).max(1);
        self.invented += self.columns.saturating_sub(cells);
        let is_sign = |c: char| matches!(c, '|' | ':' | '-' | '>') || c.is_ascii_whitespace();
        if let Some(at) = line.rfind('-').filter(|_| line.chars().all(is_sign)) {
            self.heads.push(start + at);
            self.columns = self.columns.max(pipes + 1);
        }
    }

    fn end(&mut self, left: &mut usize, found: &mut Vec<usize>) {
        let block = std::mem::take(self);
        match left.checked_sub(block.invented) {
            Some(rest) => *left = rest,
            None => found.extend(block.heads),
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
    fn tables_people_write_are_none_of_them() {
        for text in [table(5, "| a | b |", 300), table(30, "a", 100), table(300, &"| b ".repeat(300), 50)] {
            assert!(too_empty(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn tables_that_are_nearly_all_empty_lose_their_heads_from_where_it_is_too_much() {
        let one = table(60, "b", 120);
        let text = one.repeat(20);
        let found = too_empty(&text);
        assert!(!found.is_empty() && found.len() < 20);
        assert!(found.iter().all(|at| text[..*at].ends_with('|') && text[*at..].starts_with("-|\n")));
        assert!(found[0] > one.len());
        assert_eq!(too_empty(&table(1000, "> b", 1000)).len(), 1);
    }
}
