//! Variables that hold several values.

use super::{loader::shown, variable::Declaration};

/// A problem and its remedy.
pub(super) type Problem = (String, String);

/// The values between commas, or those of a JSON list, as `CORS_ORIGINS` of FastAPI services often is.
///
/// # Errors
/// For a list that is separated by anything else: taken as one value, it would name nothing that exists.
pub(super) fn entries(variable: &Declaration, name: &str, text: &str) -> Result<Vec<String>, Problem> {
    let entries = if is_json_list(text) {
        serde_json::from_str::<Vec<String>>(text).map_err(|_| {
            let remedy = format!("Write {name}={}", variable.example.unwrap_or_default());
            ("the list in brackets is no JSON list of texts in double quotes".to_owned(), remedy)
        })?
    } else {
        text.split(',').map(str::to_owned).collect()
    };
    let entries: Vec<String> = entries
        .iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect();
    match entries.iter().find_map(|entry| Some((entry, separator(entry)?))) {
        None => Ok(entries),
        Some((entry, separator)) => {
            let whole: Vec<&str> = entries.iter().flat_map(|it| it.split(is_separator)).collect();
            let whole = whole.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(",");
            // What may hold a password is not repeated.
            let remedy = if whole.contains('@') {
                "Separate the values with commas".to_owned()
            } else {
                format!("Write {name}={whole}")
            };
            Err((format!("{} holds {separator}, where only a comma separates values", shown(entry)), remedy))
        }
    }
}

/// A list, and not an IPv6 address in brackets.
fn is_json_list(text: &str) -> bool {
    let inner = text.strip_prefix('[').map(str::trim_start);
    inner.is_some_and(|inner| inner.starts_with(['"', '\'', ']']))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | '|')
}

fn separator(entry: &str) -> Option<&'static str> {
    entry.chars().find_map(|c| match c {
        ';' => Some("a semicolon"),
        '|' => Some("a |"),
        '\n' | '\r' => Some("a newline"),
        c if c.is_whitespace() => Some("a blank"),
        _ => None,
    })
}
