//! Splits a file into its conversations while it arrives, without parsing them.
//!
//! A file is a list of conversations, an object with such a list as its member `conversations`, or one conversation. The
//! outline is the file with a `0` in place of each conversation of the list. It stays so small that it can be kept until the
//! file ends, and is valid JSON if the file is.

/// The name of the member that holds the list.
const LIST: &[u8] = b"conversations";

/// What some bytes of the file belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// The outline.
    Outline,
    /// Space between two conversations.
    Space,
    /// Nothing of the file: a conversation begins with the next byte.
    EntryBegins,
    /// A conversation that goes on.
    Entry,
    /// The end of a conversation.
    EntryEnd,
}

/// Where in the file the next byte is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside the list.
    #[default]
    Outline,
    /// In the list, between two conversations.
    List,
    /// In a conversation.
    Entry,
}

/// Where in a string the next byte is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum StringPlace {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escape,
}

/// The state after the bytes so far.
#[derive(Debug, Default)]
pub(super) struct FileSplitter {
    place: Place,
    /// How many brackets of the outline, or of the conversation, are open.
    depth: usize,
    /// The depth of the list.
    list_depth: usize,
    string: StringPlace,
    /// The beginning of the last string among the outermost object's members.
    name: Vec<u8>,
    /// Whether the last byte but for space was the colon after that name.
    after_colon: bool,
    has_begun: bool,
    has_list: bool,
}

impl FileSplitter {
    /// Whether the list has begun.
    pub(super) const fn has_list(&self) -> bool {
        self.has_list
    }

