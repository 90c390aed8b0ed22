//! JSON texts that are almost whole.

use std::borrow::Cow;

/// A text in which every `\uXXXX` that is half of a character and finds no other half stands for U+FFFD: programs that cut
/// texts leave such halves, and JSON of whole characters knows none (RFC 8259 section 8.2).
pub(super) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return Cow::Borrowed(json);
    }
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once('\\') {
        mended.push_str(before);
        let (escape, behind) = escape(after);
        match (half(escape), escape_after(behind).and_then(half)) {
            (Some(Half::First), Some(Half::Second)) => {
                let (second, behind) = behind.split_at_checked(6).unwrap_or((behind, ""));
                mended.extend(["\\", escape, second]);
                rest = behind;
            }
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                rest = behind;
            }
            (None, _) => {
                mended.extend(["\\", escape]);
                rest = behind;
            }
        }
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

enum Half {
    First,
    Second,
}

/// What a backslash begins, without it: `uXXXX`, or one character.
fn escape(after: &str) -> (&str, &str) {
    let length = if after.starts_with('u') { 5 } else { after.chars().next().map_or(0, char::len_utf8) };
    after.split_at_checked(length).unwrap_or((after, ""))
}

/// The escape with which a text begins.
fn escape_after(text: &str) -> Option<&str> {
    text.strip_prefix('\\').map(|after| escape(after).0)
}

fn half(escape: &str) -> Option<Half> {
    let code = u32::from_str_radix(escape.strip_prefix('u').filter(|digits| digits.len() == 4)?, 16).ok()?;
    match code {
        0xD800..=0xDBFF => Some(Half::First),
        0xDC00..=0xDFFF => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_stay() {
        for (json, mended) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00 \uD83D\n""#, r#""\ufffd \ufffd\n""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\u00e9""#, r#""\u00e9""#),
        ] {
            assert_eq!(replace_lone_surrogates(json), mended);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_mended_is_whole(text in r#"(\\ud83d|\\ude00|\\uD8|\\u|\\\\|\\n|\\|é|x){0,12}"#) {
            let mended = replace_lone_surrogates(&text);
            prop_assert_eq!(replace_lone_surrogates(&mended), mended.clone());
            let quoted = format!("\"{text}\"");
            if serde_json::from_str::<Box<serde_json::value::RawValue>>(&quoted).is_ok() {
                let whole = serde_json::from_str::<String>(&format!("\"{mended}\"")).is_ok();
                prop_assert!(whole);
            }
        }
    }
}
