//! Repair of JSON with lone surrogates.

use std::borrow::Cow;

/// Replaces every escaped lone surrogate by U+FFFD. Programs that cut UTF-16 strings leave them, and parsers refuse them
/// (RFC 8259 section 8.2).
pub(super) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut repaired = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once('\\') {
        repaired.push_str(before);
        let (escape, behind) = escape(after);
        match (surrogate(escape), escape_after(behind).and_then(surrogate)) {
            (Some(Surrogate::High), Some(Surrogate::Low)) => {
                let (second, behind) = behind.split_at_checked(6).unwrap_or((behind, ""));
                repaired.extend(["\\", escape, second]);
                rest = behind;
            }
            (Some(_), _) => {
                repaired.push_str("\\ufffd");
                rest = behind;
            }
            (None, _) => {
                repaired.extend(["\\", escape]);
                rest = behind;
            }
        }
    }
    repaired.push_str(rest);
    Cow::Owned(repaired)
}

enum Surrogate {
    High,
    Low,
}

/// Splits off the escape that follows a backslash: `uXXXX`, or one character.
fn escape(after: &str) -> (&str, &str) {
    let length = if after.starts_with('u') { 5 } else { after.chars().next().map_or(0, char::len_utf8) };
    after.split_at_checked(length).unwrap_or((after, ""))
}

/// The escape at the start of a text.
fn escape_after(text: &str) -> Option<&str> {
    text.strip_prefix('\\').map(|after| escape(after).0)
}

fn surrogate(escape: &str) -> Option<Surrogate> {
    let code = u32::from_str_radix(escape.strip_prefix('u').filter(|digits| digits.len() == 4)?, 16).ok()?;
    match code {
        0xD800..=0xDBFF => Some(Surrogate::High),
        0xDC00..=0xDFFF => Some(Surrogate::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_stay() {
        for (json, repaired) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00 \uD83D\n""#, r#""\ufffd \ufffd\n""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\u00e9""#, r#""\u00e9""#),
        ] {
            assert_eq!(replace_lone_surrogates(json), repaired);
        }
    }

    proptest! {
        #[test]
        fn repaired_text_is_valid_json_and_stays_as_it_is(text in r"(\\ud83d|\\ude00|\\uD8|\\u|\\\\|\\n|\\|é|x){0,12}") {
            let repaired = replace_lone_surrogates(&text);
            prop_assert_eq!(replace_lone_surrogates(&repaired), repaired.clone());
            let quoted = format!("\"{text}\"");
            if serde_json::from_str::<Box<serde_json::value::RawValue>>(&quoted).is_ok() {
                let whole = serde_json::from_str::<String>(&format!("\"{repaired}\"")).is_ok();
                prop_assert!(whole);
            }
        }
    }
}