    /// How many of these bytes, at least one of them unless a conversation begins, belong to what.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (usize, Piece) {
        match self.place {
            Place::Outline => (self.outline(bytes), Piece::Outline),
            Place::List => self.list(bytes),
            Place::Entry => self.entry(bytes),
        }
    }

    /// The length of the outline up to its end, or to the bracket that begins the list.
    fn outline(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            if self.string != StringPlace::Outside {
                self.next_in_string(*byte);
                if self.string != StringPlace::Outside && self.depth == 1 && self.name.len() <= LIST.len() {
                    self.name.push(*byte);
                }
                continue;
            }
            if byte.is_ascii_whitespace() {
                continue;
            }
            let begins_list = *byte == b'['
                && (!self.has_begun || (self.depth == 1 && self.after_colon && self.name == LIST));
            self.after_colon = *byte == b':' && self.depth == 1;
            // The three bytes of a byte order mark may stand before everything.
            self.has_begun |= byte.is_ascii();
            match byte {
                b'"' => {
                    self.string = StringPlace::Inside;
                    self.name.clear();
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if begins_list {
                (self.place, self.list_depth, self.has_list) = (Place::List, self.depth, true);
                return at + 1;
            }
        }
        bytes.len()
    }

    fn list(&mut self, bytes: &[u8]) -> (usize, Piece) {
        let spaces = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match bytes.get(spaces) {
            _ if spaces > 0 => (spaces, Piece::Space),
            Some(b',') => (1, Piece::Outline),
            Some(b']') => {
                (self.place, self.depth) = (Place::Outline, self.list_depth.saturating_sub(1));
                (1, Piece::Outline)
            }
            _ => {
                (self.place, self.depth) = (Place::Entry, 0);
                (0, Piece::EntryBegins)
            }
        }
    }

    fn entry(&mut self, bytes: &[u8]) -> (usize, Piece) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.string != StringPlace::Outside {
                self.next_in_string(*byte);
                continue;
            }
            match byte {
                b'"' => self.string = StringPlace::Inside,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => {
                    self.place = Place::List;
                    return (at + 1, Piece::EntryEnd);
                }
                // The end of a number, a string or a word, none of which is a conversation.
                b',' | b']' if self.depth == 0 => {
                    self.place = Place::List;
                    return (at, Piece::EntryEnd);
                }
                _ => {}
            }
        }
        (bytes.len(), Piece::Entry)
    }

    /// A byte inside a string, or the quote that ends it.
    const fn next_in_string(&mut self, byte: u8) {
        self.string = match (self.string, byte) {
            (StringPlace::Inside, b'\\') => StringPlace::Escape,
            (StringPlace::Inside, b'"') => StringPlace::Outside,
            _ => StringPlace::Inside,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The outline and the conversations of a file that arrives in pieces of these lengths.
    fn split(file: &str, lengths: &[usize]) -> (String, Vec<String>) {
        let (mut splitter, mut outline, mut entries) = (FileSplitter::default(), Vec::new(), Vec::new());
        let (mut rest, mut lengths) = (file.as_bytes(), lengths.iter().cycle());
        let mut entry = Vec::new();
        while !rest.is_empty() {
            let (mut piece, behind) = rest.split_at((*lengths.next().unwrap()).clamp(1, rest.len()));
            rest = behind;
            while !piece.is_empty() {
                let (count, what) = splitter.next(piece);
                let (bytes, behind) = piece.split_at(count);
                piece = behind;
                match what {
                    Piece::Outline => outline.extend_from_slice(bytes),
                    Piece::Space => {}
                    Piece::EntryBegins => outline.push(b'0'),
                    Piece::Entry => entry.extend_from_slice(bytes),
                    Piece::EntryEnd => {
                        entry.extend_from_slice(bytes);
                        entries.push(String::from_utf8(std::mem::take(&mut entry)).unwrap());
                    }
                }
            }
        }
        (String::from_utf8(outline).unwrap(), entries)
    }

    #[test]
    fn conversations_are_taken_out_of_the_outline() {
        for (file, outline, entries) in [
            (r#"[{"a":[1]} , {"b":"]},{"}]"#, "[0,0]", &[r#"{"a":[1]}"#, r#"{"b":"]},{"}"#][..]),
            ("\u{feff} []", "\u{feff} []", &[]),
            (r#"{"conversations":[{}],"v":1}"#, r#"{"conversations":[0],"v":1}"#, &["{}"]),
            (
                r#"{"format":"f", "conversations" : [ {"a":"\"}"}, 7 ,"x" ] }"#,
                r#"{"format":"f", "conversations" : [0,0,0] }"#,
                &[r#"{"a":"\"}"}"#, "7 ", r#""x" "#],
            ),
            // Neither a member of a member nor a value is the list.
            (
                r#"{"mapping":{"conversations":[{}]},"x":"conversations","y":[1]}"#,
                r#"{"mapping":{"conversations":[{}]},"x":"conversations","y":[1]}"#,
                &[],
            ),
            (r#"{"conversations":7,"x":[1]}"#, r#"{"conversations":7,"x":[1]}"#, &[]),
            // What is broken stays broken.
            ("[{},,{}", "[0,,0", &["{}", "{}"]),
            ("[}]", "[0]", &["}"]),
            ("nothing", "nothing", &[]),
        ] {
            for lengths in [&[1][..], &[3], &[1000]] {
                let (found, texts) = split(file, lengths);
                assert_eq!(
                    (found.as_str(), texts.as_slice()),
                    (outline, entries.map_to_strings().as_slice())
                );
            }
        }
    }

    trait MapToStrings {
        fn map_to_strings(&self) -> Vec<String>;
    }

    impl MapToStrings for [&str] {
        fn map_to_strings(&self) -> Vec<String> {
            self.iter().map(|&text| text.to_owned()).collect()
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            r#"[\[\]{},:"\\ aé]{0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ac\"\\\\]{0,3}|conversations", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_conversation_comes_out_as_it_is_however_the_file_arrives(
            entries in prop::collection::vec(value(), 0..5),
            other in value(),
            lengths in prop::collection::vec(1..20_usize, 1..6),
            is_object in any::<bool>(),
            is_pretty in any::<bool>(),
        ) {
            let file = if is_object { json!({ "a": other, "conversations": entries, "z": other }) } else { json!(entries) };
            let text = if is_pretty { serde_json::to_string_pretty(&file) } else { serde_json::to_string(&file) };
            let (outline, found) = split(&text.unwrap(), &lengths);
            let found: Vec<Value> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            let zeros = vec![json!(0); entries.len()];
            let expected = if is_object { json!({ "a": other, "conversations": zeros, "z": other }) } else { json!(zeros) };
            prop_assert_eq!(serde_json::from_str::<Value>(&outline).unwrap(), expected);
            prop_assert_eq!(found, entries);
        }
    }
}
