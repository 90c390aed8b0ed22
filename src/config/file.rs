//! `bookplate.toml`: the book, its questions and who tokens are made for.
//!
//! Each table is read by itself, so that a mistake in one does not hide those in the next, and each mistake is told
//! with its line. The parser's own message is not used as it stands: it quotes the line, which may hold a secret that
//! does not belong there.

use std::{fs, io::ErrorKind, ops::Range};

use contract::{Question, Questions};
use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    Book, audiences, book,
    reading::{Found, Reading},
    variables,
};

/// Where the file is looked for when no variable names it.
const DEFAULT: &str = "bookplate.toml";
const SECTIONS: &str = "Only [book], [[questions]] and [[audiences]] can stand here; the rest are variables \
                        (docs/CONFIGURATION.md)";

/// What the file declares.
pub(super) struct Declared {
    pub(super) book: Book,
    pub(super) questions: Questions,
    pub(super) audiences: Vec<(usize, audiences::Declaration)>,
    pub(super) file: File,
}

/// The file's name and text, to tell where in it a mistake is.
#[derive(Default)]
pub(super) struct File {
    name: String,
    text: String,
}

impl File {
    /// Refuses what stands at this offset.
    pub(super) fn refuse(
        &self,
        reading: &mut Reading<'_>,
        at: usize,
        wrong: &str,
        remedy: impl Into<String>,
    ) {
        reading.refuse(&self.place(at), wrong, remedy);
    }

    fn place(&self, at: usize) -> String {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
        format!("{}, line {line}", self.name)
    }
}

/// Reads the file; one that nobody named may be missing.
pub(super) fn read(reading: &mut Reading<'_>) -> Declared {
    let file = open(reading).unwrap_or_default();
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        refuse_syntax(reading, &file, error, None);
    }
    let mut declared = Declared {
        book: Book::default(),
        questions: Questions::default(),
        audiences: Vec::new(),
        file: File { name: file.name.clone(), text: file.text.clone() },
    };
    if errors.is_empty() {
        for (key, value) in table.into_inner() {
            section(reading, &mut declared, key.get_ref(), (key.span(), value));
        }
    }
    declared
}

fn open(reading: &mut Reading<'_>) -> Option<File> {
    let found = reading.value(&variables::CONFIG);
    let name = found.as_ref().map_or(DEFAULT, |found| found.text).to_owned();
    match fs::read_to_string(reading.path(&name)) {
        Ok(text) => Some(File { name, text }),
        Err(error) if error.kind() == ErrorKind::NotFound && found.is_none() => None,
        Err(error) => {
            let blamed = found.map_or(name.clone(), |Found { name, .. }| name);
            let wrong = format!("{name:?} cannot be read ({error})");
            reading.refuse(&blamed, wrong, "Give the path of a readable file, or leave it out");
            None
        }
    }
}

fn section(
    reading: &mut Reading<'_>,
    declared: &mut Declared,
    key: &str,
    (at, value): (Range<usize>, Spanned<DeValue<'_>>),
) {
    let file = &declared.file;
    match key {
        "book" => {
            if let Some(declaration) = table::<book::Declaration>(reading, file, value) {
                declared.book = declaration.judge(reading, file);
            }
        }
        "questions" => {
            let count = value.get_ref().as_array().map(|array| array.len());
            let questions: Vec<Question> =
                tables(reading, file, value, "[[questions]]").map(|(_, it)| it).collect();
            // With one of them unreadable, those that depend on it would be blamed too.
            if Some(questions.len()) == count {
                match Questions::declare(questions) {
                    Ok(questions) => declared.questions = questions,
                    Err(sentences) => {
                        sentences.into_iter().for_each(|it| refuse_sentence(reading, &file.name, &it))
                    }
                }
            }
        }
        "audiences" => declared.audiences = tables(reading, file, value, "[[audiences]]").collect(),
        other => file.refuse(reading, at.start, &format!("{other:?} is not known"), SECTIONS),
    }
}

/// Every table of a list that can be read, with its place.
fn tables<T: DeserializeOwned>(
    reading: &mut Reading<'_>,
    file: &File,
    value: Spanned<DeValue<'_>>,
    form: &str,
) -> std::vec::IntoIter<(usize, T)> {
    let at = value.span().start;
    let mut read = Vec::new();
    match value.into_inner() {
        DeValue::Array(items) => {
            for item in items {
                let at = item.span().start;
                read.extend(table(reading, file, item).map(|table| (at, table)));
            }
        }
        _ => file.refuse(reading, at, "this is no list", format!("Begin each entry with {form}")),
    }
    read.into_iter()
}

/// A table, without the keys that it does not have: each of them is refused, and keeps none of the others from being
/// judged.
fn table<T: DeserializeOwned>(
    reading: &mut Reading<'_>,
    file: &File,
    mut value: Spanned<DeValue<'_>>,
) -> Option<T> {
    let span = value.span();
    loop {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(table) => return Some(table),
            Err(error) => {
                refuse_syntax(reading, file, &error, Some(span.clone()));
                if !take_unknown_key(&mut value, &error) {
                    return None;
                }
            }
        }
    }
}

/// Takes out the key an error calls unknown; `false` when that is not what the error is about.
fn take_unknown_key(value: &mut Spanned<DeValue<'_>>, error: &toml::de::Error) -> bool {
    let (DeValue::Table(table), Some(at)) = (value.get_mut(), error.span()) else { return false };
    let unknown = error.message().starts_with("unknown field");
    let key = table.keys().find(|key| unknown && key.span() == at).cloned();
    key.is_some_and(|key| table.remove(&key).is_some())
}

fn refuse_syntax(
    reading: &mut Reading<'_>,
    file: &File,
    error: &toml::de::Error,
    within: Option<Range<usize>>,
) {
    let at = error.span().or(within).map_or(0, |span| span.start);
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    if message.starts_with("question ") {
        return refuse_sentence(reading, &file.place(at), &message);
    }
    let secret = ["`secret", "_secret", "password"].iter().any(|word| message.contains(word));
    let remedy = if secret {
        "Secrets never stand in this file: give them as variables (docs/CONFIGURATION.md)"
    } else {
        "Correct this line; bookplate.example.toml shows every form"
    };
    reading.refuse(&file.place(at), message, remedy);
}

/// A sentence of `contract` about a question names the remedy itself.
fn refuse_sentence(reading: &mut Reading<'_>, place: &str, sentence: &str) {
    reading.refuse(place, sentence, "bookplate.example.toml shows every form of a question");
}
