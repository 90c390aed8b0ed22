//! A parser of `.env` files.
//!
//! The file may be shared with programs in other languages, so it is read as theirs do (Node's dotenv, python-dotenv,
//! Docker): `NAME=value`, `export` in front, comments, quotes, values over several lines in quotes. Nothing is
//! expanded: a `$` in a secret is a `$`. The dotenvy crate would silently cut such a secret short.

/// The content of a file.
#[derive(Default)]
pub(super) struct EnvFile {
    /// Names and values in the order of the file; the last of a name counts.
    pub(super) values: Vec<(String, String)>,
    /// Lines that cannot be read.
    pub(super) faults: Vec<Fault>,
}

/// A line that cannot be read. Does not hold the line: it may hold a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: &'static str,
    pub(super) remedy: &'static str,
}

type Problem = (&'static str, &'static str);
/// A name and its value; `None` for a comment or an empty line.
type Entry = Result<Option<(String, String)>, Problem>;

const NO_ASSIGNMENT: Problem = ("this line is no assignment", "Write NAME=value, or begin a comment with #");
const OPEN_QUOTE: Problem = ("the quote that opens the value is never closed", "Close it");
const AFTER_QUOTE: Problem =
    ("text follows the quote that closes the value", "Put the whole value in quotes of the other kind");

/// Reads the text of a file.
pub(super) fn parse(text: &str) -> EnvFile {
    let text = text.replace("\r\n", "\n");
    let mut file = EnvFile::default();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let (entry, after) = entry(rest);
        match entry {
            Ok(value) => file.values.extend(value),
            Err((problem, remedy)) => file.faults.push(Fault { line, problem, remedy }),
        }
        let read = rest.len().saturating_sub(after.len());
        line += rest.get(..read).unwrap_or_default().matches('\n').count();
        rest = after;
    }
    file
}

/// The entry `rest` begins with, and what follows it.
fn entry(rest: &str) -> (Entry, &str) {
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    let statement = line.trim_start();
    let statement = statement.strip_prefix("export ").unwrap_or(statement);
    if statement.is_empty() || statement.starts_with('#') {
        return (Ok(None), after);
    }
    let (name, value) = match statement.split_once('=') {
        Some((name, value)) if is_name(name.trim()) => (name.trim().to_owned(), value.trim_start()),
        // Docker takes a bare name to mean "from my own environment", which is what leaving it out means here.
        None if is_name(statement.trim()) => return (Ok(None), after),
        _ => return (Err(NO_ASSIGNMENT), after),
    };
    let Some(quote @ ('"' | '\'')) = value.chars().next() else {
        return (Ok(Some((name, unquoted(value)))), after);
    };
    // A quoted value may run over several lines, so it is read from the whole rest.
    let begin = line.len().saturating_sub(value.len()).saturating_add(1);
    let Some((value, tail)) = quoted(rest.get(begin..).unwrap_or_default(), quote) else {
        return (Err(OPEN_QUOTE), after);
    };
    let (trailing, after) = tail.split_once('\n').unwrap_or((tail, ""));
    if matches!(trailing.trim_start().chars().next(), None | Some('#')) {
        (Ok(Some((name, value))), after)
    } else {
        (Err(AFTER_QUOTE), after)
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// A value without quotes ends at a `#` that follows white space, and at the end of the line.
fn unquoted(value: &str) -> String {
    let comment = value.char_indices().find(|(at, c)| {
        *c == '#' && value.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    });
    comment.and_then(|(at, _)| value.get(..at)).unwrap_or(value).trim_end().to_owned()
}

/// The value up to the closing quote, and what follows it. Only double quotes know escapes.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            _ if character == quote => return Some((value, characters.as_str())),
            '\\' if quote == '"' => match characters.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_other_programs_read_them() {
        let cases = [
            ("A=b", "A", "b"),
            ("A=b\r\n", "A", "b"),
            ("export A = b ", "A", "b"),
            ("A=", "A", ""),
            ("A= # nothing", "A", ""),
            ("A=one two # three", "A", "one two"),
            ("A=a#b", "A", "a#b"),
            ("A=pa$$word-${HOME}-$HOME", "A", "pa$$word-${HOME}-$HOME"),
            ("A='pa$$ # \\n'", "A", "pa$$ # \\n"),
            (r#"A="x\ny \"z\" \$ \d" # c"#, "A", "x\ny \"z\" $ \\d"),
            ("A=\"one\ntwo\"", "A", "one\ntwo"),
            ("A=it's", "A", "it's"),
            ("a.b-c=1=2", "a.b-c", "1=2"),
        ];
        for (text, name, value) in cases {
            let file = parse(text);
            assert_eq!(file.values, [(name.to_owned(), value.to_owned())], "{text}");
            assert_eq!(file.faults, [], "{text}");
        }
    }

    #[test]
    fn comments_blank_lines_and_bare_names_say_nothing() {
        let file = parse("# A=b\n\n   \n  # c\nPASSED_THROUGH\n");
        assert!(file.values.is_empty() && file.faults.is_empty());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_its_number_and_the_others_are_read() {
        let file = parse("A=\"1\n2\"\nwhat is this\nB='x' y\n1C=2\nD=3\nE='open\nF=4");
        let faults: Vec<_> =
            file.faults.iter().map(|fault| (fault.line, (fault.problem, fault.remedy))).collect();
        assert_eq!(faults, [(3, NO_ASSIGNMENT), (4, AFTER_QUOTE), (5, NO_ASSIGNMENT), (7, OPEN_QUOTE)]);
        let names: Vec<_> = file.values.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "D", "F"]);
    }
}
